"""The migrations make what `tables` says, and every table can be made on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from core.store.engine import make_engine, migrate
from core.store.tables import metadata


async def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/schema.sqlite")

    def differences(connection: Connection) -> list[object]:
        migrate(connection)
        migrate(connection)
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.execution_options(write=True).begin() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_every_table_and_partial_index_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
    partial = [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    ]
    assert len(partial) == 4
    assert all("CREATE UNIQUE INDEX" in sql and " WHERE " in sql for sql in partial)
