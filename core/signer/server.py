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
    """Serves one `SignerService`. Call `open`, then `close`; both are awaited by the signer's main. `serve`
    is one connection's, for a listener of another kind."""

    def __init__(self, service: SignerService, path: Path) -> None:
        self._service = service
        self._server = unix.UnixServer(path, "signer", self.serve, log)

    async def open(self) -> None:
        """Listen. StartError when the path is too long, taken by another signer, or not writable."""
        await self._server.open()

    async def close(self) -> None:
        """Stop listening, end every connection, take the socket file away."""
        await self._server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests in order until the other end has none."""
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
