"""What hosts command: each request is checked here, on the server, before any of it is done (attack 21).

A host of the meeting alone, such as the first who came, commands this meeting; the word of a host that the
room itself names is stored and outlives it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import PeerError, StoreError, UserError
from core.meeting.entrance import lookalike
from core.meeting.lobby import Lobbies
from core.meeting.meeting import Meeting
from core.meeting.participant import Participant
from core.names import plain
from core.ports import Clock, Store
from core.records import RoomMember
from core.values import Access, Person, Role, Room, RoomRole
from core.wire import requests as wire
from core.wire.events import HandLowered

MEMBERS = 500
"""People whom a room knows by name; more is an address book, not a room. Raising it costs pages of lists."""


class Desk:
    """What commands need beyond their meeting. `names` are the names under which a room may know a person,
    its URI first; `end` ends a meeting for everybody."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lobbies: Lobbies,
        names: Callable[[Person, Room], Awaitable[tuple[str, ...]]],
        end: Callable[[Meeting], Awaitable[None]],
    ) -> None:
        self.store = store
        self.clock = clock
        self.lobbies = lobbies
        self.names = names
        self.end = end


class Commands:
    """The commands of one participant; `carry_out` is the one way to them."""

    def __init__(self, meeting: Meeting, by: Participant, desk: Desk) -> None:
        self._meeting = meeting
        self._by = by
        self._desk = desk
        self._store = desk.store.of(meeting.room.tenant)
        self.handlers: Mapping[type[wire.Request], Callable[[Any], Awaitable[None]]] = {
            wire.Mute: self._mute,
            wire.MuteAll: self._mute_all,
            wire.LowerHands: self._lower_hands,
            wire.Remove: self._remove,
            wire.Rename: self._rename,
            wire.Promote: self._promote,
            wire.SetRules: self._set_rules,
            wire.EndForAll: self._end_for_all,
            wire.Admit: self._admit,
            wire.AdmitAll: self._admit_all,
            wire.Refuse: self._refuse,
        }

    async def carry_out(self, request: wire.Request) -> wire.Empty:
        """UserError `not_host` for everybody else, before anything is looked at; PeerError
        `participant_unknown` for whoever is not in this meeting."""
        if not self._by.host:
            raise UserError("not_host")
        await self.handlers[type(request)](request)
        return wire.Empty()

    def _target(self, participant: str) -> Participant:
        found = self._meeting.people.get(participant)
        if found is None:
            raise PeerError("participant_unknown")
        return found

    # ---- what people send ---------------------------------------------------------------------------------

    async def _mute(self, request: wire.Mute) -> None:
        target = self._target(request.participant)
        self._meeting.mute(target, request.source, self._by.id)
        if request.source == "screen" and target.sources.get("screen_sound", "off") != "off":
            self._meeting.mute(target, "screen_sound", self._by.id)

    async def _mute_all(self, request: wire.MuteAll) -> None:
        """Whoever says that its microphone is off is muted as well, but not told so."""
        for person in self._meeting.people.values():
            if not person.host and person.sources.get("microphone", "off") != "off":
                self._meeting.mute(person, "microphone", self._by.id)
            elif not person.host:
                self._meeting.media.mute(person.id, "microphone")

    async def _lower_hands(self, request: wire.LowerHands) -> None:
        """Hands are sealed messages that the node cannot read: their owners' clients take them down."""
        lowered = HandLowered(by=self._by.id)
        if request.participant is not None:
            self._target(request.participant).tell(lowered)
            return
        for person in self._meeting.people.values():
            person.tell(lowered)

    # ---- who is here, and as what -------------------------------------------------------------------------

    async def _remove(self, request: wire.Remove) -> None:
        """Out at once with every tab (K4.6), then stored, so that it holds after a restart. A guest may come
        again under another name, therefore every later guest knocks."""
        target = self._target(request.participant)
        if target.room_role is RoomRole.OWNER or target is self._by:
            raise UserError("forbidden", "The room's owner is not removed, and nobody removes itself")
        meeting, uri = self._meeting, target.person.uri
        tabs = meeting.exclude(uri)
        if target.person.role is Role.GUEST:
            meeting.record = replace(meeting.record, guests_knock=True)
        trouble: StoreError | None = None
        for tab in tabs:
            try:
                await meeting.expel(tab, "host", self._by.id)
            except StoreError as error:
                trouble = trouble or error  # the other tabs go all the same, and nobody comes back
        await self._store.exclude(meeting.record.id, uri, self._desk.clock.now())
        await self._keep_door()
        if trouble is not None:
            raise trouble

    async def _rename(self, request: wire.Rename) -> None:
        """Guests alone, and never to what somebody with a login is called."""
        target = self._target(request.participant)
        if target.person.role is not Role.GUEST:
            raise UserError("rename_refused")
        try:
            name = plain(request.name)
        except ValueError as error:
            raise UserError("invalid", f"name: {error}") from None
        if lookalike(self._meeting, name):
            raise UserError("rename_refused", "Somebody with a login has this name")
        if target.leaf_key is not None and target.leaf is None:
            raise PeerError("out_of_order", "this guest is still on the way into the group")
        self._meeting.renamed(target, name)

    async def _promote(self, request: wire.Promote) -> None:
        """Nobody makes or unmakes an owner, and somebody always hosts."""
        target, role = self._target(request.participant), RoomRole(request.room_role)
        if target.room_role is RoomRole.OWNER:
            raise UserError("forbidden", "The owner of a room stays its owner")
        if not role.hosts and self._meeting.hosts() == [target]:
            raise UserError("forbidden", "Somebody must host: make another one host first")
        lasted, keep = target.lasting, self._by.lasting and target.person.role is not Role.GUEST
        # Nothing is awaited between the check above and this: two hosts must not unmake each other at once.
        self._meeting.give_role(target, role, self._by.id)
        await self._store.set_participant_role(target.id, role)
        if keep:
            await self._keep_role(target, role, lasted)

    async def _keep_role(self, target: Participant, role: RoomRole, lasted: bool) -> None:
        """The room knows a co-host from now on, by its URI; who is none any more stays its member."""
        room = self._meeting.room
        if role.hosts:
            await self._store.put_member(RoomMember(room.id, target.person.uri, role), MEMBERS)
        elif lasted:
            names = await self._desk.names(target.person, room)
            for name in names[1:]:
                await self._store.remove_member(room.id, name)
            await self._store.put_member(RoomMember(room.id, names[0], RoomRole.MEMBER), MEMBERS)
        target.lasting = role.hosts

    # ---- the room -----------------------------------------------------------------------------------------

    async def _set_rules(self, request: wire.SetRules) -> None:
        """Done before it is stored: what two hosts change at once then adds up, and who comes in next is
        judged by the meeting's own rules."""
        meeting = self._meeting
        given = request.model_dump(exclude={"id", "type", "locked"}, exclude_none=True)
        if "access" in given:
            given["access"] = Access(given["access"])
        room = replace(meeting.room, rules=replace(meeting.room.rules, **given))
        locked = meeting.record.locked if request.locked is None else request.locked
        meeting.change(room, replace(meeting.record, locked=locked), self._by.id)
        if given and self._by.lasting:
            await self._store.set_rules(room.id, meeting.room.rules)
        if request.locked is not None:
            await self._keep_door()

    async def _keep_door(self) -> None:
        record = self._meeting.record
        await self._store.set_door(record.id, locked=record.locked, guests_knock=record.guests_knock)

    async def _end_for_all(self, request: wire.EndForAll) -> None:
        await self._desk.end(self._meeting)

    # ---- the lobby ----------------------------------------------------------------------------------------

    async def _admit(self, request: wire.Admit) -> None:
        await self._desk.lobbies.admit(self._meeting.room.id, request.knock)

    async def _admit_all(self, request: wire.AdmitAll) -> None:
        await self._desk.lobbies.admit_all(self._meeting.room.id)

    async def _refuse(self, request: wire.Refuse) -> None:
        self._desk.lobbies.refuse(self._meeting.room.id, request.knock)
