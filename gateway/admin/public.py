"""The routes of everybody as the document shows them. They stand elsewhere; a test compares the two."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.admin.operation import Operation
from gateway.http.rooms import Join, NewRoom
from gateway.login.development import DevelopmentLogin

TAG = "meetings of everybody"
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}-[a-z]{4}-[a-z]{3}$")]


class Said(BaseModel):
    """An answer of a route that others write; more may stand in it with a later version."""

    model_config = ConfigDict(extra="allow")


class Config(Said):
    """What a page asks first."""

    product: str
    version: str
    development: bool
    deployment: str
    tenants: list[dict[str, Any]]
    login: dict[str, Any]
    languages: list[str]


class Session(Said):
    """A login at the development login."""

    session: str
    person: dict[str, str]


class MadeRoom(Said):
    """A new room; the fragment of `path` is its secret and is shown this once."""

    slug: Slug
    title: str
    path: str


class Room(Said):
    """What whoever has the link may know."""

    slug: Slug
    title: str
    people: Annotated[int, Field(ge=0)]
    guests: bool


class Joined(Said):
    """`token` opens `socket` once."""

    token: str
    socket: str
    expires_in: int


class Me(Said):
    """Who is logged in; nobody is an answer too."""

    person: dict[str, Any] | None


class Logins(Said):
    """Where somebody is logged in."""

    sessions: list[dict[str, Any]]


class Health(Said):
    """`failing` names the parts that do not answer."""

    status: Literal["ok", "failing"]
    failing: list[str]


PUBLIC: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/config", "readConfig", "What a page asks first", public=True, reply=Config, tag=TAG
    ),
    Operation(
        "POST", "/api/login/development", "developmentLogin", "Log in as a made-up official", public=True,
        body=DevelopmentLogin, reply=Session, tag=TAG, codes=("login_disabled", "person_unknown"),
        example={"tenant": "exemple", "subject": "x-7f3k2m9q"},
    ),
    Operation(
        "POST", "/api/login/logout", "logOut", "Log out", public=True, status=204, tag=TAG,
    ),
    Operation(
        "GET", "/api/me", "whoAmI", "Who is logged in", public=True, reply=Me, tag=TAG,
        codes=("account_blocked", "tenant_suspended"),
    ),
    Operation(
        "GET", "/api/me/sessions", "listLogins", "Where somebody is logged in", public=True, reply=Logins,
        tag=TAG, codes=("unauthorized", "account_blocked", "tenant_suspended"),
    ),
    Operation(
        "DELETE", "/api/me/sessions/{session}", "endLogin", "End one of the own logins", public=True,
        status=204, tag=TAG, codes=("unauthorized", "account_blocked", "tenant_suspended"),
    ),
    Operation(
        "POST", "/api/rooms", "makeRoom", "Make a room", public=True, body=NewRoom, reply=MadeRoom,
        status=201, tag=TAG, codes=("unauthorized", "quota_reached", "tenant_suspended"),
        example={"title": "Réunion"},
    ),
    Operation(
        "GET", "/api/rooms/{slug}", "readRoom", "What whoever has the link may know", public=True,
        reply=Room, tag=TAG, codes=("room_unknown",),
    ),
    Operation(
        "POST", "/api/rooms/{slug}/join", "join", "Ask to come in; the token opens the socket once",
        public=True, body=Join, reply=Joined, tag=TAG,
        codes=("unauthorized", "guests_refused", "room_unknown"), example={"guest_name": "Ann"},
    ),
    Operation("GET", "/healthz", "health", "Whether the node serves", public=True, reply=Health, tag=TAG),
    Operation(
        "GET", "/api/openapi.json", "readDocument", "This document", public=True, tag=TAG,
    ),
)  # fmt: skip
