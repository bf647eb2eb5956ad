"""Listening on TCP: the port or the next free one, uvicorn with our limits, and an end that awaits every
task."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import uvicorn

from core.errors import StartError
from gateway.app import open_node
from gateway.settings import HttpSettings, Settings

TRIES = 100
"""TCP ports looked at, from the configured one on."""

MESSAGE_MAX = 4 * 1024 * 1024
"""Bytes of the largest WebSocket message: a commit with its Welcome for hundreds of joiners is under 2 MB."""

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
    """Uvicorn that says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        print(self._announcement, flush=True)


def announcement(url: str, room: str | None, development: bool) -> str:
    """What a person reads when the node is up."""
    lines = [f"Entente is running at {url}"]
    if room is not None:
        lines += ["", f"  Open  {url}{room}", "  in two tabs, say who you are in each, and talk.", ""]
    if development:
        lines.append("Development login: anybody on this machine may be any of the made-up officials.")
    lines.append("Stop with Ctrl-C.")
    return "\n".join(lines)


async def serve(settings: Settings, config: Path | None = None) -> None:
    """Run a node until SIGINT or SIGTERM. StartError when it cannot start."""
    with open_socket(settings.http) as listening:
        port = listening.getsockname()[1]
        host = "localhost" if settings.is_loopback else settings.http.bind
        async with open_node(settings, config) as node:
            server = Server(
                uvicorn.Config(
                    node.app,
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,
                    ws="websockets-sansio",
                    ws_max_size=MESSAGE_MAX,
                    ws_per_message_deflate=False,
                    timeout_graceful_shutdown=GRACE,
                ),
                announcement(f"http://{host}:{port}", node.room, settings.development.login),
            )
            await server.serve(sockets=[listening])
