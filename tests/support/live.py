"""The application on a real TCP port, for tests that send bytes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from gateway.listen import Server, open_socket, uvicorn_config
from gateway.settings import HttpSettings


@dataclass(frozen=True)
class Live:
    """Where it listens."""

    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A TCP connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, sent: bytes, patience: float = 5.0) -> bytes:
        """Send bytes; everything that comes back until the server hangs up or says nothing for a second."""
        reader, writer = await self.connect()
        writer.write(sent)
        received = b""
        async with asyncio.timeout(patience):
            while True:
                try:
                    async with asyncio.timeout(1):
                        piece = await reader.read(65536)
                except TimeoutError:
                    break
                except ConnectionError:
                    break
                if not piece:
                    break
                received += piece
        writer.close()
        return received

    async def status(self, sent: bytes) -> int:
        """The status of the answer; 0 when the server hung up without one."""
        answer = await self.say(sent)
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0

    async def is_well(self) -> bool:
        """Whether an ordinary request is still answered."""
        return await self.status(get("/healthz")) == 200


def get(path: str, *headers: str) -> bytes:
    """A request."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def live(app: ASGIApp, http: HttpSettings) -> AsyncIterator[Live]:
    """Serve on a free port of loopback."""
    with open_socket(http.model_copy(update={"port": 0})) as listening:
        started = asyncio.Event()
        server = Server(uvicorn_config(app, http), started.set)
        task = asyncio.create_task(server._serve([listening]), name="live-server")
        await started.wait()
        try:
            yield Live(listening.getsockname()[1])
        finally:
            server.should_exit = True
            await task
