"""A database of an earlier version, with its data, comes up to this one: every old value is still there,
every row has its tenant, and the store reads it.

`tests/vectors/store/VERSION.sql` is what that version itself wrote on SQLite. On PostgreSQL the same rows are
put into the schema of that version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, MetaData

from core.ports import Store
from core.store import open_store
from core.store.engine import make_engine, migrate
from core.store.tables import metadata
from core.values import EntryState
from tests.support import people, postgres
from tests.support.clock import START
from tests.unit.core.store.conftest import Opened, every_row

DUMPS = Path(__file__).resolve().parents[4] / "tests" / "vectors" / "store"
VERSIONS = {"0.1": "0002"}
"""The last migration of each version that was given out."""
Rows = dict[str, list[dict[str, Any]]]

OWN, OTHER, NOBODY = people.TENANTS[0].id, people.TENANTS[1].id, ""
TENANT_OF = {
    "meetings": {"m1": OWN, "m2": OTHER},
    "join_tokens": {"r1": OWN, "r2": OTHER},
    "participants": {"m1": OWN, "m2": OTHER},
    "log_leaves": {"certificate": OWN, "manifest": NOBODY, "revocation": OTHER},
}
"""Whose a row became, by the column of `BY`; every other new tenant is the first one's."""
BY = {"meetings": "id", "join_tokens": "room", "participants": "meeting", "log_leaves": "kind"}
COLUMN = {"join_tokens": "room_tenant", "participants": "room_tenant"}
NEW_TENANTS = {*TENANT_OF, "groups", "entries", "commits", "public_states", "receipts"}


def load(version: str, path: Path) -> Rows:
    """Write the dump to a file of SQLite, and read its rows."""
    connection = sqlite3.connect(path)
    connection.executescript((DUMPS / f"{version}.sql").read_text())
    connection.row_factory = sqlite3.Row
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [name for name in names if not name.startswith(("sqlite_", "alembic_"))]
    rows = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in kept}  # noqa: S608
    connection.close()
    return rows


def insert_as(connection: Connection, revision: str, rows: Rows) -> None:
    """Make the schema of an earlier version and put its rows there."""
    migrate(connection, revision)
    old = MetaData()
    old.reflect(connection)
    for table in old.sorted_tables:
        booleans = {column.name for column in table.columns if isinstance(column.type, Boolean)}
        for row in rows.get(table.name, []):
            typed = {name: bool(value) if name in booleans else value for name, value in row.items()}
            connection.execute(table.insert().values(typed))


@asynccontextmanager
async def upgraded(kind: str, version: str, folder: Path, request: Any) -> AsyncIterator[tuple[Opened, Rows]]:
    """A database of that version, opened by this one."""
    path = folder / "old.sqlite"
    rows = load(version, path)
    if kind == "sqlite":
        store = await open_store(f"sqlite+aiosqlite:///{path}")
        yield Opened(store, lambda: every_row(store._engine)), rows
        await store.close()
        return
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    name = await cluster.create()
    owner = make_engine(cluster.url(name, postgres.OWNER))
    async with owner.begin() as connection:
        await connection.run_sync(insert_as, VERSIONS[version], rows)
    store = await open_store(cluster.url(name), owner=owner.url)
    yield Opened(store, lambda: every_row(owner)), rows
    await store.close()
    await owner.dispose()
    await cluster.drop(name)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_every_row_of_an_earlier_version_is_still_there(
    kind: str, version: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with upgraded(kind, version, tmp_path, request) as (opened, old):
        assert all(old.values()), "the dump has rows in every table"
        new: Any = await opened.dump()
        for table, before in old.items():
            after = [dict(zip(metadata.tables[table].columns.keys(), row, strict=True)) for row in new[table]]
            assert len(after) == len(before), table
            for row in before:
                (found,) = [one for one in after if row.items() <= one.items()]
                if table in NEW_TENANTS:
                    expected = TENANT_OF.get(table, {}).get(row.get(BY.get(table, "")), OWN)
                    assert found[COLUMN.get(table, "tenant")] == expected, table
        await reads_on(opened.store)


async def reads_on(store: Store) -> None:
    """What the meeting of the first tenant needs after the upgrade, through its own view."""
    mine, others = store.of(OWN), store.of(OTHER)
    assert await mine.room("slug-r1") == people.room() and await mine.room("slug-r2") is None
    (meeting,) = await mine.live_meetings()
    assert (meeting.id, meeting.tenant, meeting.locked) == ("m1", OWN, False)
    (shake,) = await mine.handshakes(b"g1", 0)
    assert shake.reached.epoch == 1 and await others.handshakes(b"g1", 0) == []
    assert (await mine.redeem_join_token(people.join_token().hash, START)).tenant == OWN
    last = await mine.last_reached(b"g1")
    assert last is not None
    await mine.append_entry(people.entry(3, 2, 0, EntryState.PROPOSED, last.hash), commit=people.commit(2, 0))


def test_every_version_that_was_given_out_has_its_dump() -> None:
    assert {path.stem for path in DUMPS.glob("*.sql")} == set(VERSIONS)
