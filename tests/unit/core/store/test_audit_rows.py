"""Audit events are written once: nobody changes one, or deletes one within its tenant's retention."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import StoreError
from core.store.engine import reading, writing
from core.store.tables import audit_events
from tests.unit.core.store.conftest import Opened
from tests.unit.core.store.isolation import A

pytestmark = pytest.mark.parametrize("opened", ["sqlite", "postgres"], indirect=True)
"""The double has no audit events."""

DAY = 24 * 3600 * 1000


@pytest.fixture
async def engine(opened: Opened) -> AsyncEngine:
    """A database with one event of today and one older than the 365 days its tenant keeps them."""
    engine: AsyncEngine = opened.store.of(A)._engine  # type: ignore[attr-defined]
    now = int(time.time() * 1000)
    async with writing(engine) as connection:
        for when in (now, now - 366 * DAY):
            await connection.execute(
                insert(audit_events).values(
                    tenant=A, time=when, actor_kind="system", actor="system", action="tenant.create",
                    object_kind="tenant", object=A, outcome="success", address="", detail={},
                )
            )  # fmt: skip
    return engine


async def test_an_event_is_never_changed(engine: AsyncEngine) -> None:
    with pytest.raises(StoreError):
        async with writing(engine) as connection:
            await connection.execute(update(audit_events).values(actor="somebody else"))


async def test_an_event_goes_after_its_tenants_retention_and_not_before(engine: AsyncEngine) -> None:
    with pytest.raises(StoreError):
        async with writing(engine) as connection:
            await connection.execute(delete(audit_events))
    async with writing(engine) as connection:
        old = await connection.execute(delete(audit_events).where(audit_events.c.time < _days_ago(365)))
    assert old.rowcount == 1
    async with reading(engine) as connection:
        assert await connection.scalar(select(func.count()).select_from(audit_events)) == 1


async def test_the_tenants_own_retention_counts(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        await connection.execute(text("UPDATE tenants SET retention_days = 400"))
    with pytest.raises(StoreError):
        async with writing(engine) as connection:
            await connection.execute(delete(audit_events).where(audit_events.c.time < _days_ago(365)))


def _days_ago(days: int) -> int:
    return int(time.time() * 1000) - days * DAY
