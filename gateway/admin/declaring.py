"""Has a changed policy signed and spoken by this node, for meetings that begin from then on."""

from __future__ import annotations

from pathlib import Path

from core.federation.statements import declare_policy
from core.tenants.policy import TenantPolicy
from core.values import TenantRules
from gateway.services import Services


async def declare_rules(services: Services, folder: Path, tenant: str, rules: TenantRules) -> None:
    """Other nodes of the deployment hear of it when they start again. SignerError."""
    policy = TenantPolicy(rules.suites, rules.guests)
    deployment = services.deployment
    signed = await declare_policy(services.signer, services.clock, folder, tenant, policy)
    deployment.policies[tenant] = signed
    deployment.suites[tenant] = policy.suites
