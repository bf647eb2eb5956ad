"""The store itself: one engine, every family of queries, opened with its schema at the newest version."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.accounts import SqlAccounts
from core.store.administration import SqlAdministration
from core.store.engine import make_engine, migrate, reading, translated
from core.store.groups import SqlGroups
from core.store.logins import SqlLogins
from core.store.profiles import SqlProfiles
from core.store.providers import SqlProviders
from core.store.rooms import SqlRooms
from core.store.scope import Scope
from core.store.sessions import SqlSessions


class SqlStore(
    SqlRooms, SqlSessions, SqlGroups, SqlAccounts, SqlProviders, SqlLogins, SqlAdministration, SqlProfiles
):
    """`core.ports.Store` on SQLAlchemy. Call `open_store`, then any query, `close` at the end."""

    def __init__(self, engine: AsyncEngine, scope: Scope = Scope()) -> None:  # noqa: B008 -- immutable
        self._engine = engine
        self._scope = scope

    def of(self, tenant: str) -> SqlStore:
        """See the port."""
        return SqlStore(self._engine, self._scope.narrowed(tenant))

    async def ping(self) -> None:
        """See the port."""
        async with reading(self._engine) as connection:
            await connection.execute(select(1))

    async def close(self) -> None:
        """See the port."""
        await self._engine.dispose()


async def open_store(url: str) -> SqlStore:
    """Open the database at `url`, such as `sqlite+aiosqlite:///var/entente.sqlite`. StoreUnavailable."""
    with translated():
        engine = make_engine(url)
        try:
            async with engine.execution_options(write=True).begin() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await engine.dispose()
            raise
    return SqlStore(engine)
