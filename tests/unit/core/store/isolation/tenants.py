"""Tenants: a view has one, its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.records import StandingTenant, Usage
from core.values import UnixMillis
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import A, Probe

ORDER = 3
LATER = UnixMillis(START + 1)


async def seed(store: Any) -> None:
    """A meeting that is over, with a group to forget."""
    await store.create_room(people.room("r8"))
    await store.start_meeting("r8", "m8", START)
    await store.create_group(people.group(b"g8", "m8"))
    await store.end_meeting("m8", START)


PROBES = {
    "add_tenant": Probe(
        lambda store: store.add_tenant(replace(people.TENANTS[0], id=A + "-2")),
        by_node=True,
    ),
    "change_tenant": Probe(lambda store: store.change_tenant(replace(people.TENANTS[0], name="Autre"))),
    "standing_tenants": Probe(
        lambda store: store.standing_tenants(), foreign=[StandingTenant(people.TENANTS[1], False)]
    ),
    "tenant": Probe(lambda store: store.tenant(A)),
    "list_tenants": Probe(lambda store: store.list_tenants(), foreign=[people.TENANTS[1]]),
    "usage_of": Probe(lambda store: store.usage_of(A), foreign=Usage(0, 0, 0)),
    "forget": Probe(lambda store: store.forget(A, LATER), foreign=0),
}
