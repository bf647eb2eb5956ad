"""A person's rooms: `POST` and `GET /api/rooms`, and `PATCH /api/rooms/{slug}` for the owner and co-hosts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import StoreConflict, UserError
from core.ports import Rng
from core.ports.admission import Place
from core.tenants.pin import SALT, pin_record
from core.values import Access, Person, Room, RoomRole, RoomRules, UnixMillis
from gateway.http.body import Body, Title, read_body
from gateway.http.managing import Managers
from gateway.http.pages import limit_of, next_of, place_of
from gateway.http.shown import room_line
from gateway.services import Meetings, Services

SLUG_LETTERS = "abcdefghijkmnopqrstuvwxyz"
"""Without l, which reads like 1. Ten letters give 46 bits: links are not secret, but not guessable either."""

AccessName = Literal["public", "trusted", "restricted"]
WhoMay = Literal["everyone", "hosts"]


class NewRoom(Body):
    """A room to make."""

    title: Title
    access: AccessName = "public"


class NewRules(Body):
    """Rules to change; what is left out stays."""

    access: AccessName | None = None
    share: WhoMay | None = None
    chat: WhoMay | None = None
    unmute: WhoMay | None = None
    audience: bool | None = None


class Changes(Body):
    """What to change; what is left out stays. `pin` and `guests_until` null take them away, `closed` ends the
    room for good."""

    title: Title | None = None
    rules: NewRules | None = None
    guests: bool | None = None
    guests_until: Annotated[int, Field(gt=0, lt=2**53)] | None = None
    pin: Annotated[str, Field(pattern=r"^[0-9]{6,12}$")] | None = None
    closed: Literal[True] | None = None


def new_slug(rng: Rng) -> str:
    """A name for a link, such as `fmo-qxea-tbn`."""
    letters = [SLUG_LETTERS[rng.below(len(SLUG_LETTERS))] for _ in range(10)]
    return "".join([*letters[:3], "-", *letters[3:7], "-", *letters[7:]])


async def make_room(services: Services, owner: Person, title: str, access: Access = Access.PUBLIC) -> Room:
    """A new room of this owner, stored. Its secret is made here and never leaves but in the link."""
    for _ in range(3):
        room = Room(
            id=services.rng.bytes(12).hex(),
            slug=new_slug(services.rng),
            title=title,
            tenant=owner.tenant,
            owner=owner.uri,
            guests=True,
            secret=services.rng.bytes(32),
            created=services.clock.now(),
            rules=RoomRules(access=access),
        )
        try:
            await services.store.of(owner.tenant).create_room(room)
        except StoreConflict:
            continue
        return room
    raise UserError("unavailable", retry_after=1)


class RoomRoutes:
    """The rooms' routes."""

    def __init__(self, services: Services, managers: Managers, meetings: Meetings) -> None:
        self._services = services
        self._managers = managers
        self._meetings = meetings

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/api/rooms", self._create, methods=["POST"]),
            Route("/api/rooms", self._list, methods=["GET"]),
            Route("/api/rooms/{slug}", self._change, methods=["PATCH"]),
        ]

    async def _create(self, request: Request) -> Response:
        person = await self._managers.person(request)
        body = await read_body(request, NewRoom)
        store = self._services.store.of(person.tenant)
        tenant = await store.tenant_state()
        if tenant.suspended:
            raise UserError("tenant_suspended")
        if await store.open_rooms(tenant.quota.rooms) >= tenant.quota.rooms:
            raise UserError("quota_reached")
        room = await make_room(self._services, person, body.title, Access(body.access))
        made = {"slug": room.slug, "title": room.title, "path": room.path, "access": body.access}
        return JSONResponse(made, status_code=201)

    async def _list(self, request: Request) -> Response:
        person = await self._managers.person(request)
        limit, after = limit_of(request), place_of(request)
        store = self._services.store.of(person.tenant)
        found = await store.rooms_page(person.uri, after, limit + 1)
        page, more = found[:limit], len(found) > limit
        following = next_of(Place(page[-1].created, page[-1].id)) if more else None
        return JSONResponse(
            {"rooms": [room_line(room) for room in page], "next": following},
            headers={"Cache-Control": "no-store"},
        )

    async def _change(self, request: Request) -> Response:
        """Stored first, then told to the meeting: what fails here has changed nothing."""
        room, role, _ = await self._managers.room(request)
        body = await read_body(request, Changes)
        if body.closed and role is not RoomRole.OWNER:
            raise UserError("forbidden", "Only its owner closes a room")
        changed = await self._changed(room, body)
        try:
            await self._services.store.of(room.tenant).replace_room(room, changed)
        except StoreConflict as error:
            # Somebody else closed it, set a PIN or changed its rules meanwhile, which must not be undone.
            raise UserError("conflict") from error
        await self._meetings.room_changed(changed, rules=body.rules is not None)
        return JSONResponse(room_line(changed), headers={"Cache-Control": "no-store"})

    async def _changed(self, room: Room, body: Changes) -> Room:
        given = body.model_fields_set
        columns: dict[str, Any] = {
            key: getattr(body, key) for key in ("title", "guests") if getattr(body, key) is not None
        }
        if "guests_until" in given:
            until = body.guests_until
            columns["guests_until"] = None if until is None else UnixMillis(until)
        if "pin" in given:
            columns["pin"] = None if body.pin is None else await self._record(body.pin)
        if body.closed:
            columns["closed"] = self._services.clock.now()
        if body.rules is not None:
            rules = body.rules.model_dump(exclude_none=True)
            if "access" in rules:
                rules["access"] = Access(rules["access"])
            columns["rules"] = replace(room.rules, **rules)
        return replace(room, **columns)

    async def _record(self, pin: str) -> bytes:
        return await asyncio.to_thread(pin_record, pin, self._services.rng.bytes(SALT))
