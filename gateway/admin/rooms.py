"""Rooms of the ministry: listed, changed, closed. Their secrets and PINs are never shown."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Annotated, Literal, Protocol

from pydantic import Field

from core.actions import Action
from core.audit import Auditor
from core.errors import PeerError, UserError
from core.ports import Clock
from core.values import Access, Room
from gateway.admin.operation import Call, Operation, Page, Reply
from gateway.admin.scopes import Scope
from gateway.admin.serve import unchanged
from gateway.http.body import Body, Title

_CURSOR = re.compile(r"(\d{1,16})\.([A-Za-z0-9_-]{1,32})")

Who = Literal["everyone", "hosts"]
class Changed(Protocol):
    """Tells a running meeting that its room is another one now; `rules` says whether they were meant."""

    async def room_changed(self, room: Room, *, rules: bool) -> None:
        """See `gateway.services.Meetings`."""
        ...


class Search(Page):
    """A page of rooms."""

    search: Annotated[str, Field(max_length=100)] = ""


class RoomReply(Reply):
    """A room as the administration sees it."""

    version: str
    id: str
    slug: str
    title: str
    owner: str
    guests: bool
    guests_until: int | None
    access: Access
    share: Who
    chat: Who
    unmute: Who
    audience: bool
    has_pin: bool
    created: int
    closed: int | None


class Rooms(Reply):
    """A page, newest first; `next` is None at the end."""

    rooms: list[RoomReply]
    next: str | None


class ChangeRoom(Body):
    """What changes; what is left out stays. A closed room stays closed."""

    title: Title | None = None
    guests: bool | None = None
    access: Access | None = None
    share: Who | None = None
    chat: Who | None = None
    unmute: Who | None = None
    audience: bool | None = None
    closed: Literal[True] | None = None


RULES = ("access", "share", "chat", "unmute", "audience")


def version_of(room: Room) -> str:
    """Changes with anything that can be changed."""
    said = repr((room.title, room.rules, room.guests, room.guests_until, room.closed, room.pin is None))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _shown(room: Room) -> RoomReply:
    return RoomReply(
        version=version_of(room),
        id=room.id,
        slug=room.slug,
        title=room.title,
        owner=room.owner,
        guests=room.guests,
        guests_until=room.guests_until,
        has_pin=room.pin is not None,
        created=room.created,
        closed=room.closed,
        **{name: getattr(room.rules, name) for name in RULES},
    )


def _place(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise PeerError("bad_request", "query.after: not of a page before")
    return int(found[1]), found[2]


class RoomOperations:
    """`operations` for the registration."""

    def __init__(self, clock: Clock, audit: Auditor, live: Changed) -> None:
        self._clock = clock
        self._audit = audit
        self._live = live

    def operations(self) -> list[Operation]:
        """List, look at, change."""
        one, unknown = "/api/admin/rooms/{room}", ("room_unknown",)
        return [
            Operation(
                "GET", "/api/admin/rooms", "listHouseRooms", "Rooms, newest first", self._list,
                Scope.ROOMS_READ, query=Search, reply=Rooms, tag="rooms",
            ),
            Operation(
                "GET", one, "readHouseRoom", "A room", self._read, Scope.ROOMS_READ,
                reply=RoomReply, versioned=True, tag="rooms", codes=unknown,
            ),
            Operation(
                "PATCH", one, "changeHouseRoom", "Change a room, or close it for good", self._change,
                Scope.ROOMS_WRITE, body=ChangeRoom, reply=RoomReply, versioned=True, tag="rooms",
                codes=(*unknown, "conflict", "room_closed"), example={"guests": False},
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> Rooms:
        wanted: Search = call.query
        found = await call.store.house_rooms(wanted.search, _place(wanted.after), wanted.limit + 1)
        shown, last = found[: wanted.limit], found[wanted.limit - 1 : wanted.limit]
        more = f"{last[0].created}.{last[0].id}" if len(found) > wanted.limit else None
        return Rooms(rooms=[_shown(one) for one in shown], next=more)

    async def _read(self, call: Call) -> RoomReply:
        return _shown(await self._room(call))

    async def _change(self, call: Call) -> RoomReply:
        room, sent = await self._room(call), call.body
        unchanged(call, version_of(room))
        if room.closed is not None:
            raise UserError("room_closed")
        fields = {name: value for name, value in sent if value is not None}
        if not fields:
            return _shown(room)
        rules = replace(room.rules, **{name: fields[name] for name in RULES if name in fields})
        others = {name: fields[name] for name in ("title", "guests") if name in fields}
        closed = self._clock.now() if sent.closed else None
        new = replace(room, rules=rules, closed=closed, **others)
        action = Action.ROOM_CLOSED if closed else Action.ROOM_CHANGED
        said = " ".join(sorted(fields))
        async with self._audit.act(call.tenant, call.actor, action, room.id, fields=said):
            await call.store.replace_room(room, new)
            await self._live.room_changed(new, rules=rules != room.rules)
        return _shown(new)

    async def _room(self, call: Call) -> Room:
        room = await call.store.room_by_id(call.path["room"])
        if room is None or room.tenant != call.tenant:
            raise UserError("room_unknown")
        return room
