"""Opening a database: the engine, SQLite's pragmas, migrations to the newest schema, and the translation of
errors.

A write transaction on SQLite takes its lock at BEGIN, so two writers wait for each other instead of failing
half way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from core.errors import StartError, StoreBusy, StoreConflict, StoreUnavailable

BUSY_SECONDS = 10
"""How long a writer waits for another. Lower makes bursts fail; higher hides a stuck writer longer."""

MIGRATING = 0x656E74656E7465
"""The advisory lock of whoever migrates: any number, as long as it stays the same."""

COLLISIONS = ("40001", "40P01", "55P03")
"""SQLSTATE of a failed serialization, a deadlock and a lock that was not to be had."""

MEMORY = "sqlite+aiosqlite:///:memory:"


def _constraint(error: IntegrityError) -> str:
    """What was broken. PostgreSQL's text ends with the values, which must not go up."""
    return str(error.orig).splitlines()[0]


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into those of the port. Nothing is tried again: who asked knows whether it may
    be."""
    try:
        yield
    except IntegrityError as error:
        raise StoreConflict(_constraint(error)) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in COLLISIONS:
            raise StoreBusy("two writers met") from error
        raise StoreUnavailable(type(error).__name__) from error
    except (SQLAlchemyError, OSError) as error:
        # The text may hold bound values; the type alone goes up.
        raise StoreUnavailable(type(error).__name__) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Pragmas for each new connection; transactions are begun by `_begin` alone."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # FULL, not NORMAL: an entry that was announced must survive a power cut (K4.2).
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Readers begin late, writers take the lock at once."""
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _say_scope(connection: Connection) -> None:
    """Tell row-level security whose rows this transaction is about; without it there are none."""
    tenants = connection.get_execution_options().get("tenants", "")
    connection.exec_driver_sql("SELECT set_config('entente.tenants', $1, true)", (tenants,))


def make_engine(url: URL | str) -> AsyncEngine:
    """An engine for the database at `url`; a SQLite file's folder is made and the file is readable by us
    alone."""
    options: dict[str, Any] = {"hide_parameters": True}
    if url == MEMORY:
        options["poolclass"] = StaticPool
    engine = create_async_engine(url, **options)
    if engine.dialect.name == "sqlite":
        if engine.url.database and url != MEMORY:
            path = Path(engine.url.database)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
        sqlite3.register_adapter(bool, int)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin)
    else:
        event.listen(engine.sync_engine, "begin", _say_scope)
    return engine


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, the newest unless a test says another; does nothing when it is there. A
    crash leaves a whole step undone, and two nodes that start at once take turns."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
    command.upgrade(_config(connection), revision)


def migrate_sqlite(connection: Connection) -> None:
    """The same on SQLite, which changes a table by copying it: dropping the old one would count as deleting
    what other tables refer to, so references are checked once, before anything is kept."""
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            migrate(connection)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StartError("The database at store.url has rows that refer to nothing.")
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def is_newest(connection: Connection) -> bool:
    """Whether the schema is the one this code was written for."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for queries."""
    with translated():
        async with engine.connect() as connection:
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a write transaction: committed and durable on leaving, nothing kept when an error
    leaves it."""
    with translated():
        async with engine.execution_options(write=True).begin() as connection:
            yield connection
