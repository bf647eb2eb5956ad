"""The engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol


class MediaNode(Protocol):
    """The SFU engine of this node: N workers, each one thread with one UDP port. No packet comes up here."""

    @property
    def workers(self) -> int:
        """How many workers run; they are numbered from 0."""
        ...

    @property
    def node_id(self) -> int:
        """This node's id, 0 to 255; the first two hexadecimal digits of each local ufrag."""
        ...

    def fingerprint(self, worker: int) -> str:
        """The worker's DTLS certificate as in SDP: `sha-256 AA:BB:…`."""
        ...

    def addresses(self, worker: int) -> Sequence[tuple[str, int]]:
        """Advertised (address, UDP port) pairs, best first."""
        ...

    def command(self, worker: int, command: Mapping[str, object]) -> None:
        """Queue a command such as `{"add_room": {"room": 1}}`. MediaQueueFull when the queue is full."""
        ...

    def events(self) -> AsyncIterator[tuple[int, dict[str, object]]]:
        """(worker, event) pairs such as `(0, {"connected": {...}})` until the node closes; one reader
        only."""
        ...

    async def close(self) -> None:
        """Stop the workers and end `events`."""
        ...
