"""The meetings that run on this node: found by room, begun by the first join, ended with the last leave."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

import msgpack

from core._native import e2ee
from core.errors import EntenteError, PeerError, UserError
from core.meeting.admission import Way, access_of
from core.meeting.commands import Desk
from core.meeting.entrance import Entrance, Look, let_in
from core.meeting.lobby import WAIT, Knocking, Lobbies
from core.meeting.meeting import Meeting
from core.meeting.participant import Participant
from core.meeting.session import Session
from core.ports import Clock, Rng, Signer, Store, Telemetry
from core.tenants.sessions import TOKEN_LIFE, token_hash
from core.tenants.standing import Standing
from core.values import (
    Access,
    Deployment,
    JoinToken,
    Person,
    Role,
    Room,
    RoomRole,
    TenantRules,
    UnixMillis,
)
from core.values import Meeting as MeetingRecord
from core.wire import requests as wire
from core.wire.events import Event, LobbyAdmitted
from core.wire.values import Me, MediaInfo, MeetingInfo
from core.wire.values import Tenant as TenantLine

SWEEP = 1.0
"""Seconds between two looks for meetings that everybody has left."""
RETURN = 5 * 60 * 1000
"""Milliseconds for which a meeting waits for its people after a start of the node. A browser is back within
seconds; higher keeps meetings open that nobody returns to, lower ends those whose network takes its time."""
PURGE = 24 * 3600.0
"""Seconds between two looks for sessions and join tokens that are over: they hold names."""
CLASSICAL = 0x0001

log = logging.getLogger("entente.meetings")


@dataclass(frozen=True, slots=True)
class House:
    """The ports and facts that meetings are made with. `rules` are what the configuration allows each tenant;
    `open_parts` starts a meeting's order and media."""

    store: Store
    signer: Signer
    clock: Clock
    rng: Rng
    telemetry: Telemetry
    standing: Standing
    connection_limit: int
    max_video_slots: int
    resume_seconds: float
    max_people: int
    rules: Mapping[str, TenantRules]
    open_parts: Callable[[Meeting, int], Awaitable[None]]
    close_parts: Callable[[Meeting], None]
    next_peer: Callable[[], int]

    @property
    def deployment(self) -> Deployment:
        """What the deployment's statements say now; a meeting has its own, of when it began."""
        return self.standing.deployment


class Registry:
    """Order of calls: `recover`, then `run` as a task; for each socket `hello`, perhaps after `knock`, or
    `resume` and `prove`; `close` last. `entrance` says who may come in, `lobbies` who waits."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._meetings: dict[str, Meeting] = {}
        self._turn = asyncio.Lock()
        self._awaited: dict[str, tuple[str, UnixMillis]] = {}
        self._revoked: dict[str, UnixMillis] = {}
        """When a person's certificates were revoked, by URI, for as long as a token of before may live."""
        self._stopping = False
        self.entrance = Entrance(house.store, house.clock, house.rules, self._meetings.get)
        self.lobbies = Lobbies(house.store, house.clock, house.rng, house.telemetry, self._lobby_changed)
        self._desk = Desk(house.store, house.clock, self.lobbies, self.entrance.names, self._end_for_all)

    def _lobby_changed(self, room: str) -> None:
        meeting = self._meetings.get(room)
        if meeting is not None:
            meeting.tell_hosts(self.lobbies.list(room))

    async def recover(self) -> None:
        """Take up what an earlier run of this node left: meetings under way wait for their people, whose
        places are gone; those that have waited for long enough end."""
        now = self._house.clock.now()
        for record in await self._house.store.live_meetings():
            store = self._house.store.of(record.tenant)
            for person in await store.participants(record.id):
                if person.left is None:
                    await store.set_left(person.id, now)
            until = record.awaited if record.awaited is not None else UnixMillis(now + RETURN)
            await store.await_people(record.id, until)
            self._awaited[record.room] = (record.id, until)
        await self._end_awaited()

    async def _end_awaited(self) -> None:
        now = self._house.clock.now()
        for room, (meeting, until) in list(self._awaited.items()):
            if until <= now:
                await self._house.store.end_meeting(meeting, now)
                del self._awaited[room]

    def people(self, room: str) -> int:
        """How many are in the room's live meeting."""
        meeting = self._meetings.get(room)
        return len(meeting.people) if meeting else 0

    def states(self) -> Counter[str]:
        """How many participants of all meetings are in each state."""
        everybody = (person for meeting in self._meetings.values() for person in meeting.people.values())
        return Counter(person.state for person in everybody)

    async def hello(self, request: wire.Hello) -> tuple[Session, wire.HelloReply]:
        """Redeem a join token, once (its second use is refused), and make a participant."""
        token, room = await self._redeem(request.token)
        async with self._turn:
            if self._stopping:
                raise UserError("restarting", retry_after=1)
            look = await self.look(room, token, "hello")
            let_in(look)
            meeting = self._meetings.get(room.id) or await self._begin(look)
            self._check_places(meeting, look)
            if token.person.tenant not in meeting.deployment.policies:
                raise UserError("certificates_unavailable")
            # From the look until the participant is there nothing is awaited where a meeting runs already:
            # whom a host removes meanwhile is not let in.
            self._check_revoked(token)
            participant = await meeting.admit(
                token.person,
                look.verdict.role,
                lasting=look.lasting,
                host_if_first=_may_host_first(token.person, meeting.room, look),
            )
        try:
            return self._session(meeting, participant), self._hello_reply(meeting, participant)
        except BaseException:
            await meeting.never_came(participant)
            raise

    async def _redeem(self, text: str) -> tuple[JoinToken, Room]:
        """Found by its hash over all tenants that the node serves; it works once."""
        store, hashed = self._house.store, token_hash(text)
        if hashed is None:
            raise UserError("token_unknown")
        token = await store.redeem_join_token(hashed, self._house.clock.now())
        if self._house.deployment.suspends(token.person.tenant):
            raise UserError("tenant_suspended")
        room = await store.room_by_id(token.room)
        if room is None:
            raise UserError("room_unknown")
        return token, room

    async def look(self, room: Room, token: JoinToken, at: str) -> Look:
        """The truth about a token's holder, whatever was so when it was made; a guest's PIN was asked
        then."""
        look = await self.entrance.look(room, token.person, admitted=token.admitted, pin="given")
        self.count_admission(at, look)
        return look

    def count_admission(self, at: str, look: Look) -> None:
        """What became of somebody at the door."""
        result = look.verdict.code or look.verdict.way.value
        self._house.telemetry.count("entente_admissions_total", at=at, result=result)

    async def knock(
        self,
        request: wire.Knock,
        address: str,
        tell: Callable[[Event], None],
        hang_up: Callable[[str], None],
    ) -> tuple[wire.KnockReply, Knocking | LobbyAdmitted]:
        """Redeem a token at the lobby: its holder waits, or need not any more. Nothing is awaited after it
        waits, so that the reply goes out before any event. Errors as of `hello`, and `lobby_full`."""
        token, room = await self._redeem(request.token)
        if self._stopping:
            raise UserError("restarting", retry_after=1)
        look = await self.look(room, token, "knock")
        self._check_revoked(token)
        reply = wire.KnockReply(meeting=MeetingInfo(title=room.title, slug=room.slug), seconds=round(WAIT))
        if look.verdict.way is not Way.LOBBY:
            let_in(look)
            return reply, await self.lobbies.token(room, token.person)
        waits = self.lobbies.knock(room, token.person, address, look.facts.lookalike, tell, hang_up)
        return reply, waits

    def _check_revoked(self, token: JoinToken) -> None:
        """A token from before its holder's revocation opens nothing, however it came through (K2.4)."""
        made = token.expires - TOKEN_LIFE
        if made <= self._revoked.get(token.person.uri, 0):
            raise UserError("token_expired")

    def _check_places(self, meeting: Meeting, look: Look) -> None:
        if len(meeting.people) >= min(self._house.max_people, look.standing.quota.people):
            raise UserError("meeting_full")

    async def room_changed(self, room: Room, *, rules: bool) -> None:
        """The room was changed beside its meeting, which goes on with its own rules unless they were meant.
        A closed room's meeting ends."""
        meeting = self._meetings.get(room.id)
        if room.closed is not None:
            self.lobbies.end(room.id)
            if meeting is not None:
                await self._end_for_all(meeting)
        elif meeting is not None:
            kept = room if rules else replace(room, rules=meeting.room.rules)
            meeting.change(kept, meeting.record)

    async def _end_for_all(self, meeting: Meeting) -> None:
        """By a host's word; does nothing when it is over already."""
        async with self._turn:
            room = meeting.room.id
            if self._meetings.get(room) is meeting:
                await self._end(room, meeting, "ended")
                self.lobbies.end(room)

    async def _begin(self, look: Look) -> Meeting:
        """The room's meeting, perhaps one that waits for its people: its order and its media are opened with
        it. UserError `quota_reached`."""
        house, room = self._house, look.room
        here = sum(meeting.room.tenant == room.tenant for meeting in self._meetings.values())
        if here >= look.standing.quota.meetings:
            raise UserError("quota_reached")
        suite, deployment = self._suite(room), house.deployment
        store = house.store.of(room.tenant)
        record: MeetingRecord = await store.start_meeting(
            room.id, house.rng.bytes(12).hex(), house.clock.now()
        )
        meeting = Meeting(
            room, record, store, house.clock, house.rng, house.telemetry, house.resume_seconds,
            lambda: self.lobbies.list(room.id),
        )  # fmt: skip
        meeting.deployment = deployment
        self._awaited[room.id] = (record.id, UnixMillis(house.clock.now() + RETURN))
        meeting.suite = suite
        await house.open_parts(meeting, suite)
        del self._awaited[room.id]
        self._meetings[room.id] = meeting
        house.telemetry.gauge("entente_meetings", len(self._meetings))
        return meeting

    def _suite(self, room: Room) -> int:
        """The best suite of the room's tenant (K2.6); a group keeps it for good."""
        suites = self._house.deployment.suites.get(room.tenant)
        if not suites:
            raise UserError("certificates_unavailable")
        return suites[0]

    def _session(self, meeting: Meeting, participant: Participant) -> Session:
        house = self._house
        return Session(
            meeting,
            participant,
            house.store.of(meeting.room.tenant),
            house.signer,
            house.clock,
            house.rng,
            house.telemetry,
            house.next_peer,
            self._desk,
            house.store,
        )

    def _hello_reply(self, meeting: Meeting, participant: Participant) -> wire.HelloReply:
        house, person, deployment = self._house, participant.person, meeting.deployment
        assert participant.nonce is not None
        own = deployment.suites.get(person.tenant, ())
        return wire.HelloReply(
            participant=participant.id,
            nonce=participant.nonce,
            resume_nonce=house.rng.bytes(32),
            me=Me.model_validate(
                {
                    "deployment": person.deployment,
                    "tenant": person.tenant,
                    "subject": person.subject,
                    "name": person.name,
                    "role": person.role.value,
                }
            ),
            meeting=MeetingInfo(title=meeting.room.title, slug=meeting.room.slug),
            suite=meeting.suite,
            allow_classical=CLASSICAL in own,
            deployment=deployment.id,
            manifests=list(deployment.manifests),
            policy=deployment.policies[person.tenant],
            tenants=[
                TenantLine(
                    deployment=tenant.deployment,
                    tenant=tenant.id,
                    name=tenant.name,
                    short=tenant.short,
                    colour=tenant.colour,
                )
                for tenant in house.deployment.tenants
            ],
            media=MediaInfo(connection_limit=house.connection_limit, max_video_slots=house.max_video_slots),
            resume_seconds=round(house.resume_seconds),
            room_role=participant.room_role.value,
            rules=meeting.rules(),
        )

    def resume(self, request: wire.Resume) -> tuple[Session, wire.ResumeReply]:
        """Find who claims to return. UserError `resume_expired` when nobody by that name is here, `removed`
        when that is why."""
        for meeting in self._meetings.values():
            if meeting.removed(request.participant):
                raise meeting.absence(request.participant)
            participant = meeting.people.get(request.participant)
            if participant is not None and participant.leaf_key is not None:
                nonce = self._house.rng.bytes(32)
                return self._session(meeting, participant), wire.ResumeReply(nonce=nonce)
        raise UserError("resume_expired")

    @staticmethod
    def prove(session: Session, nonce: bytes, proof: bytes) -> None:
        """K2.5: the leaf key's signature over this socket's nonce. PeerError `resume_refused`."""
        participant = session.participant
        try:
            assert participant.leaf_key is not None
            fields = msgpack.unpackb(e2ee.signed_open("resume", proof, participant.leaf_key))
        except e2ee.E2eeError as error:
            raise PeerError("resume_refused", str(error.args[0])) from None
        same = hmac.compare_digest(fields["nonce"], nonce)
        if not same or fields["participant"] != participant.id:
            raise PeerError("resume_refused", "the proof is for another nonce or participant")
        if participant.id not in session.meeting.people:
            raise session.meeting.absence(participant.id)

    async def revoke(self, data: bytes, root: bytes = b"") -> None:
        """Hand a CA's revocation to every meeting of this node (K2.4); one that it does not concern tells
        its members all the same, since they may meet that certificate later. One that began before the root
        with the SHA-256 `root` came can hold no certificate of it, and could not check its word. The first
        error is raised once every meeting has been told."""
        failed: EntenteError | None = None
        for meeting in list(self._meetings.values()):
            if root and not any(root in ring for ring in meeting.deployment.roots.values()):
                continue
            try:
                await meeting.revoke(data)
            except EntenteError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def of_tenant(self, tenant: str) -> list[Meeting]:
        """Meetings of this tenant's rooms that run on this node, oldest first."""
        own = [meeting for meeting in self._meetings.values() if meeting.room.tenant == tenant]
        return sorted(own, key=lambda meeting: (meeting.record.started, meeting.record.id))

    async def end(self, tenant: str, meeting: str) -> bool:
        """End a meeting for everybody; whether it ran, in a room of this tenant. StoreError."""
        found = next((one for one in self.of_tenant(tenant) if one.record.id == meeting), None)
        if found is not None:
            await self._end_for_all(found)
        return found is not None

    def certificates(self) -> set[bytes]:
        """SHA-256 of the certificate of everybody who is in a meeting of this node."""
        everybody = (person for meeting in self._meetings.values() for person in meeting.people.values())
        return {person.certificate for person in everybody if person.certificate is not None}

    async def expel(self, uri: str) -> None:
        """Whoever of this person has no certificate is out: there is nothing of theirs to revoke, and they
        would get one later. Nor does a token that was made before, or a knock. StoreError."""
        now = self._house.clock.now()
        self._revoked = {who: at for who, at in self._revoked.items() if now - at <= TOKEN_LIFE}
        self._revoked[uri] = now
        self.lobbies.expel(uri)
        for meeting in list(self._meetings.values()):
            for participant in list(meeting.people.values()):
                if participant.person.uri == uri and participant.certificate is None:
                    await meeting.expel(participant, "revocation")

    async def run(self) -> None:
        """End meetings that everybody has left, to which nobody came back, or whose tenant is suspended, and
        forget daily what is over, until cancelled. A store that does not answer is asked again by the next
        sweep."""
        clock = self._house.clock
        purge_at = clock.monotonic() + PURGE
        while True:
            await clock.sleep(SWEEP)
            self.lobbies.expire()
            async with self._turn:
                for room, meeting in list(self._meetings.items()):
                    if not meeting.people:
                        await self._attempt(self._end(room, meeting, "everybody_left"))
                    elif self._house.deployment.suspends(meeting.room.tenant):
                        await self._attempt(self._end(room, meeting, "tenant_suspended"))
                        self.lobbies.end(room)
                await self._attempt(self._end_awaited())
            if clock.monotonic() >= purge_at and await self._attempt(self._purge()):
                purge_at = clock.monotonic() + PURGE

    async def _attempt(self, work: Coroutine[object, object, None]) -> bool:
        """Whether it was done; the sweep goes on in any case."""
        try:
            await work
        except EntenteError as error:
            log.warning("a sweep left something over: %s", type(error).__name__)
            return False
        except Exception:
            log.exception("a sweep failed")
            return False
        return True

    async def _purge(self) -> None:
        await self._house.store.purge(self._house.clock.now())

    async def _end(self, room: str, meeting: Meeting, reason: str) -> None:
        """Stored first: a meeting that cannot be marked as ended is still here for the next try."""
        store = self._house.store.of(meeting.room.tenant)
        await store.end_meeting(meeting.record.id, self._house.clock.now())
        del self._meetings[room]
        await meeting.close(reason)
        self._house.close_parts(meeting)
        self._house.telemetry.gauge("entente_meetings", len(self._meetings))

    async def close(self) -> None:
        """The node stops: a meeting that everybody has left ends, any other waits in the store for a node."""
        async with self._turn:
            self._stopping = True
            for room, meeting in list(self._meetings.items()):
                if not meeting.people and await self._attempt(
                    self._end(room, meeting, "everybody_left")
                ):
                    continue
                self._meetings.pop(room, None)
                await meeting.put_down()
                self._house.close_parts(meeting)


def _may_host_first(person: Person, room: Room, look: Look) -> bool:
    """Where nobody hosts, the first official of the room's own tenant does; not in a restricted room, whose
    hosts are named; nor is it somebody who is to listen only."""
    if RoomRole.AUDIENCE in (look.facts.role, look.facts.was):
        return False
    own = person.role is Role.PARTICIPANT and person.tenant == room.tenant
    return own and access_of(room.rules, look.facts.policy) is not Access.RESTRICTED
