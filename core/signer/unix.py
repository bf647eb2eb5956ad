"""Unix sockets for processes of the same user: made with mode 0600, and whoever connects is asked of the
kernel.

`Connections` serves any stream, so that a listener on TCP ends its connections by the same rules.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from core.errors import SignerRefused, StartError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection until it ends."""

_PEER = struct.Struct("3i")


class Connections:
    """Tasks that serve one connection each. `accept` is what asyncio calls; `close` ends and awaits them all.
    Beyond `most` at a time the next is hung up on."""

    def __init__(self, serve: Serve, log: logging.Logger, most: int) -> None:
        self._serve = serve
        self._log = log
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve it; whatever the other end does, ends this connection alone."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) <= self._most:
                await self._serve(reader, writer)
            else:
                self._log.warning("refused a connection: there are %d already", self._most)
        except (ConnectionError, SignerRefused, TimeoutError, ssl.SSLError) as error:
            self._log.warning("a connection ended: %s", type(error).__name__)
        except asyncio.CancelledError:
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        """Every one ends."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class UnixServer:
    """A socket file that serves processes of our own user. Call `open`, then `close`. `who` names it in
    errors."""

    def __init__(self, path: Path, who: str, serve: Serve, log: logging.Logger, most: int = 64) -> None:
        self._path = path
        self._who = who
        self._serve = serve
        self._log = log
        self._connections = Connections(self._own, log, most)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. StartError when the path is too long, taken by another `who`, or not writable."""
        listening = await listen(self._path, self._who)
        self._server = await asyncio.start_unix_server(self._connections.accept, sock=listening)

    async def close(self) -> None:
        """Stop listening, end every connection, take the socket file away."""
        if self._server is not None:
            self._server.close()
        await self._connections.close()
        forget(self._path)

    async def _own(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_own_user(writer):
            await self._serve(reader, writer)
        else:
            self._log.warning("refused a connection of another user")


async def listen(path: Path, who: str) -> socket.socket:
    """A bound socket. StartError when the path is too long, taken by another `who`, or not writable."""
    if len(os.fsencode(path)) > 100:
        raise StartError(f"The {who}'s socket path {path} is longer than a Unix socket allows (100).")
    if await _answers(path):
        raise StartError(f"Another {who} already listens on {path}.")
    forget(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise StartError(f"The {who} cannot listen on {path}: {error.strerror}.") from error
    finally:
        os.umask(before)
    return listening


def forget(path: Path) -> None:
    """Take the file away, if it is there."""
    with suppress(FileNotFoundError):
        path.unlink()


async def _answers(path: Path) -> bool:
    """Whether somebody accepts connections there; a file left by a crash does not."""
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True


def is_own_user(writer: asyncio.StreamWriter) -> bool:
    """Whether a process of our own user is at the other end, by SO_PEERCRED."""
    connected = writer.get_extra_info("socket")
    _, uid, _ = _PEER.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(uid) == os.geteuid()
