"""Makes and changes tenants at the operator's word, while the node runs: keys first, then the row, then the
statements, so that a crash between them leaves keys that the next try finds, or a tenant that the next look
declares.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace

from core.actions import Action
from core.audit import OPERATOR, TEXT_MAX, Auditor
from core.errors import EntenteError, OperatorError, StoreConflict
from core.ports import Clock, Signer, Store
from core.signer.requests import TENANTS_MAX
from core.tenants.policy import SUITES
from core.tenants.profile import check_profile
from core.tenants.standing import Standing
from core.values import Assurance, Quota, Tenant, TenantRules
from gateway.tenant_commands import (
    CreateTenant,
    ListTenants,
    Profile,
    SetTenant,
    ShowTenant,
    SuspendTenant,
    TenantCommand,
)
from gateway.tenants import all_tenants

log = logging.getLogger("entente.operator")

Answer = dict[str, object]


class TenantDesk:
    """`carry_out` one command, one at a time. `limited` says that this node serves some tenants alone."""

    def __init__(
        self,
        store: Store,
        signer: Signer,
        clock: Clock,
        standing: Standing,
        audit: Auditor,
        configured: Sequence[Tenant],
        *,
        limited: bool = False,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._standing = standing
        self._audit = audit
        self._configured = {one.id: one for one in configured}
        self._limited = limited
        self._turn = asyncio.Lock()

    async def carry_out(self, command: TenantCommand) -> object:
        """The answer as plain values. OperatorError says what is wrong; SignerError, StoreError."""
        async with self._turn:
            match command:
                case CreateTenant():
                    return await self._create(command)
                case SetTenant():
                    return await self._set(command)
                case SuspendTenant():
                    return await self._suspend(command)
                case ShowTenant():
                    return await self._show(command.tenant)
                case ListTenants():
                    return await self._list(command)

    async def _create(self, command: CreateTenant) -> Answer:
        if self._limited:
            raise OperatorError("This node serves some ministries alone; ask one that serves them all.")
        if command.tenant in self._configured or await self._store.tenant(command.tenant) is not None:
            raise OperatorError(f"There is a ministry {command.tenant} already.")
        if command.name is None or command.short is None or command.colour is None:
            raise OperatorError("A new ministry needs a name, a short name and a colour.")
        if len(self._standing.deployment.policies) >= TENANTS_MAX:
            raise OperatorError(f"A deployment has {TENANTS_MAX} ministries at most.")
        deployment = self._standing.deployment.id
        bare = Tenant(command.tenant, deployment, command.name, command.short, command.colour)
        tenant = replace(changed(bare, command), created=self._clock.now())
        check_tenant(tenant)
        await self._signer.ensure_tenant(tenant.id, tenant.name, tenant.short)
        try:
            await self._store.add_tenant(tenant)
        except StoreConflict as error:
            raise OperatorError(f"There is a ministry {command.tenant} already.") from error
        # Only now is there a house that keeps events.
        await self._audit.note(tenant.id, OPERATOR, Action.TENANT_CREATED, tenant.id)
        return await self._done(tenant)

    async def _set(self, command: SetTenant) -> Answer:
        tenant, ruled = await self._known(command.tenant)
        if tenant.id in self._configured and {command.name, command.short, command.colour} != {None}:
            raise OperatorError(
                f"Name, short name and colour of {tenant.id} stand in the settings; change them there."
            )
        fresh = changed(tenant, command)
        if fresh == tenant:
            raise OperatorError("Say what to change.")
        check_tenant(fresh)
        rules = fresh.policy != tenant.policy
        fields, action = fields_of(command), Action.TENANT_CHANGED
        async with self._audit.act(tenant.id, OPERATOR, action, tenant.id, fields=fields):
            await self._store.change_tenant(fresh, rules=ruled or rules)
        return await self._done(fresh)

    async def _suspend(self, command: SuspendTenant) -> Answer:
        tenant, ruled = await self._known(command.tenant)
        fresh = replace(tenant, suspended=command.suspended)
        action = Action.TENANT_SUSPENDED if command.suspended else Action.TENANT_RESUMED
        async with self._audit.act(tenant.id, OPERATOR, action, tenant.id):
            await self._store.change_tenant(fresh, rules=ruled)
        return await self._done(fresh)

    async def _show(self, tenant: str) -> Answer:
        found, _ = await self._known(tenant)
        used = await self._store.of(tenant).usage_of(tenant)
        return {**plain(found), "used": asdict(used), "declared": self._declared(tenant)}

    async def _list(self, command: ListTenants) -> list[Answer]:
        known = await self._all()
        page = sorted((one for one in known if one.id > command.after), key=lambda one: one.id)
        return [
            {"id": one.id, "name": one.name, "suspended": one.suspended, "declared": self._declared(one.id)}
            for one in page[: command.limit]
        ]

    async def _all(self) -> tuple[Tenant, ...]:
        stored = await self._store.standing_tenants()
        seen = {one.tenant.id for one in stored}
        configured = [one for one in self._configured.values() if one.id in seen]
        return all_tenants(configured, stored)

    async def _known(self, tenant: str) -> tuple[Tenant, bool]:
        """The whole tenant as it counts now, and whether it has rules of its own."""
        whole = await self._store.tenant(tenant)
        found = next((one for one in await self._all() if one.id == tenant), None)
        if whole is None or found is None:
            raise OperatorError(f"This node knows no ministry {tenant}.")
        ruled = any(one.ruled for one in await self._store.standing_tenants() if one.tenant.id == tenant)
        return replace(found, logo=whole.logo), ruled

    def _declared(self, tenant: str) -> bool:
        return tenant in self._standing.deployment.policies

    async def _done(self, tenant: Tenant) -> Answer:
        """Declared for meetings that begin from now on. The node looks again by itself when that fails."""
        try:
            await self._standing.refresh()
            fresh = True
        except EntenteError as error:
            log.warning("the deployment is not declared anew yet: %s", type(error).__name__)
            fresh = False
        return {**plain(tenant), "declared": self._declared(tenant.id), "fresh": fresh}


def fields_of(command: SetTenant) -> str:
    """The names of what it changes, for the audit event, which holds no text of a person."""
    said = sorted(key for key, value in command if value is not None and key not in ("type", "tenant"))
    return " ".join(said)[:TEXT_MAX]


def changed(tenant: Tenant, command: Profile) -> Tenant:
    """The tenant with what the command says."""
    said = {key: value for key, value in command if value is not None}
    names = dict(tenant.names) | said.pop("names", {})
    fields: dict[str, object] = {
        key: said[key] for key in ("name", "short", "colour", "retention_days") if key in said
    }
    if "languages" in said:
        fields["languages"] = tuple(said["languages"])
    if "logo" in said:
        fields["logo"] = said["logo"] or None
    rules = {key: said[key] for key in TenantRules.__dataclass_fields__ if key in said}
    if "suites" in rules:
        rules["suites"] = tuple(rules["suites"])
    if "assurance" in rules:
        rules["assurance"] = Assurance(rules["assurance"])
    quota = {key: said[key] for key in Quota.__dataclass_fields__ if key in said}
    return replace(
        tenant,
        names=tuple(sorted((language, name) for language, name in names.items() if name)),
        policy=replace(tenant.policy, **rules),
        quota=replace(tenant.quota, **quota),
        **fields,  # type: ignore[arg-type]
    )


def check_tenant(tenant: Tenant) -> None:
    """OperatorError."""
    suites = tenant.policy.suites
    if len(set(suites)) != len(suites) or not set(suites) <= set(SUITES):
        raise OperatorError("Suites are 79 (hybrid) and 1 (classical), each once.")
    check_profile(tenant)


def plain(tenant: Tenant) -> Answer:
    """As the socket carries it; of the logo its size in bytes."""
    policy = asdict(tenant.policy) | {"suites": list(tenant.policy.suites)}
    return {
        "id": tenant.id,
        "name": tenant.name,
        "short": tenant.short,
        "colour": tenant.colour,
        "names": dict(tenant.names),
        "languages": list(tenant.languages),
        "retention_days": tenant.retention_days,
        "suspended": tenant.suspended,
        "rules": policy | {"assurance": tenant.policy.assurance.value},
        "quota": asdict(tenant.quota),
        "logo": len(tenant.logo or b""),
    }
