"""Queries of audit events and service tokens (`core.ports.administration`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import UserError
from core.ports.administration import AuditFilter
from core.records import AuditEvent, ServiceToken
from core.store import tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import UnixMillis

_E = tables.audit_events.c
_T = tables.service_tokens.c


class SqlAdministration:
    """`AdministrationStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def append_audit(self, event: AuditEvent) -> int:
        """See the port."""
        async with writing(self._engine) as connection:
            kept = await connection.execute(
                insert(tables.audit_events).values(
                    tenant=self._scope.own,
                    time=event.time,
                    actor_kind=event.actor_kind,
                    actor=event.actor,
                    action=event.action,
                    object_kind=event.object_kind,
                    object=event.object,
                    outcome=event.outcome,
                    address=event.address,
                    detail=dict(event.detail),
                )
            )
            (number,) = kept.inserted_primary_key or (0,)
            return int(number)

    async def audit_events(
        self, wanted: AuditFilter, *, after: int, limit: int, newest: bool = False
    ) -> list[AuditEvent]:
        """See the port."""
        query = select(tables.audit_events).where(self._scope.owns(_E.tenant))
        if wanted.since is not None:
            query = query.where(_E.time >= wanted.since)
        if wanted.until is not None:
            query = query.where(_E.time < wanted.until)
        if wanted.action:
            family = wanted.action.replace("%", "").replace("_", r"\_") + ".%"
            query = query.where(or_(_E.action == wanted.action, _E.action.like(family, escape="\\")))
        if wanted.actor:
            query = query.where(_E.actor == wanted.actor)
        if wanted.outcome:
            query = query.where(_E.outcome == wanted.outcome)
        if newest:
            query = query.where(_E.id < after) if after else query
            query = query.order_by(_E.id.desc())
        else:
            query = query.where(_E.id > after).order_by(_E.id)
        async with reading(self._engine) as connection:
            return [_event(row) for row in await connection.execute(query.limit(limit))]

    async def add_service_token(self, token: ServiceToken, most: int) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            live = select(func.count()).select_from(tables.service_tokens)
            count = await connection.scalar(live.where(self._scope.owns(_T.tenant), _T.revoked.is_(None)))
            if (count or 0) >= most:
                raise UserError("quota_reached")
            await connection.execute(
                insert(tables.service_tokens).values(
                    id=token.id,
                    tenant=self._scope.own,
                    name=token.name,
                    hash=token.hash,
                    scopes=sorted(token.scopes),
                    created_by=token.created_by,
                    created=token.created,
                    expires=token.expires,
                )
            )

    async def service_token(self, token_hash: bytes) -> ServiceToken | None:
        """See the port."""
        query = select(tables.service_tokens).where(_T.hash == token_hash, self._scope.owns(_T.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return _token(row) if row else None

    async def service_tokens(self) -> list[ServiceToken]:
        """See the port."""
        query = select(tables.service_tokens).where(self._scope.owns(_T.tenant))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(_T.created.desc(), _T.id))
            return [_token(row) for row in found]

    async def use_service_token(self, token: str, now: UnixMillis) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                update(tables.service_tokens)
                .where(_T.id == token, self._scope.owns(_T.tenant))
                .values(used=now)
            )

    async def revoke_service_token(self, token: str, now: UnixMillis) -> bool:
        """See the port."""
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(tables.service_tokens)
                .where(_T.id == token, self._scope.owns(_T.tenant), _T.revoked.is_(None))
                .values(revoked=now)
            )
            return changed.rowcount == 1


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        tenant=row.tenant,
        time=row.time,
        actor_kind=row.actor_kind,
        actor=row.actor,
        action=row.action,
        object_kind=row.object_kind,
        object=row.object,
        outcome=row.outcome,
        address=row.address,
        detail=tuple(sorted(row.detail.items())),
    )


def _token(row: Row[Any]) -> ServiceToken:
    return ServiceToken(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        hash=row.hash,
        scopes=frozenset(row.scopes),
        created_by=row.created_by,
        created=row.created,
        expires=row.expires,
        used=row.used,
        revoked=row.revoked,
    )
