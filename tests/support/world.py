"""A whole node without sockets, in virtual time: real meetings, real delivery service, real native members.

Each `Client` is the headless participant's own membership, fed with the very bytes a socket would carry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar, cast

from core.audit import Auditor
from core.bus import MemoryBus
from core.client.events import Alarm, ClientEvent, Said
from core.client.membership import Membership
from core.errors import StoreError, WireError
from core.federation.statements import declare
from core.meeting.registry import Registry
from core.meeting.session import Session
from core.ports import Store
from core.tenants.policy import TenantPolicy
from core.tenants.sessions import new_token, token_hash
from core.tenants.standing import Standing
from core.values import Deployment, JoinToken, Person, UnixMillis
from core.wire import codec, events, requests
from core.wire.values import ClientInfo, Value
from gateway.meetings import Joint, open_registry
from gateway.services import Services
from gateway.system import SystemClock
from tests.support.clock import FakeClock
from tests.support.media import FakeMediaNode
from tests.support.people import DEPLOYMENT, TENANTS, person, room
from tests.support.rng import SeededRng
from tests.support.signer import LocalSigner
from tests.support.store import MemoryStore
from tests.support.telemetry import RecordingTelemetry

T = TypeVar("T")


async def inline(call: Callable[[], T]) -> T:
    """Native calls on the spot: virtual time has no threads."""
    return call()


class Client:
    """One participant. `sleep` makes it answer nothing until `wake`; `ignore` keeps requests of some types
    back, in `withheld`."""

    def __init__(self, world: World, session: Session, hello: requests.HelloReply) -> None:
        self.world = world
        self.session = session
        self.hello = hello
        self.membership = Membership(hello)
        self.news: list[ClientEvent] = []
        self.heard: list[events.Event] = []
        self.refused: list[str] = []
        self.last_seq = 0
        self.ignore: set[type[requests.Request]] = set()
        self.withheld: list[requests.Request] = []
        self.hung_up: str | None = None
        self._inbox: asyncio.Queue[events.Event] = asyncio.Queue()
        self._awake = asyncio.Event()
        self._awake.set()
        self._sink = self._hear
        self._asking = 0
        self._next = 0
        self.task = asyncio.create_task(self._follow())
        session.meeting.attach(session.participant, self._sink, self._hang_up, 0)

    def _hang_up(self, reason: str) -> None:
        self.hung_up = reason

    @property
    def id(self) -> str:
        return self.hello.participant

    @property
    def idle(self) -> bool:
        return self._inbox.empty() or not self._awake.is_set() or self._asking > 0

    @property
    def epoch(self) -> int | None:
        member = self.membership.member
        return member.epoch if member else None

    @property
    def code(self) -> str:
        assert self.membership.member is not None
        return self.membership.member.code()

    @property
    def alarms(self) -> list[str]:
        return [news.code for news in self.news if isinstance(news, Alarm)]

    @property
    def said(self) -> list[object]:
        return [news.content for news in self.news if isinstance(news, Said)]

    async def begin(self, nonce: bytes | None = None) -> None:
        """Certify a fresh key and hand in a key package."""
        reply = await self.ask(self.membership.certify(nonce or self.hello.nonce))
        assert isinstance(reply, requests.CertifyReply)
        await self.ask(self.membership.certified(reply.chain, self.world.clock.now()))

    async def ask(self, request: requests.Request) -> Value:
        """One request, through its bytes; one without an id gets the next."""
        self._asking += 1
        self._next += 1
        request = request.model_copy(update={"id": request.id or self._next})
        try:
            return await self.session.handle(codec.decode_request(codec.pack(request)))
        finally:
            self._asking -= 1

    def sleep(self) -> None:
        """Hear, and do nothing."""
        self._awake.clear()

    def wake(self) -> None:
        """Do what was left undone."""
        self._awake.set()

    def _hear(self, data: bytes) -> None:
        event = codec.decode_event(data)
        assert event.seq == self.last_seq + 1, "a gap in the events"
        self.last_seq = event.seq
        self.heard.append(event)
        self._inbox.put_nowait(event)

    async def _follow(self) -> None:
        while True:
            await self._awake.wait()
            event = await self._inbox.get()
            await self._awake.wait()
            if isinstance(event, events.GroupRejoin):
                await self.begin(event.nonce)
                continue
            for output in self.membership.handle(event, self.world.clock.now()):
                await self._put_out(output)

    async def _put_out(self, output: requests.Request | ClientEvent) -> None:
        if not isinstance(output, requests.Request):
            self.news.append(output)
            return
        if type(output) in self.ignore:
            self.withheld.append(output)
            return
        try:
            reply = await self.ask(output)
        except WireError as error:
            self.refused.append(f"{error.code}: {error.detail}")
            return
        except StoreError as error:
            self.refused.append(f"unavailable: {type(error).__name__}")  # what the socket would answer
            return
        if isinstance(reply, requests.GroupCreatedReply):
            for more in self.membership.created(reply.entry, self.world.clock.now()):
                await self._put_out(more)

    async def say(self, content: dict[str, object]) -> None:
        """An application message."""
        await self.ask(self.membership.say(content, self.world.clock.now()))

    async def lose_socket(self) -> None:
        """As a cut would."""
        await self.session.meeting.lost(self.session.participant, self._sink)

    async def return_(self) -> int:
        """Resume; the number of events replayed."""
        meeting, participant = self.session.meeting, self.session.participant
        session, reply = self.world.registry.resume(
            requests.Resume(id=1, participant=self.id, last_seq=self.last_seq)
        )
        self.world.registry.prove(session, reply.nonce, self.membership.sign_resume(reply.nonce))
        missed = await meeting.returned(participant, self.last_seq)
        meeting.attach(participant, self._sink, self._hang_up, self.last_seq)
        return missed

    def of(self, kind: type[events.Event]) -> list[events.Event]:
        """What was heard of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]


class World:
    """Made by `open_world`; `join` adds people, `run` lets time pass until everybody is idle."""

    def __init__(self, services: Services, registry: Registry, joint: Joint) -> None:
        self.services = services
        self.registry = registry
        self.joint = joint
        self.clients: list[Client] = []
        self.tasks = [asyncio.create_task(registry.run()), asyncio.create_task(joint.sfu.run())]

    @property
    def clock(self) -> FakeClock:
        assert isinstance(self.services.clock, FakeClock)
        return self.services.clock

    @property
    def store(self) -> MemoryStore:
        store: object = self.services.store
        assert isinstance(store, MemoryStore)
        return store

    async def token(self, who: Person, room_id: str = "r1", life: int = 60_000) -> str:
        token = new_token(self.services.rng)
        hashed = token_hash(token)
        assert hashed is not None
        expires = UnixMillis(self.clock.now() + life)
        await self.store.add_join_token(JoinToken(hashed, room_id, who, expires, "exemple"))
        return token

    async def hello(self, who: Person | None = None, room_id: str = "r1") -> Client:
        """A participant that has said hello and nothing else."""
        who = who or person(f"x-{100 + len(self.clients)}", name=f"Person {len(self.clients)}")
        return await self.enter(await self.token(who, room_id))

    async def enter(self, token: str) -> Client:
        """Hello with this token."""
        info = ClientInfo(name="test", version="0")
        request = requests.Hello(id=1, token=token, client=info)
        session, hello = await self.registry.hello(request)
        client = Client(self, session, hello)
        self.clients.append(client)
        return client

    async def join(self, who: Person | None = None) -> Client:
        """A participant whose key package waits."""
        client = await self.hello(who)
        await client.begin()
        return client

    async def settle(self) -> None:
        """Until nobody has anything left to do now."""
        before = -1
        for _ in range(10_000):
            for _ in range(60):
                await asyncio.sleep(0)
            self._raise()
            heard = sum(len(client.heard) for client in self.clients)
            if heard == before and all(client.idle for client in self.clients):
                return
            before = heard
        raise AssertionError("the world does not come to rest")

    async def run(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass."""
        await self.settle()
        for _ in range(round(seconds / step)):
            await self.clock.advance(step)
            await self.settle()

    async def do(self, work: Coroutine[object, object, T]) -> T:
        """The result of something that may have to wait for virtual time, such as a store that fails."""
        task = asyncio.create_task(work)
        while not task.done():
            await self.run(0.05)
        return await task

    def _raise(self) -> None:
        for task in [*self.tasks, *(client.task for client in self.clients)]:
            if task.done() and not task.cancelled() and task.exception():
                raise task.exception()  # type: ignore[misc]

    async def close(self) -> None:
        tasks = [*self.tasks, *(client.task for client in self.clients)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.registry.close()


async def open_world(folder: Path, seed: int = 1, policies: dict[str, TenantPolicy] | None = None) -> World:
    """A node with one room, `r1`, of the tenant `exemple`."""
    # OpenMLS compares lifetimes of leaves with the machine's clock, so virtual time begins at the present.
    clock = FakeClock(SystemClock().now())
    signer = LocalSigner(folder / "keys", DEPLOYMENT, TENANTS, clock)

    async def declared() -> Deployment:
        return await declare(signer, clock, folder, TENANTS, policies or {}, ())

    standing = Standing(await declared(), declared)
    memory = MemoryStore()
    store = cast(Store, memory)  # the double has what meetings need, and no more
    telemetry = RecordingTelemetry()
    await memory.create_room(room())
    services = Services(
        clock=clock,
        rng=SeededRng(seed),
        store=store,
        bus=MemoryBus(clock),
        signer=signer,
        media=FakeMediaNode(),
        telemetry=telemetry,
        standing=standing,
        audit=Auditor(store, clock, telemetry),
    )
    registry, joint = open_registry(services, inline)
    return World(services, registry, joint)


def together(*clients: Client) -> bool:
    """Whether all are in one epoch with one code."""
    return len({(client.epoch, client.code) for client in clients}) == 1
