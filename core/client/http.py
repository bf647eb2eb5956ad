"""The three HTTP requests in front of a meeting: log in, make a room, ask for a join token."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from core.client.errors import JoinRefused, NodeUnreachable

TIMEOUT_S = 20
"""A node under a join storm answers late; a person would have given up by then."""


@dataclass(frozen=True, slots=True)
class Login:
    """A session of one person at one node."""

    base: str
    session: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Admission:
    """What opens the socket, once: the token is spent by its first use."""

    socket: str
    token: str = field(repr=False)
    lobby: bool = False
    """Whether the token is for the lobby."""


def split_link(link: str) -> tuple[str, str]:
    """Base address and slug of a room's link; the fragment with the room's secret stays where it is."""
    parts = urlsplit(link)
    slug = parts.path.rsplit("/", 1)[-1]
    if not parts.scheme or not slug:
        raise ValueError("a room's link looks like http://host/m/name")
    return f"{parts.scheme}://{parts.netloc}", slug


@dataclass(slots=True)
class Door:
    """A room and who comes in: as `person` (tenant, subject) of the development login, with an existing
    `login`, or as a guest. It opens as often as it is asked.
    """

    base: str
    slug: str
    person: tuple[str, str] | None = None
    guest_name: str | None = None
    login: Login | None = None
    pin: str | None = field(default=None, repr=False)

    async def ask(self) -> Admission:
        """A fresh join token. JoinRefused. A session that a restarted node has forgotten is opened anew."""
        if self.login is not None:
            try:
                return await join_room(self.login, self.slug, self.guest_name, self.pin)
            except JoinRefused as refusal:
                if refusal.code != "unauthorized" or self.person is None:
                    raise
        self.login = await open_login(self.base, *self.person) if self.person else Login(self.base, None)
        return await join_room(self.login, self.slug, self.guest_name, self.pin)


async def _request(
    base: str, method: str, path: str, body: dict[str, str] | None, session: str | None
) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {session}"} if session else {}
    try:
        async with httpx.AsyncClient(base_url=base, timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.request(method, path, json=body, headers=headers)
    except httpx.TransportError as error:
        raise NodeUnreachable(type(error).__name__) from error
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise JoinRefused("internal", f"status {answer.status_code} without a JSON object")
    if answer.is_error:
        retry = value.get("retry_after")
        raise JoinRefused(
            str(value.get("code", "internal")),
            str(value.get("detail") or value.get("title") or answer.status_code),
            float(retry) if isinstance(retry, int | float) else None,
        )
    return value


async def open_login(base: str, tenant: str, subject: str) -> Login:
    """Logs in as one of the development login's made-up officials."""
    body = {"tenant": tenant, "subject": subject}
    value = await _request(base, "POST", "/api/login/development", body, None)
    return Login(base, str(value["session"]))


async def make_room(login: Login, title: str, access: str = "public") -> str:
    """Makes a room and returns its whole link."""
    body = {"title": title, "access": access}
    value = await _request(login.base, "POST", "/api/rooms", body, login.session)
    return f"{login.base}{value['path']}"


async def join_room(
    login: Login, slug: str, guest_name: str | None = None, pin: str | None = None
) -> Admission:
    """Asks for a join token: as the person logged in, or as a guest where `session` is None."""
    said = {"guest_name": guest_name, "pin": pin}
    body = {key: value for key, value in said.items() if value is not None}
    value = await _request(login.base, "POST", f"/api/rooms/{slug}/join", body, login.session)
    scheme, rest = login.base.split("://", 1)
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{rest}{value['socket']}"
    return Admission(socket, str(value["token"]), value.get("admission") == "lobby")
