"""Somebody who has logged in by a provider, without one: an account, a session and its cookie."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from core.records import Account, Right
from core.tenants.account_sessions import AccountSessions
from core.values import Assurance
from gateway.http.cookies import SESSION
from gateway.login.notes import LoginNotes
from tests.support import people
from tests.support.clock import START
from tests.support.forger import Forger, callback
from tests.unit.gateway.conftest import Site

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a request of our own page."""


def account(
    subject: str = "u-0001", tenant: str = "exemple", name: str = "Ada Lemoine", **changes: object
) -> Account:
    """An account."""
    fields: dict[str, object] = {
        "tenant": tenant,
        "subject": subject,
        "issuer": f"https://login.{tenant}.example",
        "provider_subject": f"sub-of-{subject}",
        "name": name,
        "email": f"{subject}@{tenant}.example",
        "assurance": Assurance.SUBSTANTIAL,
        "rights": frozenset[Right](),
        "blocked": False,
        "created": START,
        "seen": START,
    }
    return Account(**(fields | changes))  # type: ignore[arg-type]


def sessions_of(site: Site) -> AccountSessions:
    """The site's sessions, as the application makes them."""
    notes = LoginNotes(site.telemetry, site.services.audit)
    return AccountSessions(site.services.store, site.clock, site.services.rng, notes.stolen)


async def log_in(site: Site, one: Account | None = None, **session: object) -> str:
    """The cookie of somebody who has just logged in; the account is made when it is not there."""
    one = one or account()
    store = site.services.store.of(one.tenant)
    if await store.account(one.subject) is None:
        await store.add_account(one, 100)
    how: dict[str, object] = {"sid": None, "acr": None, "assurance": one.assurance} | session
    return await sessions_of(site).open(one, "p-1", **how)  # type: ignore[arg-type]


def with_cookie(cookie: str, **more: str) -> dict[str, str]:
    """Headers of a page of our own."""
    return {"Cookie": f"{SESSION}={cookie}", **SAME_SITE, **more}


def cookies_set(reply: object) -> dict[str, str]:
    """Name to value of what a response sets; a cookie that it takes away has an empty value."""
    found = reply.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return dict(one.split(";")[0].split("=", 1) for one in found)


def provider(one: str, issuer: str, **changes: object) -> dict[str, object]:
    """A provider of the settings, as ProConnect's claims come."""
    return {
        "id": one,
        "name": f"Login {one}",
        "issuer": issuer,
        "client_id": "entente",
        "domains": [f"{one}.example"],
        "claims": {"assurance": {"eidas1": "low", "eidas2": "substantial", "eidas3": "high"}},
        **changes,
    }


def tenants(*providers: dict[str, object]) -> dict[str, object]:
    """Settings of the two ministries, the first with these providers, the second with those called after
    it."""
    return {
        "tenants": [
            {
                "id": one.id,
                "name": one.name,
                "short": one.short,
                "colour": one.colour,
                "providers": [p for p in providers if (p["id"] == "beispiel") == (one.id == "beispiel")],
            }
            for one in people.TENANTS
        ]
    }


class Browser:
    """Cookies, and following a login by hand. What it has seen last is in `reply`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.cookies: dict[str, str] = {}

    async def get(self, path: str) -> httpx.Response:
        """As a page is opened."""
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = await self._site.client.get(path, headers={"Cookie": jar} if jar else {})
        self.cookies |= cookies_set(reply)
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return reply

    async def start(self, name: str, **asked: str) -> str:
        """Where the login page leads."""
        reply = await self.get("/api/login/start?" + urlencode({"provider": name, **asked}))
        assert reply.status_code == 303
        return reply.headers["location"]

    async def log_in(self, forger: Forger, name: str = "exemple", **asked: str) -> str:
        """A whole login; returns where it ends."""
        location = await self.start(name, **asked)
        if location.startswith("/login?"):
            return location
        answer = forger.authorize(location)
        return (await self.get(callback(forger.last_query, answer))).headers["location"]

    async def name(self) -> str | None:
        """Who one is by now."""
        person = (await self.get("/api/me")).json()["person"]
        return person["name"] if person else None


def problem_of(location: str) -> str:
    """The code on the login page."""
    assert location.startswith("/login?"), location
    return parse_qs(urlsplit(location).query)["problem"][0]
