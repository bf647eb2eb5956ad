"""The WebSocket `/api/socket`, subprotocol `entente.v1`: one participant per socket, msgpack both ways.

A socket is nobody until `hello` or a proven `resume`. What it sends is limited in size, rate and time; what
it does not read is bounded, and a client that falls behind is hung up with `slow_client` and may resume.
Close codes are 4000 and the HTTP status of the reason's error code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import get_args

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from core.errors import (
    CODES,
    EntenteError,
    MediaError,
    PeerError,
    SignerError,
    StoreError,
    UserError,
    WireError,
)
from core.meeting.admission import Pin
from core.meeting.entrance import Look
from core.meeting.lobby import Knocking
from core.meeting.meeting import Meeting
from core.meeting.registry import Registry
from core.meeting.session import Session
from core.tenants.sessions import token_hash
from core.values import Person, Role, Room
from core.wire import codec
from core.wire import requests as wire
from core.wire.events import Event, LobbyAdmitted
from core.wire.values import PersonState, Value
from gateway.limits import Limiter, network_of
from gateway.meetings import Joint, open_registry
from gateway.running import Present, Running
from gateway.services import Services

log = logging.getLogger("entente.socket")

SUBPROTOCOL = "entente.v1"
HELLO_SECONDS = 10.0
"""Seconds in which a socket must have proven who it is; a bad line needs two or three."""
REFUSALS = 3
"""Of a socket that has proven nothing, after which it is hung up; a client needs none."""
IDLE_SECONDS = 60.0
"""Seconds of silence after which a socket counts as lost; clients ping every 20."""
REQUESTS_PER_SECOND = 60.0
"""A storm of receipts and view changes stays below 30."""
REQUEST_BURST = 240.0
BYTES_PER_SECOND = 1_000_000.0
"""What one client may send in the long run; a commit for 256 people is 2 MB, hence the burst."""
BYTES_BURST = 8_000_000.0
QUEUE_BYTES = 16_000_000
"""Bytes that wait for a client before it counts as slow: four of the largest commits."""
QUEUE_SECONDS = 10.0
"""Age of the oldest waiting message at which a client counts as slow; by then it is as good as cut off."""


STEPS = frozenset(
    {
        "hello", "knock", "certify", "key_package", "group.created", "group.commit", "group.receipt",
        "media.offer", "resume", "resume_prove",
    }
)  # fmt: skip
"""Requests that make up a join; each is a span of the socket's trace."""


SUBMISSIONS = frozenset(
    {"key_package", "group.created", "group.commit", "group.receipt", "group.failed", "message"}
)
"""Requests that hand something in for the group; their refusals are counted by the rule's code."""


GAUGE_SECONDS = 1.0
"""Between two looks at who is in which state; a scraper comes every 10."""

KNOCK_BURST = 10.0
KNOCKS_PER_SECOND = 0.1
"""Knocks of one address: an office that comes at once, and then one in ten seconds. Lower keeps a ministry
behind one address out; higher lets one machine ring at every door."""

ADMITTED_SECONDS = 60.0
"""Seconds in which somebody who was let in must say `hello`: as long as its token lives."""

GRACE_SECONDS = 1.0
"""Seconds in which the last messages and the close must be taken by a client that is hung up."""


class Bucket:
    """A token bucket: `rate` per second, `burst` at most."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """0 when taken, else the seconds after which it could be."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if amount > self._left:
            return (amount - self._left) / self._rate
        self._left -= amount
        return 0.0


class Outbox:
    """What waits to be sent on one socket; overflow hangs up rather than grows."""

    def __init__(self, services: Services) -> None:
        self._clock = services.clock
        self._queue: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self.ended = asyncio.Event()
        self.closing: str | None = None

    def put(self, data: bytes) -> None:
        """Queue a message, or give the client up."""
        if self.closing is not None:
            return
        now = self._clock.monotonic()
        self._queue.append((now, data))
        self._bytes += len(data)
        if self._bytes > QUEUE_BYTES or now - self._queue[0][0] > QUEUE_SECONDS:
            self._queue.clear()
            self._bytes = 0
            self.hang_up("slow_client")
        self._some.set()

    def hang_up(self, code: str) -> None:
        """Close with this reason once what is queued has gone."""
        if self.closing is None:
            self.closing = code
        self._some.set()
        self.ended.set()

    async def take(self) -> bytes | None:
        """The next message; None when there is none left and the socket must close."""
        while not self._queue:
            if self.closing is not None:
                return None
            self._some.clear()
            await self._some.wait()
        _, data = self._queue.popleft()
        self._bytes -= len(data)
        return data


class Connection:
    """One socket from its first message to its end."""

    def __init__(self, socket: WebSocket, services: Services, registry: Registry, knocks: Limiter) -> None:
        self._socket = socket
        self._knocks = knocks
        self._knocking: Knocking | None = None
        self._hang_up_later: str | None = None
        self._services = services
        self._registry = registry
        self._clock = services.clock
        self._telemetry = services.telemetry
        self._span = contextlib.ExitStack()
        self._outbox = Outbox(services)
        now = self._clock.monotonic()
        self._requests = Bucket(REQUESTS_PER_SECOND, REQUEST_BURST, now)
        self._volume = Bucket(BYTES_PER_SECOND, BYTES_BURST, now)
        self._session: Session | None = None
        self._returning: tuple[Session, bytes, int] | None = None
        self._named = False
        self._refusals = 0
        self._prove_by = now + HELLO_SECONDS
        self._left = False
        self._working: asyncio.Task[Value | None] | None = None

    def hang_up(self, code: str) -> None:
        """Close with this reason once what is queued has gone. The host who ends a meeting still gets its
        reply: the end of the meeting waits for the request under way."""
        if code == "meeting_ended" and self._working is not None and not self._working.done():
            self._hang_up_later = code
            return
        self._outbox.hang_up(code)

    async def serve(self) -> None:
        """Until either end closes. Never raises but for cancellation."""
        reader = asyncio.create_task(self._read(), name="socket reader")
        writer = asyncio.create_task(self._write(), name="socket writer")
        ended = asyncio.create_task(self._outbox.ended.wait(), name="socket end")
        grace = asyncio.create_task(self._grace(), name="socket grace")
        try:
            await asyncio.wait({reader, writer, ended}, return_when=asyncio.FIRST_COMPLETED)
            self._outbox.hang_up("left")
            # What is queued, an error reply above all, still goes out; to a client that does not read, it
            # does not.
            await asyncio.wait({writer, grace}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer, ended, grace):
                task.cancel()
            await asyncio.gather(reader, writer, ended, grace, return_exceptions=True)
            await self._gone()

    async def _grace(self) -> None:
        await self._outbox.ended.wait()
        await self._clock.sleep(GRACE_SECONDS)

    async def _gone(self) -> None:
        """A clean goodbye is a leave, anything else may return. The request under way ends first: it may
        still make the session, or leave."""
        await self._finish()
        self._telemetry.count("entente_socket_closed_total", reason=self._outbox.closing or "left")
        if self._knocking is not None:
            self._registry.lobbies.leave(self._knocking)
        session = self._session
        if session is None:
            return
        if self._left:
            await session.meeting.depart(session.participant, "left")
        else:
            await session.meeting.lost(session.participant, self._outbox.put)

    async def _finish(self) -> None:
        working = self._working
        if working is None or working.done():
            return
        await asyncio.wait({working})
        error = None if working.cancelled() else working.exception()
        if error is not None and not isinstance(error, EntenteError):
            log.error("a request failed after its socket had ended", exc_info=error)

    # ---- sending ------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while (data := await self._outbox.take()) is not None:
                await self._socket.send_bytes(data)
                self._telemetry.observe("entente_socket_message_bytes", len(data), direction="out")
            if self._socket.client_state is WebSocketState.CONNECTED:
                await self._socket.close(close_code(self._outbox.closing or "internal"))
        except (WebSocketDisconnect, RuntimeError, OSError):
            return

    # ---- receiving ----------------------------------------------------------------------------------------

    async def _read(self) -> None:
        # The socket's span is entered by its first request and left here, in the same task.
        with self._span:
            while self._outbox.closing is None:
                left = max(0.0, self._prove_by - self._clock.monotonic())
                known = self._session is not None or self._knocking is not None
                limit = IDLE_SECONDS if known else left
                message = await self._receive(limit)
                if message is None:
                    return
                await self._answer(message)

    async def _receive(self, seconds: float) -> bytes | None:
        """The next binary message; None when the socket ended or was silent for too long."""
        receiving = asyncio.ensure_future(self._socket.receive())
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({receiving, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                self._outbox.hang_up("too_slow")
                return None
            message = receiving.result()
        finally:
            for task in (receiving, sleeping):
                task.cancel()
            await asyncio.gather(receiving, sleeping, return_exceptions=True)
        if message["type"] != "websocket.receive":
            self._left = message.get("code") in (1000, 1001)
            return None
        data = message.get("bytes")
        if data is None:
            self._outbox.hang_up("bad_message")
            return None
        self._telemetry.observe("entente_socket_message_bytes", len(data), direction="in")
        return bytes(data)

    async def _answer(self, data: bytes) -> None:
        """Carry out one message; every refusal has a name, and none of them reaches another meeting."""
        request_id: int | None = None
        kind = "unknown"
        result = "ok"
        try:
            self._limit(data)
            request = codec.decode_request(data)
            request_id, kind = request.id, str(getattr(request, "type", "unknown"))
            with self._step(request, kind):
                # Shielded, because the end of this socket must not stop a step of the group halfway: an
                # entry signed and not stored, somebody gone from the list and still in the tree.
                self._working = asyncio.create_task(self._carry_out(request), name="socket request")
                reply = await asyncio.shield(self._working)
            if reply is not None:
                self._outbox.put(codec.encode_reply(request.id, reply))
        except codec.MessageRefused as error:
            result = error.code
            self._refuse(error.request_id, error)
            if error.request_id is None:
                self._outbox.hang_up(error.code)
        except EntenteError as error:
            refusal = refusal_of(error)
            result = refusal.code
            self._refuse(request_id, refusal)
        except Exception:
            log.exception("a request of type %s failed", kind)
            result = "internal"
            self._refuse(request_id, UserError("internal"))
        if self._hang_up_later is not None:
            self._outbox.hang_up(self._hang_up_later)
        self._count(kind, result, len(data))

    def _count(self, kind: str, result: str, size: int) -> None:
        """The request, and what it means for the group, as metrics of the table."""
        self._telemetry.count("entente_socket_requests_total", type=kind, result=result)
        if result == "internal":
            self._telemetry.count("entente_unexpected_total", where="socket")
        if kind == "group.receipt":
            self._telemetry.count("entente_receipts_total", result=result)
        elif kind == "message":
            self._telemetry.count("entente_messages_total", result=result)
        elif kind == "group.commit" and result == "ok":
            self._telemetry.observe("entente_commit_bytes", size)
        if kind in SUBMISSIONS and result != "ok":
            self._telemetry.count("entente_refusals_total", code=result)

    def _step(self, request: wire.Request, kind: str) -> AbstractContextManager[None]:
        """A span for each step of a join, under the trace of its token; what comes hundreds of times in a
        meeting leaves none.
        """
        if kind not in STEPS:
            return contextlib.nullcontext()
        if self._named:
            return self._telemetry.span(f"socket.{kind}")
        if isinstance(request, wire.Hello | wire.Knock):
            self._named = True
            self._span.enter_context(self._telemetry.span("socket", under=token_hash(request.token)))
        elif isinstance(request, wire.Resume):
            self._named = True
            self._span.enter_context(self._telemetry.span("socket", entente_resumed=True))
        return self._telemetry.span(f"socket.{kind}")

    def _limit(self, data: bytes) -> None:
        now = self._clock.monotonic()
        wait = max(self._requests.take(1, now), self._volume.take(len(data), now))
        if wait > 0:
            # A client that is told nothing would wait for its replies; one that is hung up resumes.
            self._outbox.hang_up("rate_limited")
            raise UserError("rate_limited", retry_after=round(wait, 3))

    def _refuse(self, request_id: int | None, error: WireError) -> None:
        self._outbox.put(codec.encode_error(request_id or 0, error.code, error.detail, error.retry_after))
        if self._session is not None:
            return
        self._refusals += 1
        waits = self._returning is not None or self._knocking is not None
        if not waits or self._refusals >= REFUSALS:
            self._outbox.hang_up(error.code)

    async def _carry_out(self, request: wire.Request) -> Value | None:
        """The reply; None when it was queued already."""
        match request:
            case wire.Hello() if self._session is None and self._returning is None:
                session, greeting = await self._registry.hello(request)
                self._session = session
                self._leave_lobby()
                self._outbox.put(codec.encode_reply(request.id, greeting))
                session.meeting.attach(session.participant, self._outbox.put, self.hang_up, 0)
                return None
            case wire.Knock() if self._session is None and self._returning is None:
                await self._knock(request)
                return None
            case wire.Ping() if self._knocking is not None and self._session is None:
                return wire.PingReply(time=self._clock.now())
            case wire.Leave() if self._knocking is not None and self._session is None:
                self._leave_lobby()
                self._outbox.put(codec.encode_reply(request.id, wire.Empty()))
                self._outbox.hang_up("left")
                return None
            case wire.Resume() if self._session is None and self._returning is None:
                returning, reply = self._registry.resume(request)
                self._returning = (returning, reply.nonce, request.last_seq)
                return reply
            case wire.ResumeProve() if self._session is None and self._returning is not None:
                await self._return(request, *self._returning)
                return None
            case _ if self._session is None:
                raise PeerError("out_of_order", "hello or resume comes first")
            case wire.Leave():
                reply_to_leave = await self._session.handle(request)
                self._left = True
                self._outbox.put(codec.encode_reply(request.id, reply_to_leave))
                self._outbox.hang_up("left")
                return None
            case _:
                return await self._session.handle(request)

    async def _knock(self, request: wire.Knock) -> None:
        """Into the lobby; the reply is queued before anything a host may say."""
        if self._knocking is not None:
            raise PeerError("already_done", "this socket has knocked")
        address = network_of(self._socket.client.host if self._socket.client else None)
        if (wait := self._knocks.take(address)) > 0:
            raise UserError("rate_limited", retry_after=round(wait, 3))
        reply, found = await self._registry.knock(request, address, self._tell, self._outbox.hang_up)
        self._outbox.put(codec.encode_reply(request.id, reply))
        if isinstance(found, Knocking):
            self._knocking = found
        else:
            self._tell(found)

    def _tell(self, event: Event) -> None:
        """An event of the lobby, outside a participant's sequence. Whoever is let in has a minute for
        `hello`."""
        if isinstance(event, LobbyAdmitted):
            self._knocking = None
            self._prove_by = self._clock.monotonic() + ADMITTED_SECONDS
        self._outbox.put(codec.encode_event(event, 0))

    def _leave_lobby(self) -> None:
        if self._knocking is not None:
            self._registry.lobbies.leave(self._knocking)
            self._knocking = None

    async def _return(self, request: wire.ResumeProve, session: Session, nonce: bytes, last_seq: int) -> None:
        """K2.5: proven once per nonce; then the missed events, and the socket is the participant's."""
        self._returning = None
        try:
            self._registry.prove(session, nonce, request.signature)
        except WireError:
            self._telemetry.count("entente_resumes_total", result="refused")
            raise
        missed = await session.meeting.returned(session.participant, last_seq)
        self._session = session
        self._outbox.put(codec.encode_reply(request.id, wire.ResumeProveReply(replayed=missed)))
        session.meeting.attach(session.participant, self._outbox.put, self.hang_up, last_seq)
        self._telemetry.count("entente_resumes_total", result="resumed")


def refusal_of(error: EntenteError) -> WireError:
    """What the client is told of an error; only errors with a listed code speak for themselves."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, SignerError | StoreError | MediaError):
        return UserError("unavailable", retry_after=1)
    return UserError("internal")


def close_code(code: str) -> int:
    """4000 and the status of the error code; 1000 for a goodbye."""
    if code == "left":
        return 1000
    facts = CODES.get(code)
    return 4000 + (facts.status if facts else 409)


class SocketMeetings:
    """`gateway.services.Meetings`: the route, and the tasks behind it."""

    def __init__(self, services: Services, registry: Registry, joint: Joint) -> None:
        self._services = services
        self.registry = registry
        self._joint = joint
        self._open: dict[asyncio.Task[object], Connection] = {}
        self._knocks = Limiter(services.clock, KNOCK_BURST, KNOCKS_PER_SECOND)
        self._tasks = [
            asyncio.create_task(registry.run(), name="meetings"),
            asyncio.create_task(joint.sfu.run(), name="media events"),
            asyncio.create_task(self._watch_participants(), name="participants gauge"),
        ]

    def routes(self) -> Sequence[BaseRoute]:
        """The WebSocket route."""
        return [WebSocketRoute("/api/socket", self._endpoint)]

    def people(self, room: str) -> int:
        """How many are in the room's live meeting."""
        return self.registry.people(room)

    def running(self, tenant: str) -> Sequence[Running]:
        """Meetings of this tenant's rooms, without a name and a word."""
        return [_running(meeting) for meeting in self.registry.of_tenant(tenant)]

    async def end(self, tenant: str, meeting: str) -> bool:
        """End a meeting of this tenant for everybody."""
        return await self.registry.end(tenant, meeting)

    async def look(self, room: Room, person: Person | None, pin: Pin) -> Look:
        """How somebody would come into this room now."""
        return await self.registry.entrance.look(room, person, pin=pin)

    def count_admission(self, at: str, look: Look) -> None:
        """Count what became of somebody at the door."""
        self.registry.count_admission(at, look)

    async def room_changed(self, room: Room, *, rules: bool) -> None:
        """A room was changed beside its meeting."""
        await self.registry.room_changed(room, rules=rules)

    async def _watch_participants(self) -> None:
        while True:
            states = self.registry.states()
            for state in get_args(PersonState):
                self._services.telemetry.gauge("entente_participants", states[state], state=state)
            await self._services.clock.sleep(GAUGE_SECONDS)

    async def _endpoint(self, socket: WebSocket) -> None:
        if SUBPROTOCOL not in socket.scope.get("subprotocols", []):
            await socket.close(4400)
            return
        await socket.accept(subprotocol=SUBPROTOCOL)
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(socket, self._services, self.registry, self._knocks)
        self._open[task] = connection
        self._services.telemetry.gauge("entente_sockets", len(self._open))
        try:
            await connection.serve()
        finally:
            del self._open[task]
            self._services.telemetry.gauge("entente_sockets", len(self._open))

    async def close(self) -> None:
        """Tell everybody that the node restarts, then end every task."""
        await self.registry.close()
        for connection in self._open.values():
            connection.hang_up("restarting")
        if self._open:
            # Each goes within its own grace; the server would close them with a code that says nothing.
            await asyncio.wait(list(self._open), timeout=2 * GRACE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _running(meeting: Meeting) -> Running:
    return Running(
        id=meeting.record.id,
        room=meeting.room.id,
        started=meeting.record.started,
        locked=meeting.record.locked,
        people=tuple(
            Present(
                participant=one.id,
                tenant=one.person.tenant,
                subject=one.person.subject,
                guest=one.person.role is Role.GUEST,
                room_role=one.room_role.value,
                state=one.state,
                joined=one.joined,
            )
            for one in meeting.people.values()
        ),
    )


async def open_meetings(services: Services) -> SocketMeetings:
    """The meetings of this node. Call inside the event loop that serves them."""
    registry, joint = open_registry(services)
    await registry.recover()
    return SocketMeetings(services, registry, joint)
