"""Rooms and the way into them: `POST /api/rooms`, `GET /api/rooms/{slug}`, `POST /api/rooms/{slug}/join`.

A room's link is reusable; what it gives is a join token that opens one socket, once, within a minute.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import StoreConflict, UserError
from core.ports import Rng
from core.tenants.sessions import new_token, token_hash
from core.values import Assurance, JoinToken, Person, Role, Room, UnixMillis
from gateway.http.body import Body, PersonName, Title, read_body
from gateway.http.who import Who
from gateway.services import Services

JOIN_SECONDS = 60
"""Life of a join token: time for a page to open its socket, on a bad line too."""

SLUG_LETTERS = "abcdefghijkmnopqrstuvwxyz"
"""Without l, which reads like 1. Ten letters give 46 bits: links are not secret, but not guessable either."""


class NewRoom(Body):
    """A room to make."""

    title: Title


class Join(Body):
    """A guest says a name; somebody logged in sends none."""

    guest_name: PersonName | None = None


def new_slug(rng: Rng) -> str:
    """A name for a link, such as `fmo-qxea-tbn`."""
    letters = [SLUG_LETTERS[rng.below(len(SLUG_LETTERS))] for _ in range(10)]
    return "".join([*letters[:3], "-", *letters[3:7], "-", *letters[7:]])


async def make_room(services: Services, owner: Person, title: str, *, guests: bool) -> Room:
    """A new room of this owner, stored. Its secret is made here and never leaves but in the link."""
    for _ in range(3):
        room = Room(
            id=services.rng.bytes(12).hex(),
            slug=new_slug(services.rng),
            title=title,
            tenant=owner.tenant,
            owner=owner.uri,
            guests=guests,
            secret=services.rng.bytes(32),
            created=services.clock.now(),
        )
        try:
            await services.store.create_room(room)
        except StoreConflict:
            continue
        return room
    raise UserError("unavailable", retry_after=1)


def guest(services: Services, tenant: str, name: str) -> Person:
    """Somebody nobody checked, let in by the room's tenant under a random subject (K2.1)."""
    return Person(
        deployment=services.deployment.id,
        tenant=tenant,
        subject="g-" + services.rng.bytes(15).hex(),
        name=name,
        name_checked=False,
        role=Role.GUEST,
        assurance=Assurance.LOW,
    )


class RoomRoutes:
    """The rooms' routes. `people` counts who is in a room, `guests` says whether a tenant's policy takes
    any."""

    def __init__(
        self,
        services: Services,
        who: Who,
        people: Callable[[str], int],
        guests: Callable[[str], bool],
    ) -> None:
        self._services = services
        self._who = who
        self._people = people
        self._guests = guests

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/api/rooms", self._create, methods=["POST"]),
            Route("/api/rooms/{slug}", self._show, methods=["GET"]),
            Route("/api/rooms/{slug}/join", self._join, methods=["POST"]),
        ]

    async def _create(self, request: Request) -> Response:
        person = (await self._who.needed(request)).person
        body = await read_body(request, NewRoom)
        room = await make_room(self._services, person, body.title, guests=self._guests(person.tenant))
        return JSONResponse({"slug": room.slug, "title": room.title, "path": room.path}, status_code=201)

    async def _show(self, request: Request) -> Response:
        room = await self._room(request)
        return JSONResponse(
            {
                "slug": room.slug,
                "title": room.title,
                "people": self._people(room.id),
                "guests": room.guests and self._guests(room.tenant),
            }
        )

    async def _join(self, request: Request) -> Response:
        token = new_token(self._services.rng)
        hashed = token_hash(token)
        assert hashed is not None
        with self._services.telemetry.span("join.token", root_of=hashed):
            person = await self._who.person(request)
            body = await read_body(request, Join)
            room = await self._room(request)
            if person is None:
                person = self._admit_guest(room, body.guest_name)
            expires = UnixMillis(self._services.clock.now() + JOIN_SECONDS * 1000)
            await self._services.store.add_join_token(JoinToken(hashed, room.id, person, expires))
            self._services.telemetry.count("entente_join_tokens_total", role=person.role.value)
        return JSONResponse(
            {"token": token, "socket": "/api/socket", "expires_in": JOIN_SECONDS},
            headers={"Cache-Control": "no-store"},
        )

    def _admit_guest(self, room: Room, name: str | None) -> Person:
        if name is None:
            raise UserError("unauthorized", "Log in, or say a guest's name")
        if not (room.guests and self._guests(room.tenant)):
            raise UserError("guests_refused")
        return guest(self._services, room.tenant, name)

    async def _room(self, request: Request) -> Room:
        slug = request.path_params["slug"]
        room = await self._services.store.room(slug) if len(slug) <= 64 else None
        if room is None:
            raise UserError("room_unknown")
        return room
