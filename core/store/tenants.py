"""Queries of tenants (`core.ports.TenantStore`)."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import StoreConflict
from core.records import StandingTenant, Usage
from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import Tenant, UnixMillis

_T = tables.tenants.c
MARGIN = 24 * 3600 * 1000
"""Milliseconds that audit events are kept longer: the trigger that guards them reads the database's clock."""


class SqlTenants:
    """`TenantStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def add_tenant(self, tenant: Tenant) -> None:
        """See the port."""
        self._scope.taking(tenant.id)
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.tenants).values(
                    id=tenant.id,
                    deployment=tenant.deployment,
                    created=tenant.created,
                    **rows.profile_columns(tenant),
                )
            )

    async def change_tenant(self, tenant: Tenant, *, rules: bool = True) -> None:
        """See the port."""
        columns = rows.profile_columns(tenant)
        if not rules:
            del columns["policy"]
        changes = update(tables.tenants).where(_T.id == tenant.id, self._scope.owns(_T.id))
        async with writing(self._engine) as connection:
            if (await connection.execute(changes.values(columns))).rowcount != 1:
                raise StoreConflict(f"no tenant {tenant.id}")

    async def tenant(self, tenant: str) -> Tenant | None:
        """See the port."""
        query = select(tables.tenants).where(_T.id == tenant, self._scope.owns(_T.id))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.tenant(row) if row else None

    async def standing_tenants(self) -> list[StandingTenant]:
        """See the port."""
        bare = [column for column in tables.tenants.c if column is not _T.logo]
        query = select(*bare).where(self._scope.owns(_T.id)).order_by(_T.id)
        async with reading(self._engine) as connection:
            found = await connection.execute(query)
            return [StandingTenant(rows.bare_tenant(row), bool(row.policy)) for row in found]

    async def list_tenants(self, after: str = "", limit: int = 100) -> list[Tenant]:
        """See the port."""
        query = select(tables.tenants).where(_T.id > after, self._scope.owns(_T.id))
        async with reading(self._engine) as connection:
            return [rows.tenant(row) for row in await connection.execute(query.order_by(_T.id).limit(limit))]

    async def usage_of(self, tenant: str) -> Usage:
        """See the port."""
        rooms, meetings, accounts = tables.rooms.c, tables.meetings.c, tables.accounts.c
        mine = self._scope.owns
        counts = [
            select(func.count()).where(rooms.tenant == tenant, rooms.closed.is_(None), mine(rooms.tenant)),
            select(func.count()).where(accounts.tenant == tenant, mine(accounts.tenant)),
            select(func.count()).where(
                meetings.tenant == tenant, meetings.ended.is_(None), mine(meetings.tenant)
            ),
        ]
        async with reading(self._engine) as connection:
            found = [await connection.scalar(count) or 0 for count in counts]
        return Usage(rooms=found[0], accounts=found[1], meetings=found[2])

    async def forget(self, tenant: str, before: UnixMillis) -> int:
        """See the port. In one transaction; a group's row goes last, because the others refer to it."""
        meetings, groups, events = tables.meetings.c, tables.groups.c, tables.audit_events.c
        over = select(meetings.id).where(
            meetings.tenant == tenant, meetings.ended < before, self._scope.owns(meetings.tenant)
        )
        old = select(groups.id).where(groups.meeting.in_(over))
        gone = 0
        async with writing(self._engine) as connection:
            for table in (tables.receipts, tables.commits, tables.public_states, tables.entries):
                gone += (await connection.execute(delete(table).where(table.c.group_id.in_(old)))).rowcount
            gone += (
                await connection.execute(delete(tables.groups).where(groups.meeting.in_(over)))
            ).rowcount
            gone += (
                await connection.execute(
                    delete(tables.audit_events).where(
                        events.tenant == tenant,
                        events.time < before - MARGIN,
                        self._scope.owns(events.tenant),
                    )
                )
            ).rowcount
        return gone
