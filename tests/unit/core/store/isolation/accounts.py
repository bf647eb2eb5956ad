"""Somebody of A who logs in by a provider of A: account, provider, login under way, session, certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.records import Account, AccountSession, ClaimMapping, PendingLogin, Provider
from core.store import SqlStore
from core.values import Assurance, UnixMillis
from tests.support.clock import START
from tests.unit.core.store.isolation import A, Probe

ORDER = 1
LATER = UnixMillis(START + 1000)
LOW = Assurance.LOW
ACCOUNT = Account(A, "u-1", "https://idp", "sub-1", "Ada", "", LOW, frozenset(), False, START, START)
PROVIDER = Provider(
    "p-1", A, "Login", "https://idp", "us", None, ("openid",), (), ClaimMapping(), ("a.example",), False,
    True, START
)  # fmt: skip
LOGIN = PendingLogin(b"s" * 32, A, "p-1", "nonce", "verifier", b"b" * 32, "/", LATER)
SESSION = AccountSession(
    "s-1", b"h" * 32, None, UnixMillis(0), A, "u-1", "p-1", "sid", None, LOW, START, START, START, LATER
)


async def seed(store: Any) -> None:
    """All of it; the double has none of these queries."""
    if not isinstance(store, SqlStore):
        return
    await store.add_account(ACCOUNT, 10)
    await store.put_provider(PROVIDER)
    await store.add_pending_login(LOGIN, START)
    await store.add_account_session(SESSION, 10)


def refreshed(store: Any) -> Any:
    """A later login."""
    return store.refresh_account("u-1", name="Ada B.", email="", assurance=LOW, seen=LATER)


PROBES = {
    "add_account": Probe(
        lambda store: store.add_account(replace(ACCOUNT, subject="u-2", provider_subject="sub-2"), 10)
    ),
    "account": Probe(lambda store: store.account("u-1")),
    "account_of": Probe(lambda store: store.account_of("https://idp", "sub-1")),
    "refresh_account": Probe(refreshed),
    "change_account": Probe(lambda store: store.change_account("u-1", blocked=True), foreign=False),
    "put_provider": Probe(lambda store: store.put_provider(replace(PROVIDER, name="Other"))),
    "provider": Probe(lambda store: store.provider("p-1")),
    "providers": Probe(lambda store: store.providers(10), foreign=[]),
    "provider_for": Probe(lambda store: store.provider_for(["a.example"])),
    "remove_provider": Probe(lambda store: store.remove_provider("p-1"), foreign=False),
    "add_pending_login": Probe(lambda store: store.add_pending_login(replace(LOGIN, state=b"t" * 32), START)),
    "take_pending_login": Probe(lambda store: store.take_pending_login(LOGIN.state, LOGIN.browser, START)),
    "add_account_session": Probe(
        lambda store: store.add_account_session(replace(SESSION, id="s-2", hash=b"i" * 32), 10)
    ),
    "held_session": Probe(lambda store: store.held_session("s-1")),
    "rotate_session": Probe(
        lambda store: store.rotate_session("s-1", b"h" * 32, b"n" * 32, LATER, START), foreign=False
    ),
    "see_session": Probe(lambda store: store.see_session("s-1", LATER)),
    "account_sessions": Probe(lambda store: store.account_sessions("u-1"), foreign=[]),
    "end_account_session": Probe(lambda store: store.end_account_session("s-1"), foreign=False),
    "end_account_sessions": Probe(lambda store: store.end_account_sessions("u-1"), foreign=0),
    "end_provider_sessions": Probe(
        lambda store: store.end_provider_sessions("p-1", sid="sid", subject=None), foreign=[]
    ),
}
