"""Queries of the tenants' login providers (`core.ports.AccountStore`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.records import ClaimMapping, Provider
from core.store import tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import Assurance

_P = tables.providers.c
_D = tables.provider_domains.c


def _claims(value: dict[str, Any]) -> ClaimMapping:
    return ClaimMapping(
        subject=value["subject"],
        name=tuple(value["name"]),
        email=value["email"],
        verified=value["verified"],
        assurance=tuple((acr, Assurance(level)) for acr, level in value["assurance"]),
    )


def _claims_column(claims: ClaimMapping) -> dict[str, Any]:
    return {
        "subject": claims.subject,
        "name": list(claims.name),
        "email": claims.email,
        "verified": claims.verified,
        "assurance": [[acr, level.value] for acr, level in claims.assurance],
    }


def _provider(row: Row[Any], domains: tuple[str, ...]) -> Provider:
    return Provider(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        secret=row.secret,
        scopes=tuple(row.scopes),
        acr_values=tuple(row.acr_values),
        claims=_claims(row.claims),
        domains=domains,
        user_info=row.user_info,
        enabled=row.enabled,
        created=row.created,
    )


def _columns(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "secret": provider.secret,
        "scopes": list(provider.scopes),
        "acr_values": list(provider.acr_values),
        "claims": _claims_column(provider.claims),
        "user_info": provider.user_info,
        "enabled": provider.enabled,
    }


class SqlProviders:
    """Providers over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def put_provider(self, provider: Provider) -> None:
        """See the port."""
        tenant = self._scope.taking(provider.tenant)
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(tables.providers)
                .where(self._scope.owns(_P.tenant), _P.id == provider.id)
                .values(_columns(provider))
            )
            if changed.rowcount == 0:
                await connection.execute(
                    insert(tables.providers).values(
                        id=provider.id, tenant=tenant, created=provider.created, **_columns(provider)
                    )
                )
            await connection.execute(
                delete(tables.provider_domains).where(
                    self._scope.owns(_D.tenant), _D.provider == provider.id
                )
            )
            if provider.domains:
                await connection.execute(
                    insert(tables.provider_domains),
                    [
                        {"domain": one, "tenant": tenant, "provider": provider.id}
                        for one in provider.domains
                    ],
                )

    async def provider(self, provider: str) -> Provider | None:
        """See the port."""
        found = await self._providers(_P.id == provider, 1)
        return found[0] if found else None

    async def providers(self, limit: int) -> list[Provider]:
        """See the port."""
        return await self._providers(None, limit)

    async def provider_for(self, domains: Collection[str]) -> Provider | None:
        """See the port."""
        query = select(_D.provider).where(self._scope.owns(_D.tenant), _D.domain.in_(sorted(domains)))
        async with reading(self._engine) as connection:
            found = await connection.scalar(query.order_by(func.length(_D.domain).desc()).limit(1))
        return await self.provider(found) if found is not None else None

    async def remove_provider(self, provider: str) -> bool:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                delete(tables.provider_domains).where(self._scope.owns(_D.tenant), _D.provider == provider)
            )
            gone = await connection.execute(
                delete(tables.providers).where(self._scope.owns(_P.tenant), _P.id == provider)
            )
            return gone.rowcount == 1

    async def _providers(self, condition: Any, limit: int) -> list[Provider]:
        query = select(tables.providers).where(self._scope.owns(_P.tenant))
        if condition is not None:
            query = query.where(condition)
        async with reading(self._engine) as connection:
            found = (await connection.execute(query.order_by(_P.tenant, _P.id).limit(limit))).all()
            domains = await self._domains(connection, [row.id for row in found])
            return [_provider(row, domains.get(row.id, ())) for row in found]

    async def _domains(self, connection: AsyncConnection, of: list[str]) -> dict[str, tuple[str, ...]]:
        query = select(tables.provider_domains).where(self._scope.owns(_D.tenant), _D.provider.in_(of))
        found: dict[str, tuple[str, ...]] = {}
        for row in await connection.execute(query.order_by(_D.domain)):
            found[row.provider] = (*found.get(row.provider, ()), row.domain)
        return found
