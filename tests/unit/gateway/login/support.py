"""Somebody who has logged in by a provider, without one: an account, a session and its cookie."""

from __future__ import annotations

from core.records import Account, Right
from core.tenants.account_sessions import AccountSessions
from core.values import Assurance
from gateway.http.cookies import SESSION
from gateway.login.notes import LoginNotes
from tests.support.clock import START
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
    notes = LoginNotes(site.telemetry)
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
