"""Queries of a ministry's own profile and of its house (`core.ports.ProfileStore`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import StoreConflict
from core.records import Account
from core.store import rows, tables
from core.store.accounts import account as account_of
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import Quota, Room, Tenant, TenantRules

_N = tables.tenants.c
_A = tables.accounts.c
_R = tables.rooms.c
_M = tables.meetings.c
_P = tables.participants.c


class SqlProfiles:
    """`ProfileStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def profile(self) -> Tenant | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(self._own_tenant())).first()
            return rows.tenant(row) if row else None

    async def own_policy(self) -> TenantRules | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(self._own_tenant())).first()
            return rows.tenant_rules(row.policy) if row and row.policy else None

    async def change_profile(self, old: Tenant, new: Tenant) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            row = (await connection.execute(self._own_tenant().with_for_update())).first()
            if row is None or rows.tenant(row) != old:
                raise StoreConflict("the tenant was changed meanwhile")
            await connection.execute(
                update(tables.tenants)
                .where(_N.id == self._scope.own)
                .values(
                    name=new.name,
                    short=new.short,
                    colour=new.colour,
                    names=dict(new.names),
                    languages=list(new.languages),
                    retention_days=new.retention_days,
                    logo=new.logo,
                )
            )

    async def change_policy(self, old: TenantRules | None, new: TenantRules) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            row = (await connection.execute(self._own_tenant().with_for_update())).first()
            if row is None or (rows.tenant_rules(row.policy) if row.policy else None) != old:
                raise StoreConflict("the policy was changed meanwhile")
            await connection.execute(
                update(tables.tenants)
                .where(_N.id == self._scope.own)
                .values(policy=rules_column(new))
            )

    def _own_tenant(self) -> Select[Any]:
        return select(tables.tenants).where(_N.id == self._scope.own, self._scope.owns(_N.id))

    async def used(self) -> Quota:
        """See the port."""
        live = select(_M.id).where(self._scope.owns(_M.tenant), _M.ended.is_(None))
        crowd = (
            select(func.count().label("people"))
            .where(self._scope.owns(_P.room_tenant), _P.left.is_(None), _P.meeting.in_(live))
            .group_by(_P.meeting)
            .subquery()
        )
        async with reading(self._engine) as connection:
            return Quota(
                rooms=await _count(
                    connection, tables.rooms, self._scope.owns(_R.tenant), _R.closed.is_(None)
                ),
                accounts=await _count(connection, tables.accounts, self._scope.owns(_A.tenant)),
                people=int(await connection.scalar(select(func.max(crowd.c.people))) or 0),
                meetings=await _count(
                    connection, tables.meetings, self._scope.owns(_M.tenant), _M.ended.is_(None)
                ),
            )

    async def people(self, search: str, after: str, limit: int) -> list[Account]:
        """See the port."""
        query = select(tables.accounts).where(self._scope.owns(_A.tenant), _A.subject > after)
        if search:
            query = query.where(or_(_contains(_A.name, search), _contains(_A.email, search)))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(_A.subject).limit(limit))
            return [account_of(row) for row in found]

    async def house_rooms(self, search: str, after: tuple[int, str] | None, limit: int) -> list[Room]:
        """See the port."""
        query = select(tables.rooms).where(self._scope.owns(_R.tenant))
        if search:
            query = query.where(or_(_contains(_R.title, search), _contains(_R.slug, search)))
        if after is not None:
            created, room = after
            query = query.where(or_(_R.created < created, and_(_R.created == created, _R.id < room)))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(_R.created.desc(), _R.id.desc()).limit(limit))
            return [rows.room(row) for row in found]

    async def replace_room(self, old: Room, new: Room) -> None:
        """See the port."""
        which = and_(self._scope.owns(_R.tenant), _R.id == old.id)
        async with writing(self._engine) as connection:
            row = (await connection.execute(select(tables.rooms).where(which).with_for_update())).first()
            if row is None or rows.room(row) != old:
                raise StoreConflict("the room was changed meanwhile")
            await connection.execute(
                update(tables.rooms)
                .where(which)
                .values(
                    title=new.title,
                    guests=new.guests,
                    pin=new.pin,
                    guests_until=new.guests_until,
                    closed=new.closed,
                    **rows.rule_columns(new.rules),
                )
            )


async def _count(connection: AsyncConnection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return int(await connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def _contains(column: ColumnElement[Any], search: str) -> ColumnElement[bool]:
    """Whether a column contains the text, in any case, with nothing of it read as a pattern."""
    return func.lower(column).contains(search.lower(), autoescape=True)


def rules_column(rules: TenantRules) -> dict[str, object]:
    """A tenant's rules as its column keeps them."""
    return {
        "suites": list(rules.suites),
        "guests": rules.guests,
        "guests_without_pin": rules.guests_without_pin,
        "public_rooms": rules.public_rooms,
        "assurance": rules.assurance.value,
    }
