"""A store for each test, with its tenants, a room and a meeting: SQLite in a file, PostgreSQL with its two
roles, and the double of others.

The double must refuse what the database refuses, or tests that stand on it would prove nothing.
"""

from __future__ import annotations

import asyncio
import copy
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.ports import Store
from core.store import open_store
from core.store.engine import make_engine, reading
from core.store.tables import metadata
from tests.support import people, postgres
from tests.support.clock import START
from tests.support.store import MemoryStore


@dataclass(frozen=True)
class Opened:
    """A store, and every row there is, whosever it is."""

    store: Store
    dump: Callable[[], Awaitable[object]]


async def every_row(engine: AsyncEngine) -> dict[str, list[tuple[object, ...]]]:
    """All tables, to whoever sees everything."""
    async with reading(engine) as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """One server for all tests."""
    if postgres.binaries() is None:
        pytest.fail(f"PostgreSQL is not here: {postgres.INSTALL}")
    with postgres.cluster() as running:
        with ThreadPoolExecutor(1) as beside:  # a test's loop may run here already
            beside.submit(asyncio.run, _template(running)).result()
        yield running


async def _template(running: postgres.Cluster) -> None:
    """The two roles, and a database with every table and grant."""
    for role in (postgres.OWNER, postgres.NODE):
        await running.run(f"CREATE ROLE {role} LOGIN")
    name = await running.create()
    store = await open_store(running.url(name), owner=running.url(name, postgres.OWNER))
    await store.close()
    await running.run(f"ALTER DATABASE {name} RENAME TO {postgres.TEMPLATE}")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows, copied for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite"

    async def make() -> None:
        await (await open_store(f"sqlite+aiosqlite:///{path}")).close()

    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, make()).result()
    return path


@pytest.fixture
async def sqlite(tmp_path: Path, empty: Path) -> AsyncIterator[Opened]:
    """A store with two tenants on SQLite alone."""
    async with _sqlite(tmp_path, empty) as made:
        for tenant in people.TENANTS:
            await made.store.put_tenant(tenant)
        yield made


@pytest.fixture
async def database(cluster: postgres.Cluster) -> AsyncIterator[str]:
    """A migrated database of this test alone."""
    name = await cluster.create(postgres.TEMPLATE)
    yield name
    await cluster.drop(name)


@asynccontextmanager
async def _sqlite(folder: Path, empty: Path) -> AsyncIterator[Opened]:
    shutil.copyfile(empty, folder / "test.sqlite")
    sql = await open_store(f"sqlite+aiosqlite:///{folder}/test.sqlite")
    yield Opened(sql, lambda: every_row(sql._engine))
    await sql.close()


@asynccontextmanager
async def _memory() -> AsyncIterator[Opened]:
    memory = MemoryStore()

    async def rows() -> object:
        return copy.deepcopy({key: value for key, value in vars(memory).items() if key != "_views"})

    yield Opened(memory, rows)


@asynccontextmanager
async def on_postgres(cluster: postgres.Cluster, database: str) -> AsyncIterator[Opened]:
    """As the node's role; the dump is the owner's, whom row-level security does not bind."""
    sql = await open_store(cluster.url(database))
    owner = make_engine(cluster.url(database, postgres.OWNER))
    yield Opened(sql, lambda: every_row(owner))
    await sql.close()
    await owner.dispose()


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path, empty: Path
) -> AsyncIterator[Opened]:
    """A store with two tenants and nothing else."""
    if request.param == "postgres":
        # Asked for by name, so that the others run without a server.
        cluster: postgres.Cluster = request.getfixturevalue("cluster")
        name = await cluster.create(postgres.TEMPLATE)
        context = on_postgres(cluster, name)
    else:
        context = _sqlite(tmp_path, empty) if request.param == "sqlite" else _memory()
    async with context as made:
        for tenant in people.TENANTS:
            await made.store.put_tenant(tenant)
        yield made
    if request.param == "postgres":
        await cluster.drop(name)


@pytest.fixture
async def store(opened: Opened) -> Store:
    """A store with what every test needs."""
    await opened.store.create_room(people.room())
    await opened.store.start_meeting("r1", "m1", START)
    return opened.store
