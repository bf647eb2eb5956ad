"""A store for each test, with a tenant, a room and a meeting: SQLite in a file, and the double of others.

The double must refuse what the database refuses, or tests that stand on it would prove nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.ports import Store
from core.store import open_store
from tests.support import people
from tests.support.clock import START
from tests.support.store import MemoryStore


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store but for what every test needs."""
    opened: Store = MemoryStore()
    if request.param == "sqlite":
        opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await opened.put_tenant(tenant)
    await opened.create_room(people.room())
    await opened.start_meeting("r1", "m1", START)
    yield opened
    await opened.close()
