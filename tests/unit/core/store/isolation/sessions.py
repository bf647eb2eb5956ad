"""Sessions of A's development login."""

from __future__ import annotations

from typing import Any

from core.values import LoginSession
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import Probe

ORDER = 1
SESSION = LoginSession(b"s" * 32, people.person(), START)
OTHER = LoginSession(b"t" * 32, people.person(), START)
SUBJECT = (people.DEPLOYMENT, people.TENANTS[0].id, people.person().subject)


async def seed(store: Any) -> None:
    """One session."""
    await store.add_session(SESSION, 10)


PROBES = {
    "add_session": Probe(lambda store: store.add_session(OTHER, 10)),
    "session": Probe(lambda store: store.session(SESSION.hash)),
    "end_session": Probe(lambda store: store.end_session(SESSION.hash)),
    "end_sessions": Probe(lambda store: store.end_sessions(), foreign=0),
    "end_logins": Probe(lambda store: store.end_logins(*SUBJECT), foreign=0),
}
