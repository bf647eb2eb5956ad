"""The meetings that run on this node: found by room, begun by the first join, ended with the last leave."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

import msgpack

from core._native import e2ee
from core.errors import EntenteError, PeerError, UserError
from core.meeting.meeting import Meeting
from core.meeting.participant import Participant
from core.meeting.session import Session
from core.ports import Clock, Rng, Signer, Store, Telemetry
from core.tenants.sessions import token_hash
from core.values import Deployment, Room, UnixMillis
from core.values import Meeting as MeetingRecord
from core.wire import requests as wire
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
    """The ports and facts that meetings are made with. `open_parts` starts a meeting's order and media."""

    store: Store
    signer: Signer
    clock: Clock
    rng: Rng
    telemetry: Telemetry
    deployment: Deployment
    connection_limit: int
    max_video_slots: int
    resume_seconds: float
    max_people: int
    open_parts: Callable[[Meeting, int], Awaitable[None]]
    close_parts: Callable[[Meeting], None]
    next_peer: Callable[[], int]


class Registry:
    """Order of calls: `recover`, then `run` as a task; for each socket `hello`, or `resume` and `prove`;
    `close` last."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._meetings: dict[str, Meeting] = {}
        self._turn = asyncio.Lock()
        self._awaited: dict[str, tuple[str, UnixMillis]] = {}
        self._stopping = False

    async def recover(self) -> None:
        """Take up what an earlier run of this node left: meetings under way wait for their people, whose
        places are gone; those that have waited for long enough end."""
        store, now = self._house.store, self._house.clock.now()
        for record in await store.live_meetings():
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
        house = self._house
        hashed = token_hash(request.token)
        if hashed is None:
            raise UserError("token_unknown")
        token = await house.store.redeem_join_token(hashed, house.clock.now())
        room = await house.store.room_by_id(token.room)
        if room is None:
            raise UserError("room_unknown")
        async with self._turn:
            if self._stopping:
                raise UserError("restarting", retry_after=1)
            meeting = self._meetings.get(room.id) or await self._begin(room)
            if len(meeting.people) >= house.max_people:
                raise UserError("meeting_full")
            participant = await meeting.admit(token.person, host_if_first=True)
        try:
            return self._session(meeting, participant), self._hello_reply(meeting, participant)
        except BaseException:
            await meeting.never_came(participant)
            raise

    async def _begin(self, room: Room) -> Meeting:
        """The room's meeting, perhaps one that waits for its people: its order and its media are opened with
        it."""
        house = self._house
        suite = self._suite(room)
        record: MeetingRecord = await house.store.start_meeting(
            room.id, house.rng.bytes(12).hex(), house.clock.now()
        )
        meeting = Meeting(
            room, record, house.store, house.clock, house.rng, house.telemetry, house.resume_seconds
        )
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
            raise UserError("room_unknown")
        return suites[0]

    def _session(self, meeting: Meeting, participant: Participant) -> Session:
        house = self._house
        return Session(
            meeting,
            participant,
            house.store,
            house.signer,
            house.clock,
            house.rng,
            house.telemetry,
            house.next_peer,
        )

    def _hello_reply(self, meeting: Meeting, participant: Participant) -> wire.HelloReply:
        house, person = self._house, participant.person
        assert participant.nonce is not None
        own = house.deployment.suites.get(person.tenant, ())
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
            deployment=house.deployment.id,
            manifests=list(house.deployment.manifests),
            policy=house.deployment.policies[person.tenant],
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

    async def revoke(self, data: bytes) -> None:
        """Hand a CA's revocation to every meeting of this node (K2.4); one that it does not concern tells
        its members all the same, since they may meet that certificate later. The first error is raised once
        every meeting has been told."""
        failed: EntenteError | None = None
        for meeting in list(self._meetings.values()):
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
        async with self._turn:
            for found in self.of_tenant(tenant):
                if found.record.id == meeting:
                    await self._end(found.room.id, found)
                    return True
        return False

    def certificates(self) -> set[bytes]:
        """SHA-256 of the certificate of everybody who is in a meeting of this node."""
        everybody = (person for meeting in self._meetings.values() for person in meeting.people.values())
        return {person.certificate for person in everybody if person.certificate is not None}

    async def expel(self, uri: str) -> None:
        """Whoever of this person has no certificate is out: there is nothing of theirs to revoke, and they
        would get one later. StoreError."""
        for meeting in list(self._meetings.values()):
            for participant in list(meeting.people.values()):
                if participant.person.uri == uri and participant.certificate is None:
                    await meeting.expel(participant, "revocation")

    async def run(self) -> None:
        """End meetings that everybody has left, or to which nobody came back, and forget daily what is over,
        until cancelled. A store that does not answer is asked again by the next sweep."""
        clock = self._house.clock
        purge_at = clock.monotonic() + PURGE
        while True:
            await clock.sleep(SWEEP)
            async with self._turn:
                for room, meeting in list(self._meetings.items()):
                    if not meeting.people:
                        await self._attempt(self._end(room, meeting))
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

    async def _end(self, room: str, meeting: Meeting) -> None:
        """Stored first: a meeting that cannot be marked as ended is still here for the next try."""
        await self._house.store.end_meeting(meeting.record.id, self._house.clock.now())
        del self._meetings[room]
        await meeting.close("everybody_left")
        self._house.close_parts(meeting)
        self._house.telemetry.gauge("entente_meetings", len(self._meetings))

    async def close(self) -> None:
        """The node stops: a meeting that everybody has left ends, any other waits in the store for a node."""
        async with self._turn:
            self._stopping = True
            for room, meeting in list(self._meetings.items()):
                if not meeting.people and await self._attempt(self._end(room, meeting)):
                    continue
                self._meetings.pop(room, None)
                await meeting.put_down()
                self._house.close_parts(meeting)
