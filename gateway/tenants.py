"""The ministries of a deployment: those of the settings, on which node and signer must agree, and those that
an operator has made in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.records import StandingTenant
from core.tenants import demo
from core.values import Tenant, TenantRules
from gateway.settings import Settings


def tenants_of(settings: Settings) -> tuple[Tenant, ...]:
    """The configured ministries, or where the development login is on, the two made-up ones."""
    deployment = settings.deployment.id
    if not settings.deployment.tenants:
        return demo.tenants(deployment) if settings.development.login else ()
    return tuple(
        Tenant(
            id=one.id,
            deployment=deployment,
            name=one.name,
            short=one.short,
            colour=one.colour,
            policy=TenantRules(suites=tuple(one.suites), guests=one.guests),
        )
        for one in settings.deployment.tenants
    )


def all_tenants(configured: Sequence[Tenant], stored: Sequence[StandingTenant]) -> tuple[Tenant, ...]:
    """Configured ones first, then those made by an operator. The settings name theirs, and rule them until
    they are given rules of their own. A row that neither the settings name nor an operator made, whose time
    of creation is 0, is of earlier settings, and nobody's."""
    kept = {one.tenant.id: one for one in stored}
    named = {one.id for one in configured}
    made = [one.tenant for one in stored if one.tenant.id not in named and one.tenant.created > 0]
    return (*(_merged(one, kept.get(one.id)) for one in configured), *made)


def _merged(configured: Tenant, stored: StandingTenant | None) -> Tenant:
    if stored is None:
        return configured
    return replace(
        stored.tenant,
        name=configured.name,
        short=configured.short,
        colour=configured.colour,
        policy=stored.tenant.policy if stored.ruled else configured.policy,
    )
