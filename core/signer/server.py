"""The signer's listening half: a Unix socket with mode 0600 for processes of the same user, until the node
dies.

The node holds the other end of our standard input; its end of file is the node's death, however it died.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from core.errors import SignerRefused, StartError
from core.signer import frames
from core.signer.requests import REQUEST
from core.signer.service import SignerService

log = logging.getLogger("entente.signer")


class SignerServer:
    """Serves one `SignerService`. Call `open`, then `close`; both are awaited by the signer's main."""

    def __init__(self, service: SignerService, path: Path) -> None:
        self._service = service
        self._path = path
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. StartError when the path is too long, taken by another signer, or not writable."""
        if len(os.fsencode(self._path)) > 100:
            raise StartError(
                f"The signer's socket path {self._path} is longer than a Unix socket allows (100)."
            )
        if await _answers(self._path):
            raise StartError(f"Another signer already listens on {self._path}.")
        with suppress(FileNotFoundError):
            self._path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        except OSError as error:
            listening.close()
            raise StartError(f"The signer cannot listen on {self._path}: {error.strerror}.") from error
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._accept, sock=listening)

    async def close(self) -> None:
        """Stop listening, end every connection, take the socket file away."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        with suppress(FileNotFoundError):
            self._path.unlink()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if _peer_uid(writer) == os.geteuid():
                await self._serve(reader, writer)
            else:
                log.warning("refused a connection of another user")
        except (ConnectionError, SignerRefused) as error:
            log.warning("a connection ended: %s", type(error).__name__)
        except asyncio.CancelledError:
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (message := await frames.read(reader)) is not None:
            writer.write(frames.pack({"id": message.get("id"), **self._answer(message.get("request"))}))
            await writer.drain()

    def _answer(self, message: object) -> dict[str, object]:
        """The reply's fields; every refusal has a code, and a bug of ours reads `internal`."""
        try:
            return {"ok": self._service.answer(REQUEST.validate_python(message))}
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return {"error": {"code": "bad_request", "detail": f"{where}: {first['msg']}"}}
        except SignerRefused as error:
            return {"error": {"code": error.code, "detail": error.detail}}
        except Exception:
            log.exception("a request failed")
            return {"error": {"code": "internal", "detail": "the signer failed"}}


async def _answers(path: Path) -> bool:
    """Whether somebody accepts connections there; a file left by a crash does not."""
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user at the other end, by SO_PEERCRED."""
    connected = writer.get_extra_info("socket")
    layout = struct.Struct("3i")
    _, uid, _ = layout.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size))
    return int(uid)
