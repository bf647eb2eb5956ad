"""The routes of everybody as the document shows them. They stand elsewhere; a test compares the two."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.admin.operation import Operation, Query
from gateway.http.joining import Join
from gateway.http.members import Former, Member
from gateway.http.rooms import Changes, NewRoom
from gateway.login.development import DevelopmentLogin
from gateway.login.routes import Discover

TAG = "meetings of everybody"
INSIDE = ("unauthorized", "account_blocked", "tenant_suspended", "assurance_low")
HOSTS = (*INSIDE, "forbidden", "room_unknown", "room_closed")
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


class OwnRoom(Said):
    """A room as its hosts see it."""

    slug: Slug
    title: str
    path: str


class OwnRooms(Said):
    """A page; `next` is None at the end."""

    rooms: list[OwnRoom]
    next: str | None


class MemberLine(Said):
    """Somebody and the role in a room."""

    who: str
    role: str


class Members(Said):
    """Everybody whom a room knows by name."""

    members: list[MemberLine]


class LoginService(Said):
    """A login service."""

    id: str
    name: str
    tenant: str


class LoginServices(Said):
    """Login services."""

    providers: list[LoginService]


class Discovered(Said):
    """None for a domain that nobody has."""

    provider: LoginService | None


class Certificates(Said):
    """A page, the newest first."""

    certificates: list[dict[str, Any]]
    before: str | None


class RoomPage(Query):
    """Where the own rooms go on."""

    after: Annotated[str, Field(pattern=r"^[0-9]{1,16}-[A-Za-z0-9]{1,32}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Before(Query):
    """Where the own certificates go on."""

    before: str | None = None


class Start(Query):
    """Which login service, and which page of ours after it."""

    provider: str = ""
    return_to: str = "/"
    level: Literal["low", "substantial", "high"] = "low"


class Answer(Query):
    """What the login service says."""

    state: str = ""
    code: str = ""
    iss: str = ""
    error: str = ""


class LoggedOut(Said):
    """Where the page goes on to, if anywhere."""

    redirect: str | None


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
        "POST", "/api/login/logout", "logOut", "Log out; a page goes on to the login service's own logout",
        public=True, reply=LoggedOut, more={204: "Done, at the development login"}, tag=TAG,
    ),
    Operation(
        "GET", "/api/me", "whoAmI", "Who is logged in", public=True, reply=Me, tag=TAG,
        codes=INSIDE,
    ),
    Operation(
        "GET", "/api/me/sessions", "listLogins", "Where somebody is logged in", public=True, reply=Logins,
        tag=TAG, codes=INSIDE,
    ),
    Operation(
        "DELETE", "/api/me/sessions/{session}", "endLogin", "End one of the own logins", public=True,
        status=204, tag=TAG, codes=INSIDE,
    ),
    Operation(
        "GET", "/api/me/certificates", "listOwnCertificates", "Certificates in one's name", public=True,
        reply=Certificates, tag=TAG, query=Before, codes=INSIDE,
    ),
    Operation(
        "GET", "/api/login/providers", "listLoginServices", "Login services of every ministry", public=True,
        reply=LoginServices, tag=TAG,
    ),
    Operation(
        "POST", "/api/login/discover", "discoverLogin", "Which login service an address leads to",
        public=True, body=Discover, reply=Discovered, tag=TAG, example={"email": "ann@exemple.example"},
    ),
    Operation(
        "GET", "/api/login/start", "startLogin", "The way to a login service, by redirection", public=True,
        query=Start, status=303, media=(), tag=TAG,
    ),
    Operation(
        "GET", "/api/login/callback/{provider}", "finishLogin", "The way back, by redirection", public=True,
        query=Answer, status=303, media=(), tag=TAG,
    ),
    Operation(
        "POST", "/api/login/backchannel/{provider}", "backChannelLogout",
        "A login service says that somebody is logged out (OpenID Connect Back-Channel Logout)", public=True,
        media=(), tag=TAG, codes=("provider_unknown", "provider_failed"),
    ),
    Operation(
        "POST", "/api/rooms", "makeRoom", "Make a room", public=True, body=NewRoom, reply=MadeRoom,
        status=201, tag=TAG, codes=(*INSIDE, "quota_reached"), example={"title": "Réunion"},
    ),
    Operation(
        "GET", "/api/rooms", "listOwnRooms", "The own rooms, newest first", public=True, reply=OwnRooms,
        query=RoomPage, tag=TAG, codes=INSIDE,
    ),
    Operation(
        "GET", "/api/rooms/{slug}", "readRoom", "What whoever has the link may know", public=True,
        reply=Room, tag=TAG, codes=("room_unknown", "room_closed", *INSIDE),
    ),
    Operation(
        "PATCH", "/api/rooms/{slug}", "changeRoom", "Change a room; for its hosts", public=True, body=Changes,
        reply=OwnRoom, tag=TAG, codes=HOSTS, example={"guests": False},
    ),
    Operation(
        "GET", "/api/rooms/{slug}/members", "listMembers", "Who belongs to a room; for its hosts",
        public=True, reply=Members, tag=TAG, codes=HOSTS,
    ),
    Operation(
        "PUT", "/api/rooms/{slug}/members", "putMember", "Give somebody a role in a room", public=True,
        body=Member, reply=MemberLine, tag=TAG, codes=(*HOSTS, "quota_reached"),
        example={"who": "mailto:ann@exemple.example", "role": "member"},
    ),
    Operation(
        "DELETE", "/api/rooms/{slug}/members", "removeMember", "Take somebody's role in a room away",
        public=True, body=Former, status=204, tag=TAG, codes=(*HOSTS, "not_found"),
        example={"who": "mailto:ann@exemple.example"},
    ),
    Operation(
        "POST", "/api/rooms/{slug}/join", "join", "Ask to come in; the token opens the socket once",
        public=True, body=Join, reply=Joined, tag=TAG,
        codes=(
            *INSIDE, "room_unknown", "room_closed", "guests_refused", "guests_ended", "pin_required",
            "pin_wrong", "excluded", "room_locked",
        ),
        example={"guest_name": "Ann"},
    ),
    Operation("GET", "/healthz", "health", "Whether the node serves", public=True, reply=Health, tag=TAG),
    Operation(
        "GET", "/api/openapi.json", "readDocument", "This document", public=True, tag=TAG,
    ),
)  # fmt: skip
