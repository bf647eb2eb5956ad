"""A participant's media over all of its connections: which one it sends through, and a new one when that
dies or the node asks for it (M1.7, M5.1).

aiortc cannot restart ICE, so what a browser mends in place is a second connection here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from core.client.errors import ClientError, MediaLost, SocketLost
from core.client.feed import Feed
from core.client.media import ArrivedFrame, MediaConnection
from core.client.socket import RETRY_S
from core.ports import Clock

CONNECT_S = 8.0
"""How long a connection may take to come up: three tries of a lost DTLS flight."""


class MediaPorts(Protocol):
    """What the session needs and tells."""

    async def offer(self, connection: int, sdp: str) -> str:
        """The node's answer."""
        ...

    async def closed(self, connection: int) -> None:
        """This connection is gone; the node may have noticed already."""
        ...

    def arrived(self, frame: ArrivedFrame) -> None:
        """A sealed frame out of a slot."""
        ...

    def media_up(self) -> None:
        """The current connection is up."""
        ...

    def media_lost(self) -> None:
        """Nothing connects any more."""
        ...


class MediaSession:
    """Order: `start`, then `move` at will, at last `close`."""

    def __init__(self, clock: Clock, feeds: Mapping[str, Feed], ports: MediaPorts, loopback: bool) -> None:
        self._clock = clock
        self._feeds = feeds
        self._ports = ports
        self._loopback = loopback
        self._open: set[MediaConnection] = set()
        self._next = 0
        self._turn = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        self._closed = False
        self.current: MediaConnection | None = None

    async def start(self) -> None:
        """Opens the first connection; returns when the answer is applied, not when media flows."""
        async with self._turn:
            self.current = await self._make()
            self.current.use()
            self._changed(self.current)

    @property
    def up(self) -> bool:
        """Whether ICE and DTLS of the current connection are done."""
        return self.current is not None and self.current.state == "connected"

    async def move(self, number: int) -> None:
        """The node wishes for a connection with this number, opened before the old one closes. One that is
        in use already, or a later one, needs nothing more. MediaLost when it does not come up.
        """
        await self._replace(lambda: self.current is None or self.current.number < number, number)

    async def _mend(self) -> None:
        try:
            await self._replace(self._broken)
        except ClientError:
            self._ports.media_lost()

    def _broken(self) -> bool:
        return self.current is not None and self.current.state in ("failed", "closed")

    async def _replace(self, wanted: Callable[[], bool], number: int = 0) -> None:
        """One connection after another while one is wanted: a fresh one may die before the old is put away.
        A cut takes the socket as well: until that is back, or given up and all this closed, we wait.
        """
        while not self._closed and wanted():
            try:
                async with self._turn:
                    if wanted():
                        self._next = max(self._next, number)
                        await self._go()
            except SocketLost:
                await self._clock.sleep(RETRY_S)

    async def _go(self) -> None:
        if self._closed:
            return
        old, fresh = self.current, await self._make()
        if not await self._comes_up(fresh):
            await self._drop(fresh)
            raise MediaLost(f"connection {fresh.number} does not come up")
        self.current = fresh
        fresh.use()
        self._ports.media_up()
        if old is not None:
            await self._drop(old)

    async def close(self) -> None:
        """Ends all media."""
        self._closed = True
        tasks = [*self._farewells, *([self._mending] if self._mending else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in self._open))
        self._open.clear()

    async def _make(self) -> MediaConnection:
        number, self._next = self._next, self._next + 1
        connection = MediaConnection(
            number, self._clock, self._feeds, self._ports.arrived, self._changed, self._loopback
        )
        self._open.add(connection)
        try:
            await connection.open(lambda sdp: self._ports.offer(number, sdp))
        except BaseException:
            self._open.discard(connection)
            await connection.close()
            raise
        return connection

    async def _drop(self, connection: MediaConnection) -> None:
        self._open.discard(connection)
        await connection.close()
        # Beside the turn: a node that is silent for half a minute must not keep us from the next connection.
        telling = asyncio.create_task(self._ports.closed(connection.number), name="entente media closed")
        self._farewells.add(telling)
        telling.add_done_callback(self._farewells.discard)

    async def _comes_up(self, connection: MediaConnection) -> bool:
        deadline = self._clock.monotonic() + CONNECT_S
        while connection.state != "connected":
            if connection.state in ("failed", "closed") or self._clock.monotonic() > deadline:
                return False
            await self._clock.sleep(0.05)
        return True

    def _changed(self, connection: MediaConnection) -> None:
        if connection is not self.current or self._closed:
            return
        if connection.state == "connected":
            self._ports.media_up()
        elif self._broken() and (self._mending is None or self._mending.done()):
            self._mending = asyncio.create_task(self._mend(), name="entente media")
