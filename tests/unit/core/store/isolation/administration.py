"""A's audit events, service tokens and profile, and the listings of its house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.ports import AuditFilter
from core.records import AuditEvent, ServiceToken
from core.store import SqlStore
from core.values import Quota, TenantRules, UnixMillis
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import A, Probe

ORDER = 3
LATER = UnixMillis(START + 1000)
OWN = "names no row; the view says whose it will be"
EVENT = AuditEvent(0, A, START, "system", "system", "room.created", "room", "r1", "success", "")
TOKEN = ServiceToken("t-1", A, "Program", b"t" * 32, frozenset({"people:read"}), "u-1", START, LATER)
GIVEN = TenantRules(guests=False)
ROOM = people.room()


async def seed(store: Any) -> None:
    """One of each; the double has not all of these queries."""
    if not isinstance(store, SqlStore):
        return
    await store.append_audit(EVENT)
    await store.add_service_token(TOKEN, 10)
    await store.change_policy(None, GIVEN)


async def renamed(store: Any) -> None:
    """A's profile with another name, by whoever has this view."""
    tenant = replace(people.TENANTS[0], policy=GIVEN)
    await store.change_profile(tenant, replace(tenant, short="Autre"))


PROBES = {
    "append_audit": Probe(lambda store: store.append_audit(EVENT), public=OWN),
    "audit_events": Probe(lambda store: store.audit_events(AuditFilter(), after=0, limit=10), foreign=[]),
    "add_service_token": Probe(
        lambda store: store.add_service_token(replace(TOKEN, id="t-2", hash=b"u" * 32), 10), public=OWN
    ),
    "service_token": Probe(lambda store: store.service_token(TOKEN.hash)),
    "service_tokens": Probe(lambda store: store.service_tokens(), foreign=[]),
    "use_service_token": Probe(lambda store: store.use_service_token("t-1", LATER)),
    "revoke_service_token": Probe(lambda store: store.revoke_service_token("t-1", LATER), foreign=False),
    "profile": Probe(lambda store: store.profile(), foreign=people.TENANTS[1]),
    "change_profile": Probe(renamed),
    "own_policy": Probe(lambda store: store.own_policy()),
    "change_policy": Probe(lambda store: store.change_policy(GIVEN, TenantRules())),
    "used": Probe(lambda store: store.used(), foreign=Quota(0, 0, 0, 0)),
    "people": Probe(lambda store: store.people("", "", 10), foreign=[]),
    "house_rooms": Probe(lambda store: store.house_rooms("", None, 10), foreign=[]),
    "replace_room": Probe(lambda store: store.replace_room(ROOM, replace(ROOM, title="Autre"))),
}
