"""The headless participant's end of the socket `entente.v1`: requests with replies, and events in order.

A lost connection is resumed by the leaf key's signature (K2.5) for as long as the node allows; whoever awaits
a reply meanwhile is told `SocketLost`, because a request that was not answered may or may not have been done.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from core.client.errors import RequestRefused, SocketLost
from core.ports import Clock
from core.wire.codec import MessageRefused, decode_from_server, pack
from core.wire.events import ErrorReply, Event, OkReply
from core.wire.requests import Ping, PingReply, Request, Resume, ResumeProve, ResumeProveReply, ResumeReply
from core.wire.values import MAX_MESSAGE, Value

SUBPROTOCOL = Subprotocol("entente.v1")
REPLY_S = 30
"""Longer than any handshake of 1,000 people takes; a silent node is given up with the resume window."""

RETRY_S = 0.5
"""Between attempts to resume: the node keeps us for 30 s, so some 50 attempts fit."""

KEEPALIVE_S = 10
"""Shorter than the idle limits of common proxies."""

Reply = TypeVar("Reply", bound=Value)


class Socket:
    """Call `open`, then `request` and `events`; `allow_resume` once there is a leaf key; `close` at the
    end.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._connection: ClientConnection | None = None
        self._waiting: dict[int, asyncio.Future[OkReply]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._next_id = 0
        self._last_seq = 0
        self._sign: Callable[[bytes], bytes] | None = None
        self._participant = ""
        self._resume_s = 0
        self._reader: asyncio.Task[None] | None = None
        self._closing = False

    async def open(self) -> None:
        """Connects. SocketLost when nobody answers."""
        self._connection = await self._connect()
        self._reader = asyncio.create_task(self._read(), name="entente socket")

    def allow_resume(self, participant: str, seconds: int, sign: Callable[[bytes], bytes]) -> None:
        """From now on a lost connection is taken up again within `seconds`."""
        self._participant, self._resume_s, self._sign = participant, seconds, sign

    def forbid_resume(self) -> None:
        """A connection that is lost from now on stays lost: somebody is leaving."""
        self._sign = None

    async def request(self, request: Request, reply: type[Reply]) -> Reply:
        """Sends a request and returns its reply. RequestRefused, or SocketLost."""
        self._next_id += 1
        number = self._next_id
        future: asyncio.Future[OkReply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._send(pack(request.model_copy(update={"id": number})))
            async with asyncio.timeout(REPLY_S):
                answer = await future
        except (TimeoutError, ConnectionClosed) as lost:
            raise SocketLost(f"no reply to {type(request).__name__}") from lost
        finally:
            self._waiting.pop(number, None)
        return reply.model_validate(answer.ok)

    async def ping(self) -> None:
        """Keeps the connection alive."""
        await self.request(Ping(id=0), PingReply)

    async def events(self) -> AsyncIterator[Event]:
        """Events in the node's order, each once; ends when the socket is gone for good."""
        while (event := await self._events.get()) is not None:
            yield event

    async def drop(self) -> None:
        """Cuts the connection as a network would; what follows is a resumption. For tests of resuming."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def close(self) -> None:
        """Ends the connection and everything that waits on it."""
        self._closing = True
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            await self._reader

    async def _connect(self) -> ClientConnection:
        try:
            return await connect(
                self._address, subprotocols=[SUBPROTOCOL], max_size=4 * MAX_MESSAGE,
                compression=None, proxy=None, open_timeout=REPLY_S,
            )  # fmt: skip
        except (OSError, InvalidHandshake, TimeoutError) as lost:
            raise SocketLost(f"no socket: {type(lost).__name__}") from lost

    async def _send(self, data: bytes) -> None:
        if self._connection is None:
            raise SocketLost("the socket is not open")
        await self._connection.send(data)

    async def _read(self) -> None:
        try:
            while True:
                with contextlib.suppress(ConnectionClosed):
                    await self._read_connection()
                self._fail_waiting()
                # 1000 is the node's goodbye, which may come before `close` is called.
                left = self._connection is not None and self._connection.close_code == 1000
                if self._closing or left or not await self._resume():
                    return
        finally:
            self._fail_waiting()
            self._events.put_nowait(None)

    async def _read_connection(self) -> None:
        assert self._connection is not None
        async for data in self._connection:
            if isinstance(data, str):
                raise MessageRefused("bad_message", "the node sent text")
            self._take(decode_from_server(data))

    def _take(self, message: OkReply | ErrorReply | Event) -> None:
        if isinstance(message, Event):
            if message.seq > self._last_seq:
                self._last_seq = message.seq
                self._events.put_nowait(message)
            return
        future = self._waiting.get(message.re)
        if future is None or future.done():
            return
        if isinstance(message, OkReply):
            future.set_result(message)
        else:
            fault = message.error
            future.set_exception(RequestRefused(fault.code, fault.message, fault.retry_after))

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(SocketLost("the connection ended"))

    async def _resume(self) -> bool:
        """Takes the participant up again; False once the node has given it up or time is over."""
        deadline = self._clock.monotonic() + self._resume_s
        while self._sign is not None and self._clock.monotonic() < deadline:
            try:
                await self._resume_once(self._sign)
            except (SocketLost, ConnectionClosed, TimeoutError):
                await self._clock.sleep(RETRY_S)
            except RequestRefused:
                return False
            else:
                return True
        return False

    async def _resume_once(self, sign: Callable[[bytes], bytes]) -> None:
        """Two requests, read here, because the reader of the old connection is who called us."""
        connection = await self._connect()
        asked = Resume(id=0, participant=self._participant, last_seq=self._last_seq)
        nonce = ResumeReply.model_validate((await self._exchange(connection, asked)).ok).nonce
        proved = await self._exchange(connection, ResumeProve(id=0, signature=sign(nonce)))
        ResumeProveReply.model_validate(proved.ok)
        self._connection = connection

    async def _exchange(self, connection: ClientConnection, request: Request) -> OkReply:
        self._next_id += 1
        await connection.send(pack(request.model_copy(update={"id": self._next_id})))
        async with asyncio.timeout(REPLY_S):
            while True:
                data = await connection.recv(decode=False)
                message = decode_from_server(data)
                if isinstance(message, Event):
                    self._take(message)
                elif message.re == self._next_id:
                    if isinstance(message, ErrorReply):
                        raise RequestRefused(message.error.code, message.error.message)
                    return message
