"""uvicorn's HTTP/1.1 with a deadline for the head of a request, so that nobody holds a connection by
dribbling.

uvicorn bounds the pause between two requests and `BodyGuard` the body; this bounds what lies between: from
the first moment of a connection, or the first byte of a next request, until its last header.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientHttp(H11Protocol):
    """See the module. `head_seconds` is set by `patient`."""

    head_seconds = 10.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        before = self.scope
        super().data_received(data)
        if self.scope is not before:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.close()


def patient(seconds: float) -> type[PatientHttp]:
    """The protocol with this deadline."""
    return type("PatientHttp", (PatientHttp,), {"head_seconds": seconds})
