"""Gathers what `core.meeting.admission` decides by: from the store, and from the meeting that runs.

The live meeting's word counts for more than the store's, and is read last, with nothing awaited between it
and the verdict: what a host has said before the verdict is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from core.errors import PeerError, UserError
from core.meeting.admission import Facts, Pin, Verdict, Way, decide
from core.meeting.meeting import Meeting
from core.names import skeleton
from core.ports import Clock, Store
from core.ports.admission import Standing
from core.values import Person, Role, Room, RoomRole, TenantRules


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one person at one door: the verdict, and what it was made from."""

    verdict: Verdict
    facts: Facts
    standing: Standing

    @property
    def room(self) -> Room:
        """The room as the store has it."""
        return self.standing.room

    @property
    def lasting(self) -> bool:
        """Whether the room itself makes the person a host, so that its word outlives the meeting."""
        role = self.facts.role
        return role is not None and role.hosts


class Entrance:
    """`look` decides. `rules` are what the deployment allows each tenant by its configuration; the stricter
    of it and the store's counts. `live` finds a room's running meeting."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Mapping[str, TenantRules],
        live: Callable[[str], Meeting | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._live = live

    async def look(
        self, room: Room, person: Person | None, *, admitted: bool = False, pin: Pin = "unasked"
    ) -> Look:
        """`person` None is somebody who has not said who it is, and would come as a guest. UserError
        `room_unknown`; StoreError."""
        guest = person is None or person.role is Role.GUEST
        whos = () if person is None else await self.names(person, room)
        standing = await self._store.of(room.tenant).standing(room.id, whos)
        if standing is None:
            raise UserError("room_unknown")
        facts = self._facts(standing, person, guest, admitted, pin)
        return Look(decide(facts), facts, standing)

    async def names(self, person: Person, room: Room) -> tuple[str, ...]:
        """The names under which a room may know this person, the URI first. StoreError."""
        if person.role is Role.GUEST:
            return (person.uri,)
        own = self._store.of(person.tenant)
        address = await own.trusted_address(person.tenant, person.subject, room.tenant)
        return (person.uri,) if address is None else (person.uri, f"mailto:{address}")

    def _facts(
        self, standing: Standing, person: Person | None, guest: bool, admitted: bool, pin: Pin
    ) -> Facts:
        room, meeting = standing.room, self._live(standing.room.id)
        record = meeting.record if meeting else standing.meeting
        until = room.guests_until
        excluded = standing.excluded
        if meeting is not None and person is not None:
            excluded = excluded or person.uri in meeting.excluded
        return Facts(
            guest=guest,
            role=None if guest else standing.role,
            was=None if guest or excluded else self._was(meeting, person, standing),
            rules=meeting.room.rules if meeting else room.rules,
            policy=self._policy(room.tenant, standing.policy),
            room_guests=room.guests,
            guests_ended=until is not None and until <= self._clock.now(),
            has_pin=room.pin is not None,
            pin=pin,
            suspended=standing.suspended,
            closed=room.closed is not None,
            excluded=excluded,
            locked=record is not None and record.locked,
            guests_knock=record is not None and record.guests_knock,
            lookalike=guest and person is not None and lookalike(meeting, person.name),
            admitted=admitted,
        )

    @staticmethod
    def _was(meeting: Meeting | None, person: Person | None, standing: Standing) -> RoomRole | None:
        """What this person was in the meeting: of two tabs the one that is here says it."""
        if meeting is None or person is None:
            return standing.was
        here = [one.room_role for one in meeting.people.values() if one.person.uri == person.uri]
        return here[-1] if here else standing.was

    def _policy(self, tenant: str, stored: TenantRules) -> TenantRules:
        configured = self._rules.get(tenant, TenantRules())
        return replace(
            stored,
            guests=stored.guests and configured.guests,
            guests_without_pin=stored.guests_without_pin and configured.guests_without_pin,
            public_rooms=stored.public_rooms and configured.public_rooms,
        )


def lookalike(meeting: Meeting | None, name: str) -> bool:
    """Whether somebody with a login is in the meeting whom a reader would take for this name."""
    if meeting is None:
        return False
    seen = skeleton(name)
    return any(
        one.person.role is not Role.GUEST and skeleton(one.person.name) == seen
        for one in meeting.people.values()
    )


def let_in(look: Look) -> None:
    """PeerError and UserError by name for whoever may not come in straight away."""
    verdict = look.verdict
    if verdict.way is Way.LOBBY:
        raise PeerError("lobby_required")
    if verdict.way is not Way.DIRECT:
        raise UserError(verdict.code)
