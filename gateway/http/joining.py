"""The way into a room: `GET /api/rooms/{slug}` says what is behind a link and how whoever asks would come in,
`POST /api/rooms/{slug}/join` gives a join token that opens one socket, once, within a minute.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import UserError
from core.meeting.admission import Way, access_of
from core.meeting.entrance import Look
from core.tenants.sessions import TOKEN_LIFE, new_token, token_hash
from core.values import Assurance, JoinToken, Person, Role, Room, UnixMillis
from gateway.http.body import Body, PersonName, read_body
from gateway.http.pins import PinTries
from gateway.http.shown import settings_of
from gateway.http.who import Who
from gateway.limits import Limiter, network_of
from gateway.services import Meetings, Services

JOIN_SECONDS = TOKEN_LIFE // 1000
"""Life of a join token: time for a page to open its socket, on a bad line too."""

GUEST_BURST = 30.0
GUESTS_PER_SECOND = 0.5
"""Guests of one address: a delegation that comes at once. Each leaves a row for a day; higher lets one
machine write more of them."""


class Join(Body):
    """A guest says a name, and the room's PIN if it has one; somebody logged in sends neither."""

    guest_name: PersonName | None = None
    pin: Annotated[str, Field(max_length=64)] | None = None


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


async def find_room(services: Services, request: Request) -> Room:
    """The room of the path: whoever knows its slug may ask, of whatever tenant. UserError `room_unknown`,
    `room_closed`."""
    slug = request.path_params["slug"]
    room = await services.store.room(slug) if len(slug) <= 64 else None
    if room is None:
        raise UserError("room_unknown")
    if room.closed is not None:
        raise UserError("room_closed")
    return room


class JoinRoutes:
    """Looks and joins."""

    def __init__(self, services: Services, who: Who, meetings: Meetings) -> None:
        self._services = services
        self._who = who
        self._meetings = meetings
        self._tries = PinTries(services.clock)
        self._guests = Limiter(services.clock, GUEST_BURST, GUESTS_PER_SECOND)

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/api/rooms/{slug}", self._show, methods=["GET"]),
            Route("/api/rooms/{slug}/join", self._join, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        person = await self._who.person(request)
        room = await find_room(self._services, request)
        look = await self._meetings.look(room, person, "unasked")
        return JSONResponse(self._shown(look), headers={"Cache-Control": "no-store"})

    def _shown(self, look: Look) -> dict[str, object]:
        room, facts = look.room, look.facts
        guests = room.guests and facts.policy.guests and not facts.guests_ended
        shown: dict[str, object] = {
            "slug": room.slug,
            "title": room.title,
            "people": self._meetings.people(room.id),
            "guests": guests and (facts.has_pin or facts.policy.guests_without_pin),
            "pin": facts.has_pin,
            "access": access_of(facts.rules, facts.policy).value,
            "tenant": room.tenant,
            "admission": look.verdict.way.value,
        }
        if facts.role is not None:
            shown["room_role"] = facts.role.value
            if facts.role.hosts:
                shown["settings"] = settings_of(room)
        return shown

    async def _join(self, request: Request) -> Response:
        services = self._services
        token = new_token(services.rng)
        hashed = token_hash(token)
        assert hashed is not None
        with services.telemetry.span("join.token", root_of=hashed):
            # The body first: who holds it back must not keep a login that ends meanwhile.
            body = await read_body(request, Join)
            person = await self._who.person(request)
            room = await find_room(services, request)
            if person is None:
                person = self._guest(request, room, body.guest_name)
            look = await self._look(request, room, person, body.pin)
            if look.verdict.way in (Way.REFUSED, Way.LOGIN):
                raise UserError(look.verdict.code)
            expires = UnixMillis(services.clock.now() + JOIN_SECONDS * 1000)
            store = services.store.of(room.tenant)
            await store.add_join_token(JoinToken(hashed, room.id, person, expires, room.tenant))
            services.telemetry.count("entente_join_tokens_total", role=person.role.value)
        return JSONResponse(
            {
                "token": token,
                "socket": "/api/socket",
                "expires_in": JOIN_SECONDS,
                "admission": look.verdict.way.value,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def _look(self, request: Request, room: Room, person: Person, pin: str | None) -> Look:
        """The verdict; a PIN is only tried where it is all that is still missing."""
        look = await self._meetings.look(room, person, "missing" if pin is None else "given")
        asked = look.facts.guest and look.room.pin is not None and pin is not None
        if asked and look.verdict.way in (Way.DIRECT, Way.LOBBY):
            address = self._address(request)
            if not await self._tries.check(look.room, address, pin or ""):
                look = await self._meetings.look(room, person, "wrong")
        self._meetings.count_admission("join", look)
        return look

    def _guest(self, request: Request, room: Room, name: str | None) -> Person:
        if name is None:
            raise UserError("unauthorized", "Log in, or say a guest's name")
        if (wait := self._guests.take(self._address(request))) > 0:
            raise UserError("rate_limited", retry_after=round(wait, 1))
        return guest(self._services, room.tenant, name)

    @staticmethod
    def _address(request: Request) -> str:
        return network_of(request.client.host if request.client else None)
