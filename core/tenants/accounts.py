"""Accounts: made at somebody's first login by a provider, brought up to date at later ones."""

from __future__ import annotations

from core.errors import StoreConflict, UserError
from core.ports import Clock, Rng, Store
from core.records import Account
from core.values import Assurance, Tenant


class Accounts:
    """`welcome` is all of it."""

    def __init__(self, store: Store, clock: Clock, rng: Rng) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng

    async def welcome(
        self,
        tenant: Tenant,
        issuer: str,
        provider_subject: str,
        *,
        name: str,
        email: str,
        assurance: Assurance,
    ) -> tuple[Account, bool]:
        """The account of whom the provider names, and whether it was made now. UserError tenant_suspended,
        account_blocked, quota_reached. A blocked account learns nothing new."""
        if tenant.suspended:
            raise UserError("tenant_suspended")
        own, now = self._store.of(tenant.id), self._clock.now()
        found = await own.account_of(issuer, provider_subject)
        if found is None:
            made = Account(
                tenant=tenant.id,
                subject="u-" + self._rng.bytes(15).hex(),
                issuer=issuer,
                provider_subject=provider_subject,
                name=name,
                email=email,
                assurance=assurance,
                rights=frozenset(),
                blocked=False,
                created=now,
                seen=now,
            )
            try:
                await own.add_account(made, tenant.quota.accounts)
                return made, True
            except StoreConflict:
                # Two tabs at once: the other one made it.
                found = await own.account_of(issuer, provider_subject)
                if found is None:
                    raise
        if found.blocked:
            raise UserError("account_blocked")
        await own.refresh_account(found.subject, name=name, email=email, assurance=assurance, seen=now)
        fresh = await own.account(found.subject)
        assert fresh is not None
        return fresh, False
