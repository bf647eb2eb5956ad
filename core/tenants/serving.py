"""The tenants of this node as they are at the moment: what each allows, for whoever asks at a door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.tenants.standing import Standing
from core.values import Deployment, TenantRules


class Serving(Mapping[str, TenantRules]):
    """Rules by tenant, of those that are served now and not suspended. It follows the deployment, so that a
    tenant that came, went or was given other rules needs no new start."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._of: Deployment | None = None
        self._rules: dict[str, TenantRules] = {}

    def _now(self) -> dict[str, TenantRules]:
        deployment = self._standing.deployment
        if deployment is not self._of:
            self._of = deployment
            self._rules = {one.id: one.policy for one in deployment.tenants if not one.suspended}
        return self._rules

    def __getitem__(self, tenant: str) -> TenantRules:
        return self._now()[tenant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
