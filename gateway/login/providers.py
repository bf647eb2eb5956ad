"""Every provider this node may send people to: those of the settings, then those that administrators made."""

from __future__ import annotations

from collections.abc import Sequence

from core.ports import Store
from core.records import Provider
from gateway.login.identity import domain_of, domains_of

LISTED_MAX = 100
"""Providers that the login page lists; beyond that people are found by their address alone."""


class Providers:
    """`get`, `listed`, `for_email`. A provider that is switched off is not there."""

    def __init__(self, store: Store, configured: Sequence[Provider]) -> None:
        self._store = store
        self._configured = {one.id: one for one in configured}
        self._domains = {domain: one for one in configured for domain in one.domains}

    async def get(self, provider: str) -> Provider | None:
        """The provider with this id."""
        if len(provider) > 32:
            return None
        found = self._configured.get(provider) or await self._store.provider(provider)
        return found if found is not None and found.enabled else None

    async def listed(self) -> list[Provider]:
        """The first `LISTED_MAX`, by tenant."""
        stored = await self._store.providers(LISTED_MAX)
        both = {one.id: one for one in [*stored, *self._configured.values()] if one.enabled}
        return sorted(both.values(), key=lambda one: (one.tenant, one.id))[:LISTED_MAX]

    async def for_email(self, email: str) -> Provider | None:
        """Where the address's domain leads; None when nowhere, or when it is no address. It says nothing of
        whether anybody has the address."""
        domain = domain_of(email)
        if domain is None:
            return None
        asked = domains_of(domain)
        found = next((self._domains[one] for one in asked if one in self._domains), None)
        found = found or await self._store.provider_for(asked)
        return found if found is not None and found.enabled else None
