"""The configured ministries as values; node and signer must agree on them."""

from __future__ import annotations

from core.tenants import demo
from core.values import Tenant, TenantRules
from gateway.settings import Settings


def tenants_of(settings: Settings) -> tuple[Tenant, ...]:
    """The configured ministries, or the two made-up ones."""
    deployment = settings.deployment.id
    if not settings.deployment.tenants:
        return demo.tenants(deployment)
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
