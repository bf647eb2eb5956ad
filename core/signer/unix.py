"""Unix sockets for processes of the same user: made with mode 0600, and whoever connects is asked of the
kernel."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from core.errors import StartError

_PEER = struct.Struct("3i")


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
