"""The one place that turns a request into a person: a provider's session by its cookie, the development
login's by its bearer token, or nobody.

A cookie travels without the page wanting it, so a request that carries one and changes something must come
from a page of this host (`cross_site` otherwise). A bearer token does not, and needs no such proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from core.errors import PeerError, UserError
from core.records import Account, AccountSession, Right
from core.tenants import demo
from core.tenants.account_sessions import AccountSessions, Checked
from core.tenants.sessions import Sessions
from core.values import Assurance, Person, Role
from gateway.http.cookies import SESSION, clear_session, set_session

_LEVELS: Sequence[Assurance] = (Assurance.LOW, Assurance.SUBSTANTIAL, Assurance.HIGH)
_READING = ("GET", "HEAD")


def reaches(level: Assurance, least: Assurance) -> bool:
    """Whether a login of this level is enough where `least` is demanded."""
    return _LEVELS.index(level) >= _LEVELS.index(least)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `account` and `session` are None at the development login, which has neither."""

    person: Person
    account: Account | None = None
    session: AccountSession | None = None

    @property
    def rights(self) -> frozenset[Right]:
        """What an administrator has given; at the development login what the made-up officials have."""
        if self.account is not None:
            return self.account.rights
        return demo.rights_of(self.person.tenant, self.person.subject)


def as_person(deployment: str, account: Account, assurance: Assurance) -> Person:
    """An account as its tenant vouches for it, at the level of the login at hand."""
    return Person(
        deployment=deployment,
        tenant=account.tenant,
        subject=account.subject,
        name=account.name,
        name_checked=True,
        role=Role.PARTICIPANT,
        assurance=assurance,
    )


class Who:
    """`person` for most routes, `needed` where nobody may not, `caller` where rights or the session count."""

    def __init__(self, deployment: str, development: Sessions, sessions: AccountSessions) -> None:
        self._deployment = deployment
        self._development = development
        self._sessions = sessions

    async def person(self, request: Request) -> Person | None:
        """Who asks, None for nobody. UserError as `caller`."""
        caller = await self.caller(request)
        return caller.person if caller else None

    async def needed(self, request: Request) -> Caller:
        """Who asks. UserError unauthorized for nobody, and as `caller`."""
        caller = await self.caller(request)
        if caller is None:
            raise UserError("unauthorized")
        return caller

    async def caller(self, request: Request, *, any_assurance: bool = False) -> Caller | None:
        """Who asks, None for nobody.

        UserError unauthorized (a token or cookie that is wrong or over: nobody is silently somebody else),
        account_blocked, tenant_suspended, and assurance_low when the tenant has come to demand more than this
        login, unless `any_assurance`. PeerError cross_site.
        """
        if "authorization" in request.headers:
            return Caller(await self._bearer(request.headers["authorization"]))
        cookie = request.cookies.get(SESSION)
        if not cookie:
            return None
        if request.method not in _READING:
            same_site(request)
        checked = await self._checked(request, cookie)
        account, session = checked.held.account, checked.held.session
        if not any_assurance and not reaches(session.assurance, checked.held.tenant.policy.assurance):
            raise UserError("assurance_low")
        return Caller(as_person(self._deployment, account, session.assurance), account, session)

    async def _bearer(self, header: str) -> Person:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise UserError("unauthorized")
        return await self._development.person(token.strip())

    async def _checked(self, request: Request, cookie: str) -> Checked:
        try:
            checked = await self._sessions.check(cookie)
        except UserError as error:
            if error.code == "unauthorized":
                clear_session(request)
            raise
        if checked.fresh is not None:
            set_session(request, checked.fresh)
        return checked


def same_site(request: Request) -> None:
    """PeerError cross_site unless a page of this host sent the request (Fetch Metadata; older browsers by
    Origin). A body that is not JSON is refused where it is read, so a form cannot send one."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise PeerError("cross_site")
        return
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc.lower() != request.headers.get("host", "").lower():
        raise PeerError("cross_site")
