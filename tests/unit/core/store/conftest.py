"""A store for each test, with its tenants, a room and a meeting: SQLite in a file, and the double of others.

The double must refuse what the database refuses, or tests that stand on it would prove nothing.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from core.ports import Store
from core.store import SqlStore, open_store
from core.store.engine import reading
from core.store.tables import metadata
from tests.support import people
from tests.support.clock import START
from tests.support.store import MemoryStore


@dataclass(frozen=True)
class Opened:
    """A store, and every row there is, whosever it is."""

    store: Store
    dump: Callable[[], Awaitable[object]]


async def every_row(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    """All tables of a store that sees everything."""
    async with reading(store._engine) as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


@pytest.fixture(params=["sqlite", "memory"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    """A store with two tenants and nothing else."""
    if request.param == "sqlite":
        sql = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
        made = Opened(sql, lambda: every_row(sql))
    else:
        memory = MemoryStore()

        async def rows() -> object:
            return copy.deepcopy({key: value for key, value in vars(memory).items() if key != "_views"})

        made = Opened(memory, rows)
    for tenant in people.TENANTS:
        await made.store.put_tenant(tenant)
    yield made
    await made.store.close()


@pytest.fixture
async def store(opened: Opened) -> Store:
    """A store with what every test needs."""
    await opened.store.create_room(people.room())
    await opened.store.start_meeting("r1", "m1", START)
    return opened.store
