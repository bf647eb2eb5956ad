"""`entente serve`: a socket, a node behind it, what a person reads when it is up, and an end that awaits
all tasks."""

from __future__ import annotations

from pathlib import Path

from gateway.app import open_node
from gateway.listen import Server, open_socket, uvicorn_config
from gateway.settings import Settings


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
            said = announcement(f"http://{host}:{port}", node.room, settings.development.login)
            uvicorn = uvicorn_config(node.app, settings.http)
            server = Server(uvicorn, lambda: print(said, flush=True), node.meetings.close)
            await server.serve(sockets=[listening])
