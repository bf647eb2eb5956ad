"""Listening on TCP: the port or the next free one, and uvicorn with our limits and our way to end."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from core.errors import StartError
from gateway.patience import patient
from gateway.settings import HttpSettings

TRIES = 100
"""TCP ports looked at, from the configured one on."""

MESSAGE_MAX = 4 * 1024 * 1024
"""Bytes of the largest WebSocket message: a commit with its Welcome for hundreds of joiners is under 2 MB."""

CONNECTIONS_MAX = 8192
"""Connections at once; beyond it requests get 503. Each costs about 20 kB and a file descriptor."""

GRACE = 5
"""Seconds that open requests may take to end at shutdown."""


def open_socket(http: HttpSettings) -> socket.socket:
    """A bound TCP socket. StartError when the port is taken and `next_free` is off."""
    family = socket.AF_INET6 if ":" in http.bind else socket.AF_INET
    last = http.port + (TRIES if http.next_free and http.port else 1)
    for port in range(http.port, min(last, 65536)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((http.bind, port))
        except OSError as error:
            listening.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise StartError(f"http.bind {http.bind}:{port} cannot be used: {error.strerror}.") from error
        return listening
    raise StartError(
        f"TCP port {http.port} is taken"
        + (f", and so are the {TRIES - 1} after it." if http.next_free else ".")
        + " Stop the other program or set http.port."
    )


class Server(uvicorn.Server):
    """Uvicorn that tells when it listens, and when it is about to close what is open."""

    def __init__(
        self,
        config: uvicorn.Config,
        listening: Callable[[], None],
        ending: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._listening = listening
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn. People are told that the meeting ends before their sockets close."""
        if self._ending is not None:
            await self._ending()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours: uvicorn's raises the signal again when it has ended, before the node behind it has."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def uvicorn_config(app: ASGIApp, http: HttpSettings) -> uvicorn.Config:
    """Uvicorn with our limits; it logs through the root logger and tells nobody what it is."""
    return uvicorn.Config(
        app,
        http=patient(http.body_seconds),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MESSAGE_MAX,
        ws_per_message_deflate=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=GRACE,
    )
