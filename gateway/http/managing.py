"""Who may manage a room over HTTP: owner and co-hosts. To another tenant's people it does not exist."""

from __future__ import annotations

from starlette.requests import Request

from core.errors import UserError
from core.values import Person, Room, RoomRole
from gateway.http.joining import find_room
from gateway.http.who import Who
from gateway.services import Meetings, Services


class Managers:
    """`room` is the way to a room that somebody wants to change."""

    def __init__(self, services: Services, who: Who, meetings: Meetings) -> None:
        self._services = services
        self._who = who
        self._meetings = meetings

    async def person(self, request: Request) -> Person:
        """Who asks. UserError `unauthorized`, and as `Who`."""
        return (await self._who.needed(request)).person

    async def room(self, request: Request) -> tuple[Room, RoomRole, Person]:
        """The room of the path and what the asker is in it, a host. UserError `unauthorized`,
        `room_unknown`, `forbidden`, `tenant_suspended`."""
        person = await self.person(request)
        room = await find_room(self._services, request)
        look = await self._meetings.look(room, person, "unasked")
        role = look.facts.role
        if role is None or not role.hosts:
            raise UserError("forbidden" if person.tenant == room.tenant else "room_unknown")
        if look.facts.excluded and role is not RoomRole.OWNER:
            raise UserError("excluded")
        if look.facts.suspended:
            raise UserError("tenant_suspended")
        return look.room, role, person
