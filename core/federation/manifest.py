"""The manifest of this deployment: which root and policy key speak for which tenant, whose key orders
meetings.

It is signed by the deployment's manifest key in the signer. A new serial is made only when the content
changes or time runs out, because clients pin the set of manifests they have seen and announce a change
(K2.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from core.tenants.policy import LIFE
from core.values import SignerInfo, Tenant, UnixMillis


def manifest_fields(
    info: SignerInfo, tenants: Sequence[Tenant], endpoints: Sequence[str], serial: int, now: UnixMillis
) -> dict[str, object]:
    """The fields of the signed structure `manifest`. A tenant without a root, whose own signer
    nobody has enrolled yet, is not in it."""
    return {
        "deployment": info.deployment,
        "serial": serial,
        "not_before": now - 5 * 60 * 1000,
        "not_after": now + LIFE,
        "key": info.manifest_key,
        "hub_keys": [info.hub_key],
        "witness_key": b"",
        "endpoints": list(endpoints),
        "tenants": [
            {
                "tenant": tenant.id,
                "name": tenant.name,
                "roots": list(info.roots[tenant.id]),
                "policy_key": info.policy_keys[tenant.id],
            }
            for tenant in tenants
            if info.roots.get(tenant.id)
        ],
    }
