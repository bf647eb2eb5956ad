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

RESTARTING = 4503
"""Close code of a node that stops and comes back: 4000 and the status of `unavailable`, of which it says
that one shall try again. It has forgotten who we were by then.
"""

GOODBYE = 1000

RETRIED = frozenset({"internal", "rate_limited", "unavailable"})
"""Refusals of a resumption that a later attempt may mend."""

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
        self.ended: str | None = None
        """Why it is gone for good: `left` (by either end), `restarting`, `resume_expired`, or what else the
        node refused the resumption with.
        """

    async def open(self) -> None:
        """Connects. SocketLost when nobody answers."""
        self._connection = await self._connect()
        self._reader = asyncio.create_task(self._read(), name="entente socket")

    def allow_resume(self, participant: str, seconds: int, sign: Callable[[bytes], bytes]) -> None:
        """From now on a lost connection is taken up again within `seconds`."""
        self._participant, self._resume_s, self._sign = participant, seconds, sign

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
        self.ended = self.ended or "left"
        if self._connection is not None:
            await self._connection.close()
        if self._reader is not None:
            self._reader.cancel()  # it may be waiting for its next attempt to resume
            await asyncio.gather(self._reader, return_exceptions=True)

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
            while self.ended is None:
                with contextlib.suppress(ConnectionClosed):
                    await self._read_connection()
                self._fail_waiting()
                self.ended = self.ended or self._final() or await self._resume()
        finally:
            self._fail_waiting()
            self._events.put_nowait(None)

    def _final(self) -> str | None:
        """Why nothing is to be resumed after the present connection's end; None when it may be."""
        code = self._connection.close_code if self._connection is not None else None
        if code == GOODBYE:
            return "left"  # the node's answer to `leave`, which may come before `close` is called
        if code == RESTARTING:
            return "restarting"
        return None if self._sign is not None else "lost"

    async def _read_connection(self) -> None:
        assert self._connection is not None
        async for data in self._connection:
            if isinstance(data, str):
                raise MessageRefused("bad_message", "the node sent text")
            self._take(decode_from_server(data))

    def _take(self, message: OkReply | ErrorReply | Event) -> None:
        if isinstance(message, Event):
            if message.seq == 0:  # of the lobby: outside the sequence
                self._events.put_nowait(message)
            elif message.seq > self._last_seq:
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

    async def _resume(self) -> str | None:
        """Takes the participant up again: None, or why that is over."""
        deadline = self._clock.monotonic() + self._resume_s
        while self._sign is not None and self.ended is None and self._clock.monotonic() < deadline:
            try:
                await self._resume_once(self._sign)
            except (SocketLost, ConnectionClosed, TimeoutError):
                await self._clock.sleep(RETRY_S)
            except RequestRefused as refusal:
                if refusal.code not in RETRIED:
                    return refusal.code
                await self._clock.sleep(max(RETRY_S, refusal.retry_after or 0))
            else:
                return None
        return "resume_expired"

    async def _resume_once(self, sign: Callable[[bytes], bytes]) -> None:
        """Two requests, read here, because the reader of the old connection is who called us."""
        connection = await self._connect()
        try:
            asked = Resume(id=0, participant=self._participant, last_seq=self._last_seq)
            nonce = ResumeReply.model_validate((await self._exchange(connection, asked)).ok).nonce
            proved = await self._exchange(connection, ResumeProve(id=0, signature=sign(nonce)))
            ResumeProveReply.model_validate(proved.ok)
            if self.ended is not None:
                raise SocketLost("closed meanwhile")
        except BaseException:
            connection.transport.abort()  # no goodbye: whoever does not answer would not answer that either
            raise
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
                        fault = message.error
                        raise RequestRefused(fault.code, fault.message, fault.retry_after)
                    return message
