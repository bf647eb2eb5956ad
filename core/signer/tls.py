"""The same frames over TCP, for a signer that a tenant hosts elsewhere: TLS 1.3, and both ends show a
certificate of a private CA that each has pinned by a file.

No public CA is asked: whoever can be tricked into issuing for a host name cannot stand in for a signer.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import StartError
from core.signer.unix import Connections, Serve
from core.signer.vault import check_mode

HANDSHAKE = 5.0
"""Seconds for a handshake. Somebody who connects and says nothing holds a place no longer."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]
"""Connects; OSError where nobody, or nobody who may, answers."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the private CA of both ends, the own certificate, and its key, which only we may read."""

    authority: Path
    certificate: Path
    key: Path

    def context(self, protocol: int) -> ssl.SSLContext:
        """For one end: `ssl.PROTOCOL_TLS_SERVER` or `ssl.PROTOCOL_TLS_CLIENT`. StartError."""
        check_mode(self.key, directory=False)
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for what, path in (("CA", self.authority), ("certificate", self.certificate)):
            if not path.exists():
                raise StartError(f"The {what} {path} of the signer's connection is missing.")
        try:
            context.load_verify_locations(cafile=str(self.authority))
            context.load_cert_chain(str(self.certificate), str(self.key))
        except (OSError, ssl.SSLError) as error:
            raise StartError(
                f"{self.authority}, {self.certificate} and {self.key} are no CA, certificate and key that"
                " can be used together."
            ) from error
        return context


class TlsServer:
    """Listens on TCP. Call `open`, then `close`; `port` is known in between."""

    def __init__(
        self, bind: str, port: int, files: TlsFiles, serve: Serve, log: logging.Logger, most: int = 64
    ) -> None:
        self._bind = bind
        self._port = port
        self._files = files
        self._connections = Connections(serve, log, most)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. StartError when the files or the address cannot be used."""
        context = self._files.context(ssl.PROTOCOL_TLS_SERVER)
        try:
            self._server = await asyncio.start_server(
                self._connections.accept,
                self._bind,
                self._port,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE,
            )
        except OSError as error:
            raise StartError(f"The signer cannot listen on {self._bind}:{self._port}: {error}.") from error

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        await self._connections.close()


def dial(host: str, port: int, files: TlsFiles) -> Dial:
    """Connects to a signer whose certificate names `host`. StartError when the files cannot be used."""
    context = files.context(ssl.PROTOCOL_TLS_CLIENT)

    async def connect() -> Streams:
        async with asyncio.timeout(HANDSHAKE):
            return await asyncio.open_connection(host, port, ssl=context, server_hostname=host)

    return connect


def unix_dial(path: Path) -> Dial:
    """Connects to the signer on this machine."""

    async def connect() -> Streams:
        return await asyncio.open_unix_connection(str(path))

    return connect
