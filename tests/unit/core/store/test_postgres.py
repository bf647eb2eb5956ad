"""What PostgreSQL adds: row-level security behind our own filter, two roles, and writers that meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ColumnElement, Connection, text, true

from core.errors import StartError, StoreBusy, StoreError
from core.store import open_store
from core.store.engine import make_engine, reading, writing
from core.store.grants import GRANTS, grant
from core.store.scope import Scope
from core.store.tables import metadata
from tests.support import people, postgres
from tests.unit.core.store.conftest import Opened, on_postgres
from tests.unit.core.store.isolation import A, B, probes, seed
from tests.unit.core.store.test_isolation import REFUSALS, methods


@pytest.fixture
async def node(cluster: postgres.Cluster, database: str) -> AsyncIterator[Opened]:
    """A store as the node's role."""
    async with on_postgres(cluster, database) as made:
        for tenant in people.TENANTS:
            await made.store.put_tenant(tenant)
        yield made


def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take our own filter away: every row is ours, whoever asks."""

    def owns(self: Scope, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return true()

    monkeypatch.setattr(Scope, "owns", owns)
    monkeypatch.setattr(Scope, "sees", lambda self, tenant: True)


async def test_row_security_alone_keeps_another_tenant_out(
    node: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed(node.store.of(A))
    other = node.store.of(B)
    unfiltered(monkeypatch)
    before = await node.dump()
    for name in sorted(methods()):
        probe = probes()[name]
        if probe.public:
            continue
        found = probe.foreign
        try:
            found = await probe.call(other)
        except (*REFUSALS, StoreError):
            # The database refuses a row of another's by an error that is not ours to name.
            pass
        assert found == probe.foreign, name
        assert await node.dump() == before, f"{name} changed what is another's"


async def test_a_transaction_that_says_no_tenant_sees_nothing(
    node: Opened, cluster: postgres.Cluster
) -> None:
    await seed(node.store.of(A))
    database = node.store._engine.url.database  # type: ignore[attr-defined]
    engine = make_engine(cluster.url(database))
    async with reading(engine) as connection:
        for table in metadata.sorted_tables:
            count = await connection.scalar(text(f"SELECT count(*) FROM {table.name}"))  # noqa: S608
            assert count == (1 if table.name == "revocations" else 0), table.name
    await engine.dispose()


async def test_every_table_has_row_security_and_no_more_rights_than_listed(node: Opened) -> None:
    query = (
        "SELECT c.relname, c.relrowsecurity, (SELECT string_agg(privilege_type, ', ' ORDER BY "
        "array_position(ARRAY['SELECT','INSERT','UPDATE','DELETE'], privilege_type::text)) "
        "FROM information_schema.role_table_grants g WHERE g.table_name = c.relname "
        "AND g.grantee = current_user) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind = 'r'"
    )
    async with reading(node.store._engine) as connection:  # type: ignore[attr-defined]
        rows = (await connection.execute(text(query))).all()
    assert {name: rights for name, _, rights in rows} == GRANTS
    assert {name for name, secured, _ in rows if not secured} == {"alembic_version"}


@pytest.mark.parametrize("statement", ["CREATE TABLE mine (id int)", "UPDATE audit_events SET actor = 'x'",
                                       "ALTER TABLE rooms DISABLE ROW LEVEL SECURITY",
                                       "TRUNCATE audit_events", "DELETE FROM log_leaves"])  # fmt: skip
async def test_the_nodes_role_may_not(node: Opened, statement: str) -> None:
    with pytest.raises(StoreError):
        async with writing(node.store._engine) as connection:  # type: ignore[attr-defined]
            await connection.execute(text(statement))


@pytest.mark.parametrize("role", [postgres.OWNER, "postgres"])
async def test_a_node_does_not_start_as_a_role_that_sees_everything(
    cluster: postgres.Cluster, database: str, role: str
) -> None:
    with pytest.raises(StartError, match="row-level security does not bind"):
        await open_store(cluster.url(database, role))


async def test_a_node_without_the_owner_does_not_migrate(cluster: postgres.Cluster) -> None:
    name = await cluster.create()
    with pytest.raises(StartError, match="another schema"):
        await open_store(cluster.url(name))
    nodes = await asyncio.gather(
        *(open_store(cluster.url(name), owner=cluster.url(name, postgres.OWNER)) for _ in range(3))
    )
    for one in nodes:
        await one.ping()
        await one.close()
    await cluster.drop(name)


async def test_the_migrations_make_the_tables_here_too(cluster: postgres.Cluster, database: str) -> None:
    engine = make_engine(cluster.url(database, postgres.OWNER))

    def differences(connection: Connection) -> list[object]:
        grant(connection, postgres.NODE)
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_of_two_writers_that_wait_for_each_other_one_is_told(node: Opened) -> None:
    engine = node.store.of(A)._engine  # type: ignore[attr-defined]
    await seed(node.store.of(A))
    both = asyncio.Barrier(2)

    async def write(first: str, second: str) -> None:
        async with writing(engine) as connection:
            for number, table in enumerate((first, second)):
                await connection.execute(text(f"UPDATE {table} SET tenant = tenant"))  # noqa: S608
                if number == 0:
                    await both.wait()

    outcomes = await asyncio.gather(
        write("rooms", "meetings"), write("meetings", "rooms"), return_exceptions=True
    )
    assert sorted(type(one) for one in outcomes if one is not None) == [StoreBusy], outcomes
