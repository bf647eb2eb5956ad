"""The store itself: one engine, every family of queries, opened with its schema at the newest version."""

from __future__ import annotations

from sqlalchemy import URL, Connection, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import StartError
from core.store.accounts import SqlAccounts
from core.store.administration import SqlAdministration
from core.store.admission import SqlAdmission
from core.store.certificates import SqlCertificates
from core.store.engine import is_newest, make_engine, migrate, migrate_sqlite, reading, translated
from core.store.grants import check_role, grant
from core.store.groups import SqlGroups
from core.store.logins import SqlLogins
from core.store.profiles import SqlProfiles
from core.store.providers import SqlProviders
from core.store.rooms import SqlRooms
from core.store.scope import Scope
from core.store.sessions import SqlSessions
from core.store.tenants import SqlTenants
from core.values import UnixMillis

DAY = 24 * 3600 * 1000
"""Milliseconds."""


class SqlStore(
    SqlRooms,
    SqlSessions,
    SqlGroups,
    SqlAdmission,
    SqlCertificates,
    SqlTenants,
    SqlAccounts,
    SqlProviders,
    SqlLogins,
    SqlAdministration,
    SqlProfiles,
):
    """`core.ports.Store` on SQLAlchemy. Call `open_store`, then any query, `close` at the end."""

    def __init__(self, engine: AsyncEngine, scope: Scope = Scope()) -> None:  # noqa: B008 -- immutable
        # Every transaction of this store says its scope, whichever family of queries begins it.
        self._engine = engine.execution_options(tenants=scope.setting)
        self._scope = scope

    def of(self, tenant: str) -> SqlStore:
        """See the port."""
        return SqlStore(self._engine, self._scope.narrowed(tenant))

    async def purge(self, now: UnixMillis) -> int:
        """See the port. A crash half way leaves some tenants for the next time."""
        gone = await super().purge(now)
        for tenant in await self.tenants():
            before = UnixMillis(now - tenant.retention_days * DAY)
            gone += await self.of(tenant.id).forget(tenant.id, before)
        return gone

    async def ping(self) -> None:
        """See the port."""
        async with reading(self._engine) as connection:
            await connection.execute(select(1))

    async def close(self) -> None:
        """See the port."""
        await self._engine.dispose()


async def open_store(
    url: URL | str, *, owner: URL | str | None = None, scope: Scope | None = None
) -> SqlStore:
    """Open the database at `url`, such as `sqlite+aiosqlite:///var/entente.sqlite`, for tenants of `scope`.

    SQLite is migrated on opening. PostgreSQL is migrated by `owner`, who gives the role of `url` its rights;
    without it the schema must be the newest already. StartError where it is not, or where the role of `url`
    is not bound by row-level security. StoreUnavailable.
    """
    with translated():
        engine = make_engine(url)
        try:
            if engine.dialect.name == "sqlite":
                async with engine.execution_options(write=True).connect() as connection:
                    await connection.run_sync(migrate_sqlite)
            else:
                if owner is not None:
                    await _migrate_as(owner, engine.url.username or "")
                async with engine.connect() as connection:
                    await connection.run_sync(_check)
        except BaseException:
            await engine.dispose()
            raise
    return SqlStore(engine, scope or Scope())


async def _migrate_as(owner: URL | str, role: str) -> None:
    """Migrate, and give the node's role its rights, in one transaction."""
    engine = make_engine(owner)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
            await connection.run_sync(grant, role)
    finally:
        await engine.dispose()


def _check(connection: Connection) -> None:
    if not is_newest(connection):
        raise StartError("The database of store.url has another schema; start a node with store.owner_url.")
    check_role(connection)
