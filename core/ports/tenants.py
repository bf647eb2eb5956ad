"""The database of tenants: what each is called, may and keeps."""

from __future__ import annotations

from typing import Protocol

from core.records import StandingTenant, Usage
from core.values import Tenant, UnixMillis


class TenantStore(Protocol):
    """Tenants. Of those a view sees; the node's own view adds and changes them."""

    async def add_tenant(self, tenant: Tenant) -> None:
        """Store a new one, whole. StoreConflict when the id is taken."""
        ...

    async def change_tenant(self, tenant: Tenant, *, rules: bool = True) -> None:
        """Replace everything but id, deployment and time of creation; without `rules` its rules stay too,
        since those of the settings count until it is given its own. StoreConflict when there is none."""
        ...

    async def standing_tenants(self) -> list[StandingTenant]:
        """Every tenant by id, without its logo, which nobody signs: this is read every few seconds."""
        ...

    async def tenant(self, tenant: str) -> Tenant | None:
        """The tenant with this id."""
        ...

    async def list_tenants(self, after: str = "", limit: int = 100) -> list[Tenant]:
        """By id, those above `after`, at most `limit`."""
        ...

    async def usage_of(self, tenant: str) -> Usage:
        """What counts against its quota: open rooms, accounts, meetings that run."""
        ...

    async def forget(self, tenant: str, before: UnixMillis) -> int:
        """Delete what a tenant no longer keeps: entries, commits, receipts and states of meetings that ended
        before then (K4.2), and audit events that are older; returns how many rows."""
        ...
