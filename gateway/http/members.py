"""The people a room knows by name: `GET`, `PUT` and `DELETE /api/rooms/{slug}/members`.

Addresses travel in bodies alone: what stands in a path or a query reaches logs.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import PeerError, StoreConflict, UserError
from core.meeting.commands import MEMBERS
from core.records import RoomMember
from core.values import RoomRole
from gateway.http.body import Body, read_body
from gateway.http.managing import Managers
from gateway.services import Services

_WHO = re.compile(
    r"mailto:[^\s@<>\"(),:;\[\]\\\x00-\x1f]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62}\.)+[a-z]{2,63}"
    r"|entente://[a-z0-9.-]{1,63}/[a-z0-9-]{1,63}/[A-Za-z0-9._-]{1,64}"
)


def _who(text: str) -> str:
    """A person's URI, or `mailto:` and an address, which counts in lower case."""
    who = text.lower() if text.lower().startswith("mailto:") else text
    if not _WHO.fullmatch(who):
        raise ValueError("must be mailto: and an address, or a person's URI")
    return who


Who = Annotated[str, Field(max_length=330), AfterValidator(_who)]


class Member(Body):
    """Somebody, and what it is in the room."""

    who: Who
    role: Literal["cohost", "member", "audience"]


class Former(Body):
    """Somebody the room shall not know any more."""

    who: Who


class MemberRoutes:
    """Reads and changes a room's people, for its owner and its co-hosts."""

    def __init__(self, services: Services, managers: Managers) -> None:
        self._services = services
        self._managers = managers

    def routes(self) -> list[Route]:
        """For the app."""
        path = "/api/rooms/{slug}/members"
        return [
            Route(path, self._list, methods=["GET"]),
            Route(path, self._put, methods=["PUT"]),
            Route(path, self._delete, methods=["DELETE"]),
        ]

    async def _list(self, request: Request) -> Response:
        """All of them: a room has few enough for one answer, and a place in the list would be a name."""
        room, _, _ = await self._managers.room(request)
        found = await self._services.store.of(room.tenant).members(room.id, "", MEMBERS)
        lines = [{"who": member.who, "role": member.role.value} for member in found]
        return JSONResponse({"members": lines}, headers={"Cache-Control": "no-store"})

    async def _put(self, request: Request) -> Response:
        room, _, _ = await self._managers.room(request)
        body = await read_body(request, Member)
        if body.who == room.owner:
            raise UserError("forbidden", "The owner of a room stays its owner")
        try:
            member = RoomMember(room.id, body.who, RoomRole(body.role))
            await self._services.store.of(room.tenant).put_member(member, MEMBERS)
        except StoreConflict:
            raise UserError("quota_reached", f"A room knows {MEMBERS} people at most") from None
        return JSONResponse({"who": body.who, "role": body.role})

    async def _delete(self, request: Request) -> Response:
        room, _, _ = await self._managers.room(request)
        body = await read_body(request, Former)
        if not await self._services.store.of(room.tenant).remove_member(room.id, body.who):
            raise PeerError("not_found", "The room does not know this person")
        return Response(status_code=204)
