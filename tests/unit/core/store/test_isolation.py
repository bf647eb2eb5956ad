"""Whatever method of the store is called: the view of one tenant sees nothing and changes nothing of another.

The walk is made from the methods themselves, so that a new one without a probe fails. The same probe with
the owner's view must find or change something, or it would prove nothing.
"""

from __future__ import annotations

import inspect

import pytest

from core.errors import ChainBroken, LibraryError, StoreConflict, UserError
from core.ports import Store
from core.store import SqlStore
from core.store.scope import Scope, limited_to
from tests.unit.core.store.conftest import Opened
from tests.unit.core.store.isolation import A, B, Probe, probes, seed

WHOLE = {"of", "ping", "close"}
"""What is about the database, not about rows."""
REFUSALS = (StoreConflict, ChainBroken, LibraryError, UserError)


def methods() -> set[str]:
    """Every public method of the store."""
    named = inspect.getmembers(SqlStore, inspect.isfunction)
    return {name for name, _ in named if not name.startswith("_")} - WHOLE


def test_every_method_has_a_probe() -> None:
    assert methods() == set(probes())


async def test_another_tenant_finds_nothing_and_changes_nothing(opened: Opened) -> None:
    await seed(opened.store.of(A))
    before = await opened.dump()
    for name, probe in probes().items():
        if hasattr(opened.store, name) and not probe.public:
            assert await given(probe, opened.store.of(B)) == probe.foreign, name
            assert await opened.dump() == before, f"{name} changed what is another's"


@pytest.mark.parametrize("name", sorted(methods()))
async def test_its_owner_finds_or_changes_something(sqlite: Opened, name: str) -> None:
    await seed(sqlite.store.of(A))
    before = await sqlite.dump()
    assert await probes()[name].call(sqlite.store.of(A)) or await sqlite.dump() != before


async def given(probe: Probe, store: Store) -> object:
    """What a probe gives; a refusal is as good as what nobody has."""
    try:
        return await probe.call(store)
    except REFUSALS as refusal:
        if isinstance(refusal, UserError):
            assert refusal.code.endswith("_unknown"), "another's is not there, not forbidden"
        return probe.foreign


async def test_a_node_of_one_tenant_has_no_view_of_another() -> None:
    node = limited_to([A])
    assert node.narrowed(A).tenants == {A} and node.narrowed(B).tenants == frozenset()
    assert limited_to([]).narrowed(B).own == B


def test_what_row_security_is_told_names_nobody_by_accident() -> None:
    assert Scope().setting == "*"
    assert Scope(frozenset()).setting == ""
    assert Scope(frozenset({""})).setting == ",", "the deployment's own rows have an empty tenant"
    assert limited_to([B, A]).setting == f",{B},{A}"
