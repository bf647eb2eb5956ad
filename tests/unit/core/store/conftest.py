"""A store in a file of its own for each test, with a tenant, a room and a meeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import SqlStore, open_store
from tests.support import people
from tests.support.clock import START


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """An empty database but for what every test needs."""
    opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await opened.put_tenant(tenant)
    await opened.create_room(people.room())
    await opened.start_meeting("r1", "m1", START)
    yield opened
    await opened.close()
