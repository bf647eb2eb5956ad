"""The signer's listening half: a Unix socket with mode 0600 for processes of the same user, until the node
dies.

The node holds the other end of our standard input; its end of file is the node's death, however it died.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pydantic import ValidationError

from core.errors import SignerRefused
from core.signer import frames, unix
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
        listening = await unix.listen(self._path, "signer")
        self._server = await asyncio.start_unix_server(self._accept, sock=listening)

    async def close(self) -> None:
        """Stop listening, end every connection, take the socket file away."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        unix.forget(self._path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if unix.is_own_user(writer):
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
