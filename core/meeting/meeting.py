"""The state machine of one live meeting.

A participant is `joining` until its leaf is in a reached epoch, then `connected`, and `reconnecting` while
its socket is away, for 30 s at most. The meeting implements what `core.e2ee` and `core.sfu` say out
(`Voice`, `RoomOutput`), and turns it into each participant's events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace

import msgpack

from core._native import e2ee
from core.errors import StoreError, UserError
from core.meeting.participant import Participant
from core.meeting.permissions import held
from core.meeting.ports import MediaRoom, Ordering
from core.meeting.stream import Encoder, EventStream, Sink
from core.ports import Clock, Rng, Store, Telemetry
from core.sfu.room import Seat
from core.values import Deployment, ParticipantRecord, Person, Room, RoomRole
from core.values import Meeting as MeetingRecord
from core.wire.events import (
    Ended,
    Event,
    GroupRejoin,
    Lobby,
    MediaMove,
    Muted,
    Participants,
    Removed,
    RulesChanged,
    Slots,
    Speakers,
)
from core.wire.values import Rules, SlotHint

COALESCE = 0.25
"""Seconds between two lists of participants, for every 60 of them: a list of 300 is 45 kB for each of 300."""
CROWD = 60
NONCE = 32
REMOVED_KEPT = 1_000
"""Ids of people who were removed: more than a meeting holds. Of those before, a late return is told that its
time is over."""

_B32 = "abcdefghijklmnopqrstuvwxyz234567"


def participant_id(rng: Rng) -> str:
    """`p_` and 16 base32 characters: 80 bits."""
    return "p_" + "".join(_B32[rng.below(32)] for _ in range(16))


class Meeting:
    """Families: `admit`, `attach`, `lost`, `returned`, `depart`, `expel` for participants; `mute`, `enforce`,
    `set_source`, `set_signing` for what they send; `give_role`, `renamed`, `exclude`, `change` for what hosts
    command (`core.meeting.commands` says who may); `tell`, `leaves_changed`, `rejoin` from the group;
    `slots_changed`, `speakers_changed`, `must_move` from media.

    Call `start` once with the two ports, and `close` at the end, which awaits every task made here.
    """

    def __init__(
        self,
        room: Room,
        record: MeetingRecord,
        store: Store,
        clock: Clock,
        rng: Rng,
        telemetry: Telemetry,
        resume_seconds: float,
        lobby: Callable[[], Lobby],
    ) -> None:
        self.room = room
        self.record = record
        self.people: dict[str, Participant] = {}
        self.suite = 0
        """The group's for good, whatever the tenant's policy says by now; set when the meeting begins."""
        self.excluded: set[str] = set()
        """URIs of those whom a host has removed."""
        self._lobby = lobby
        self._store = store.of(room.tenant)
        self._clock = clock
        self._rng = rng
        self._telemetry = telemetry
        self._resume_seconds = resume_seconds
        self._encoder = Encoder()
        self._seats: dict[str, Sequence[Seat]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._expiries: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._epoch = 0
        self._finished = False
        self._removed: deque[str] = deque(maxlen=REMOVED_KEPT)

    deployment: Deployment
    """What the deployment's statements said when this meeting began. Its group is bound to that set of
    manifests for good, and everybody who joins is certified under a root that they name (K2.3)."""

    def start(self, ordering: Ordering, media: MediaRoom) -> None:
        """Plug the two ports in and keep the time."""
        self.ordering = ordering
        self.media = media
        self._spawn(ordering.run(), "delivery")
        self._spawn(self._announce(), "participants")

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{name} of meeting {self.record.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self, reason: str) -> None:
        """End the meeting for everybody and await every task."""
        for person in list(self.people.values()):
            person.tell(Ended(reason=reason))
        await self._finish("meeting_ended")

    async def put_down(self) -> None:
        """The node stops and the meeting does not: people are told to come back (K3.1). Awaits every task."""
        await self._finish("restarting")

    async def _finish(self, code: str) -> None:
        self._finished = True
        for person in list(self.people.values()):
            if person.hang_up is not None:
                person.hang_up(code)
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def rules(self) -> Rules:
        """The room's rules as everybody is told them."""
        rules = self.room.rules
        return Rules(
            access=rules.access.value,
            share=rules.share,
            chat=rules.chat,
            unmute=rules.unmute,
            audience=rules.audience,
            locked=self.record.locked,
        )

    def absence(self, participant: str) -> UserError:
        """Why somebody who is not here cannot return: who was removed is not to come in anew, which a client
        does by itself after `resume_expired`."""
        return UserError("removed" if self.removed(participant) else "resume_expired")

    def removed(self, participant: str) -> bool:
        """Whether a host's word or a revocation has ended this participant's part."""
        return participant in self._removed

    # ---- participants -------------------------------------------------------------------------------------

    async def admit(
        self, person: Person, role: RoomRole, *, lasting: bool = False, host_if_first: bool = False
    ) -> Participant:
        """A new participant, stored and told to everybody. Nothing is awaited before it is there."""
        now = self._clock.now()
        if host_if_first and not role.hosts and not self.hosts():
            role = RoomRole.COHOST
        participant = Participant(
            id=participant_id(self._rng),
            person=person,
            room_role=role,
            lasting=lasting,
            joined=now,
            stream=EventStream(self._encoder),
            nonce=self._rng.bytes(NONCE),
            since=self._clock.monotonic(),
        )
        self.people[participant.id] = participant
        self.media.attend(participant.id)
        self.enforce(participant)
        if participant.host and (lobby := self._lobby()).people:
            participant.tell(lobby)
        record = ParticipantRecord(
            participant.id, self.record.id, person, now, tenant=self.room.tenant, room_role=role
        )
        try:
            await self._store.add_participant(record)
        except BaseException:
            await self.never_came(participant)
            raise
        self._changed.set()
        return participant

    def hosts(self) -> list[Participant]:
        """Who commands others here."""
        return [person for person in self.people.values() if person.host]

    def tell_hosts(self, event: Event) -> None:
        """An event for the hosts alone."""
        for person in self.hosts():
            person.tell(event)

    def give_role(self, participant: Participant, role: RoomRole, by: str) -> None:
        """Somebody is something else from now on, as everybody is told with the next list; who becomes a
        host sees the lobby, and who is none any more an empty one."""
        was, participant.room_role = participant.host, role
        if participant.host != was:
            participant.tell(self._lobby() if participant.host else Lobby(people=[]))
        self.enforce(participant, by)
        self._changed.set()

    def change(self, room: Room, record: MeetingRecord, by: str | None = None) -> None:
        """The room or the door of its meeting is another from now on."""
        before = self.rules()
        self.room, self.record = room, record
        if self.rules() == before:
            return
        event = RulesChanged(rules=self.rules())
        for person in list(self.people.values()):
            person.tell(event)
            self.enforce(person, by)

    def renamed(self, participant: Participant, name: str) -> None:
        """A guest is called otherwise: the name on its tile comes from the tree, so it needs a fresh
        certificate and leaf (K2.1)."""
        participant.person = replace(participant.person, name=name)
        self.rejoin(participant.id, "renamed")
        self._changed.set()

    def attach(
        self, participant: Participant, sink: Sink, hang_up: Callable[[str], None], last_seq: int
    ) -> None:
        """A socket speaks for this participant and has everything up to `last_seq`; what came since goes out
        first. An earlier socket is closed."""
        if participant.hang_up is not None:
            participant.hang_up("replaced")
        participant.hang_up = hang_up
        for data in participant.stream.missed(last_seq) or ():
            sink(data)
        participant.stream.attach(sink)

    async def lost(self, participant: Participant, sink: Sink) -> None:
        """The socket is gone without a word; the participant has 30 s to return (K2.5)."""
        gone = self._finished or participant.id not in self.people
        if not participant.stream.detach(sink) or gone:
            return
        participant.hang_up = None
        self._away(participant)
        await self.ordering.connect(participant.id, False)

    def _away(self, participant: Participant) -> None:
        participant.state = "reconnecting"
        self._changed.set()
        self._expiries[participant.id] = self._spawn(self._expire(participant), "resume time")

    async def _expire(self, participant: Participant) -> None:
        await self._clock.sleep(self._resume_seconds)
        self._expiries.pop(participant.id, None)
        if not participant.stream.attached:
            await self.depart(participant, "timeout")

    async def returned(self, participant: Participant, last_seq: int) -> int:
        """A proven return: how many events `attach` will replay, those of a snapshot when the missed ones
        are no longer kept. Attach without waiting in between."""
        async with participant.returning:
            return await self._return(participant, last_seq)

    async def _return(self, participant: Participant, last_seq: int) -> int:
        if participant.id not in self.people:
            raise self.absence(participant.id)
        expiry = self._expiries.pop(participant.id, None)
        if expiry is not None:
            expiry.cancel()
        # Before anything is awaited: the end of the old socket must not be told after this return.
        participant.stream.release()
        if participant.hang_up is not None:
            participant.hang_up("replaced")
            participant.hang_up = None
        try:
            if participant.catching_up or participant.stream.missed(last_seq) is None:
                await self._snapshot(participant, last_seq)
            participant.state = "joining" if participant.leaf is None else "connected"
            self._changed.set()
            await self.ordering.connect(participant.id, True)
            if participant.stream.missed(last_seq) is None:
                # More came meanwhile than is kept; after a snapshot the bounds do not hold until `attach`.
                await self._snapshot(participant, last_seq)
        except BaseException:
            if participant.id in self.people and participant.id not in self._expiries:
                self._away(participant)
            raise
        return len(participant.stream.missed(last_seq) or ())

    async def _snapshot(self, participant: Participant, last_seq: int) -> None:
        """The present state in place of events that are gone (M5.2)."""
        epoch = participant.stream.restart(last_seq)
        participant.catching_up = True

        def ready() -> None:
            participant.catching_up = False

        participant.tell(self._list())
        participant.tell(RulesChanged(rules=self.rules()))
        if participant.host:
            participant.tell(self._lobby())
        if participant.id in self._seats:
            participant.tell(self._slots(self._seats[participant.id]))
        await self.ordering.catch_up(participant.id, epoch, ready)

    async def depart(self, participant: Participant, reason: str) -> None:
        """Somebody is gone for good: by leaving, or by not returning."""
        if self.people.pop(participant.id, None) is None:
            return
        urgent = reason in ("host", "revocation")
        if urgent:
            self._removed.append(participant.id)
        expiry = self._expiries.pop(participant.id, None)
        if expiry is not None and expiry is not asyncio.current_task():
            expiry.cancel()
        self._seats.pop(participant.id, None)
        self.media.leave(participant.id)
        self._changed.set()
        self._telemetry.count("entente_removals_total", reason=reason)
        if participant.leaf is None:
            self._telemetry.count("entente_joins_total", result="failed")
        await self.ordering.remove(participant.id, reason, urgent)
        await self._store.set_left(participant.id, self._clock.now())

    async def never_came(self, participant: Participant) -> None:
        """Admitted, and then nobody was told so: without a socket that ends, it would stay for ever, and the
        meeting with it. Never a StoreError: another is on its way up."""
        with contextlib.suppress(StoreError):
            await self.depart(participant, "left")

    async def expel(self, participant: Participant, reason: str, by: str | None = None) -> None:
        """Out at once, for good, and told so if there is a socket to tell it on."""
        participant.tell(Removed(reason=reason, by=by))
        if participant.hang_up is not None:
            participant.hang_up("removed")
        await self.depart(participant, reason)

    async def revoke(self, data: bytes) -> None:
        """A CA has revoked a certificate (K2.4): everybody is told, and whose it is, is out at once, with a
        leaf or before there is one. PeerError `commit_refused` when no CA has signed it."""
        found = await self.ordering.revoke(data)
        fields = msgpack.unpackb(e2ee.signed_peek("revocation", data))
        revoked = (fields["deployment"], fields["tenant"], fields["fingerprint"])
        for participant in list(self.people.values()):
            who = participant.person
            own = (who.deployment, who.tenant, participant.certificate)
            if participant.id in found or own == revoked:
                await self.expel(participant, "revocation")

    def exclude(self, uri: str) -> list[Participant]:
        """This person is not to come back: refused from here on, before anything is stored. Returns where it
        is now."""
        self.excluded.add(uri)
        return [person for person in self.people.values() if person.person.uri == uri]

    # ---- what people may send -----------------------------------------------------------------------------

    def mute(self, participant: Participant, source: str, by: str) -> None:
        """A host stops one source of somebody, who may send it again unless a rule holds it."""
        self.media.mute(participant.id, source)
        participant.sources[source] = "muted"
        self.enforce(participant)
        held = source in participant.held
        participant.tell(Muted.model_validate({"source": source, "by": by, "held": held}))
        self._changed.set()

    def enforce(self, participant: Participant, by: str | None = None) -> None:
        """The worker holds what this one may not send now; what was live of it is told as a mute by
        whoever made it so."""
        wanted = held(participant.room_role, self.room.rules, participant.sources)
        if wanted == participant.held:
            return
        fresh, participant.held = wanted - participant.held, wanted
        self.media.hold(participant.id, wanted)
        for source in sorted(fresh):
            if participant.sources.get(source) == "live":
                participant.sources[source] = "muted"
                if by is not None:
                    participant.tell(Muted.model_validate({"source": source, "by": by, "held": True}))
        if participant.signing and "camera" in wanted:
            self.set_signing(participant, False)
        self._changed.set()

    def set_source(self, participant: Participant, source: str, state: str) -> None:
        """What a participant publishes now. UserError `rule_refused` for what is held."""
        if state == "live" and source in participant.held:
            raise UserError("rule_refused")
        self.media.set_source(participant.id, source, state)
        participant.sources[source] = state
        self.enforce(participant)
        self._changed.set()

    def set_signing(self, participant: Participant, on: bool) -> None:
        """Somebody signs, which counts as speaking (M4.7), or has ended it. UserError `rule_refused` for
        whoever may not be seen."""
        if on and "camera" in participant.held:
            raise UserError("rule_refused")
        self.media.set_signing(participant.id, on)
        participant.signing = on
        self._changed.set()

    # ---- the group (core.e2ee.voice.Voice) ----------------------------------------------------------------

    def tell(self, participant: str, event: Event) -> None:
        """An event for one participant, if it is still here."""
        person = self.people.get(participant)
        if person is not None:
            person.tell(event)

    def leaves_changed(self, leaves: Mapping[str, int | None], epoch: int) -> None:
        """Who has which leaf in the epoch just reached."""
        self._epoch = epoch
        for participant, leaf in leaves.items():
            person = self.people.get(participant)
            if person is None:
                continue
            if leaf is not None and person.leaf is None:
                self._telemetry.count("entente_joins_total", result="joined")
                self._telemetry.observe("entente_join_seconds", self._clock.monotonic() - person.since)
            person.leaf = leaf
            if person.state != "reconnecting":
                person.state = "joining" if leaf is None else "connected"
            self.media.set_leaf(participant, leaf, epoch)
        self._changed.set()

    def rejoin(self, participant: str, reason: str) -> None:
        """Ask for a fresh leaf; the old one goes with the next commit."""
        person = self.people.get(participant)
        if person is not None:
            person.nonce = self._rng.bytes(NONCE)
            person.tell(GroupRejoin(reason=reason, nonce=person.nonce))

    # ---- media (core.sfu.room.RoomOutput) -----------------------------------------------------------------

    def slots_changed(self, participant: str, seats: Sequence[Seat]) -> None:
        """Where whom to expect: a hint for layout."""
        self._seats[participant] = seats
        self.tell(participant, self._slots(seats))

    @staticmethod
    def _slots(seats: Sequence[Seat]) -> Slots:
        hints = [
            SlotHint.model_validate(
                {
                    "kind": seat.slot.kind,
                    "index": seat.slot.index,
                    "participant": seat.track.participant if seat.track else None,
                    "source": seat.track.source if seat.track else None,
                }
            )
            for seat in seats
        ]
        return Slots(slots=hints)

    def speakers_changed(self, speakers: Sequence[str], levels: Mapping[str, int]) -> None:
        """Who is talking."""
        event = Speakers(people=list(speakers), levels=dict(levels))
        for person in self.people.values():
            if person.stream.attached:
                person.tell(event)

    def signing_ended(self, participant: str) -> None:
        """Nobody can see any more that this person signs."""
        person = self.people.get(participant)
        if person is not None:
            person.signing = False
            self._changed.set()

    def must_move(self, participant: str, connection: int, reason: str) -> None:
        """The client must open another PeerConnection (M5.1)."""
        self.tell(participant, MediaMove(connection=connection, reason=reason))

    # ---- announcements ------------------------------------------------------------------------------------

    def _list(self) -> Participants:
        return Participants(people=[person.line() for person in self.people.values()])

    async def _announce(self) -> None:
        """The whole list after each change, four times a second at most."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            event = self._list()
            for person in list(self.people.values()):
                person.tell(event)
            await self._clock.sleep(COALESCE * max(1.0, len(self.people) / CROWD))
