"""Tenants in the database, and what they no longer keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import LibraryError, StoreConflict
from core.records import StandingTenant, Usage
from core.store import SqlStore
from core.values import Assurance, EntryState, Quota, Tenant, TenantRules, UnixMillis
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.conftest import Opened

pytestmark = pytest.mark.parametrize("opened", ["sqlite", "postgres"], indirect=True)
WHOLE = Tenant(
    "exemplo", people.DEPLOYMENT, "Ministério", "Exemplo", "#0f5132",
    names=(("de", "Beispiel"), ("fr", "Exemple")), languages=("fr", "en"), retention_days=30, suspended=True,
    created=START, policy=TenantRules((0x4F, 1), False, False, False, Assurance.HIGH),
    quota=Quota(1, 2, 3, 4), logo=b"\x89PNG",
)  # fmt: skip


def sql(opened: Opened) -> SqlStore:
    """With the family that only the database has."""
    assert isinstance(opened.store, SqlStore)
    return opened.store


async def test_a_tenant_comes_back_as_it_was_stored(opened: Opened) -> None:
    store = sql(opened)
    await store.add_tenant(WHOLE)
    assert await store.tenant("exemplo") == WHOLE
    with pytest.raises(StoreConflict):
        await store.add_tenant(WHOLE)
    changed = replace(WHOLE, short="X", suspended=False, logo=None)
    await store.change_tenant(changed)
    assert await store.tenant("exemplo") == changed
    with pytest.raises(StoreConflict):
        await store.change_tenant(replace(WHOLE, id="nobody"))
    with pytest.raises(LibraryError):
        await store.of("exemple").add_tenant(replace(WHOLE, id="another"))


async def test_settings_do_not_undo_what_was_set_in_the_database(opened: Opened) -> None:
    store = sql(opened)
    await store.add_tenant(WHOLE)
    await store.put_tenant(Tenant("exemplo", people.DEPLOYMENT, "Novo", "Novo", "#0f5132"))
    assert await store.tenant("exemplo") == replace(WHOLE, name="Novo", short="Novo")


async def test_a_tenant_goes_by_the_settings_until_it_is_given_rules(opened: Opened) -> None:
    store = sql(opened)
    first = people.TENANTS[0]
    await store.change_tenant(replace(first, retention_days=30, logo=b"PNG"), rules=False)
    assert StandingTenant(replace(first, retention_days=30), False) in await store.standing_tenants()
    await store.change_tenant(replace(first, policy=WHOLE.policy))
    assert StandingTenant(replace(first, policy=WHOLE.policy), True) in await store.standing_tenants()


async def test_pages_follow_each_other_by_key(opened: Opened) -> None:
    store = sql(opened)
    await store.add_tenant(WHOLE)
    first = await store.list_tenants(limit=2)
    rest = await store.list_tenants(first[-1].id, 2)
    assert [one.id for one in [*first, *rest]] == ["beispiel", "exemple", "exemplo"]


async def test_usage_counts_what_is_open(opened: Opened) -> None:
    store = sql(opened)
    for name in ("r1", "r2"):
        await store.create_room(people.room(name))
    await store.create_room(replace(people.room("r3"), closed=START))
    await store.start_meeting("r1", "m1", START)
    assert await store.usage_of("exemple") == Usage(rooms=2, accounts=0, meetings=1)


async def test_a_meetings_handshakes_go_after_the_tenants_retention_k4_2(opened: Opened) -> None:
    store = sql(opened)
    for name, meeting, group in (("r1", "m1", b"g1"), ("r2", "m2", b"g2")):
        await store.create_room(people.room(name))
        await store.start_meeting(name, meeting, START)
        await store.create_group(people.group(group, meeting))
        await store.append_entry(people.entry(0, 0, 0, EntryState.REACHED, group=group))
    await store.end_meeting("m1", UnixMillis(START + 5))
    assert await store.forget("exemple", UnixMillis(START + 5)) == 0
    assert await store.forget("exemple", UnixMillis(START + 6)) == 2
    assert await store.group(b"g1") is None and await store.head(b"g2") is not None, "the other goes on"


async def test_the_daily_purge_goes_by_each_tenants_own_retention(opened: Opened) -> None:
    store, day = sql(opened), 24 * 3600 * 1000
    await store.change_tenant(replace(people.TENANTS[0], retention_days=30))
    await store.create_room(people.room())
    await store.start_meeting("r1", "m1", START)
    await store.create_group(people.group())
    await store.end_meeting("m1", START)
    assert await store.purge(UnixMillis(START + 30 * day)) == 0
    assert await store.of("beispiel").purge(UnixMillis(START + 400 * day)) == 0
    assert await store.purge(UnixMillis(START + 30 * day + 1)) == 1
    assert await store.group(b"g1") is None
