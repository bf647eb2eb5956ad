"""Login services of the ministry: added, changed, removed, and tried before anybody depends on them.

A secret is never sent: `secret` names a file that the operator has put into the folder of login secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from core.actions import Action
from core.audit import Auditor
from core.errors import UserError
from core.ports import Clock, Rng
from core.records import ClaimMapping, Provider
from core.values import Assurance
from gateway.admin.operation import Call, Operation, Reply
from gateway.admin.scopes import Scope
from gateway.admin.serve import unchanged
from gateway.http.body import Body, Title

PROVIDERS_MAX = 20
_WORD = r"^[\x21-\x7e]{1,255}$"
Word = Annotated[str, Field(pattern=_WORD)]
Claim = Annotated[str, Field(pattern=r"^[A-Za-z0-9_:/.-]{1,100}$")]
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
Domain = Annotated[str, Field(max_length=253, pattern=rf"^{_LABEL}(?:\.{_LABEL})+$")]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trial found: a stable code and a sentence in plain words."""

    code: str
    text: str


Trial = Callable[[Provider], Awaitable[Sequence[Finding]]]
"""Asks a login service for its description and keys; no finding is good news."""


class Claims(Body):
    """Which claims say what; see `docs/login.md`."""

    subject: Claim = "sub"
    name: Annotated[list[Claim], Field(min_length=1, max_length=5)] = Field(default=["name"])
    email: Claim = "email"
    verified: Claim = "email_verified"
    assurance: dict[Word, Assurance] = Field(default={})


class PutProvider(Body):
    """A login service."""

    name: Title
    issuer: Annotated[str, Field(pattern=r"^https?://[\x21-\x7e]{1,240}$")]
    client_id: Word
    secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$")] | None = None
    scopes: Annotated[list[Word], Field(min_length=1, max_length=20)] = Field(
        default=["openid", "profile", "email"]
    )
    acr_values: Annotated[list[Word], Field(max_length=10)] = Field(default=[])
    claims: Claims = Claims()
    domains: Annotated[list[Domain], Field(max_length=50)] = Field(default=[])
    user_info: bool = False
    enabled: bool = True


class ProviderReply(Reply):
    """A login service."""

    version: str
    id: str
    name: str
    issuer: str
    client_id: str
    secret: str | None
    scopes: list[str]
    acr_values: list[str]
    claims: dict[str, str | list[str] | dict[str, str]]
    domains: list[str]
    user_info: bool
    enabled: bool
    created: int


class Providers(Reply):
    """Every login service."""

    providers: list[ProviderReply]


class FindingReply(Reply):
    """What is wrong, in plain words."""

    code: str
    text: str


class TrialReply(Reply):
    """Whether people can log in here; if not, why."""

    ok: bool
    findings: list[FindingReply]


def version_of(provider: Provider) -> str:
    """Changes with anything that can be changed."""
    said = repr(replace(provider, claims=ClaimMapping())) + repr(provider.claims)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _shown(one: Provider) -> ProviderReply:
    return ProviderReply(
        version=version_of(one),
        id=one.id,
        name=one.name,
        issuer=one.issuer,
        client_id=one.client_id,
        secret=one.secret,
        scopes=list(one.scopes),
        acr_values=list(one.acr_values),
        claims={
            "subject": one.claims.subject,
            "name": list(one.claims.name),
            "email": one.claims.email,
            "verified": one.claims.verified,
            "assurance": {acr: level.value for acr, level in one.claims.assurance},
        },
        domains=list(one.domains),
        user_info=one.user_info,
        enabled=one.enabled,
        created=one.created,
    )


class ProviderOperations:
    """`operations` for the registration."""

    def __init__(self, clock: Clock, rng: Rng, audit: Auditor, trial: Trial | None) -> None:
        self._clock = clock
        self._rng = rng
        self._audit = audit
        self._trial = trial

    def operations(self) -> list[Operation]:
        """List, add, change, remove, try."""
        path, one = "/api/admin/providers", "/api/admin/providers/{provider}"
        read, write, unknown = Scope.PROVIDERS_READ, Scope.PROVIDERS_WRITE, ("provider_unknown",)
        example = {"name": "ProConnect", "issuer": "https://fca.example.org/api/v2", "client_id": "entente"}
        return [
            Operation(
                "GET", path, "listProviders", "Login services", self._list, read, reply=Providers,
                tag="login",
            ),
            Operation(
                "POST", path, "addProvider", "Add a login service", self._add, write, body=PutProvider,
                reply=ProviderReply, status=201, versioned=True, tag="login",
                codes=("conflict", "quota_reached", "invalid"), example=example,
            ),
            Operation(
                "GET", one, "readProvider", "A login service", self._read, read, reply=ProviderReply,
                versioned=True, tag="login", codes=unknown,
            ),
            Operation(
                "PUT", one, "changeProvider", "Change a login service", self._change, write,
                body=PutProvider, reply=ProviderReply, versioned=True, tag="login",
                codes=(*unknown, "conflict", "invalid"), example=example,
            ),
            Operation(
                "DELETE", one, "removeProvider", "Remove a login service; accounts stay", self._remove,
                write, status=204, tag="login", codes=unknown,
            ),
            Operation(
                "POST", one + "/test", "testProvider",
                "Ask a login service for its description and keys, and say what is wrong", self._test, read,
                reply=TrialReply, tag="login", codes=(*unknown, "unavailable"),
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> Providers:
        return Providers(providers=[_shown(one) for one in await call.store.providers(PROVIDERS_MAX)])

    async def _read(self, call: Call) -> ProviderReply:
        return _shown(await self._provider(call))

    async def _add(self, call: Call) -> ProviderReply:
        if len(await call.store.providers(PROVIDERS_MAX)) >= PROVIDERS_MAX:
            raise UserError("quota_reached")
        await self._domains(call)
        provider = self._made(call, "i-" + self._rng.bytes(10).hex(), self._clock.now())
        async with self._audit.act(call.tenant, call.actor, Action.PROVIDER_CREATED, provider.id):
            await call.store.put_provider(provider)
        return _shown(provider)

    async def _change(self, call: Call) -> ProviderReply:
        old = await self._provider(call)
        unchanged(call, version_of(old))
        await self._domains(call)
        new = self._made(call, old.id, old.created)
        said = " ".join(name for name in PutProvider.model_fields if getattr(old, name) != getattr(new, name))
        async with self._audit.act(call.tenant, call.actor, Action.PROVIDER_CHANGED, old.id, fields=said):
            await call.store.put_provider(new)
        return _shown(new)

    async def _remove(self, call: Call) -> None:
        provider = await self._provider(call)
        async with self._audit.act(call.tenant, call.actor, Action.PROVIDER_REMOVED, provider.id):
            await call.store.remove_provider(provider.id)

    async def _test(self, call: Call) -> TrialReply:
        provider = await self._provider(call)
        if self._trial is None:
            raise UserError("unavailable")
        async with self._audit.act(call.tenant, call.actor, Action.PROVIDER_TESTED, provider.id):
            found = await self._trial(provider)
        findings = [FindingReply(code=one.code, text=one.text) for one in found]
        return TrialReply(ok=not findings, findings=findings)

    async def _domains(self, call: Call) -> None:
        """A domain leads its people's logins here and lets its addresses into rooms, so that nobody claims
        one by himself: the operator gives it, in the settings; here it moves between the own services."""
        held = {domain for one in await call.store.providers(PROVIDERS_MAX) for domain in one.domains}
        if beyond := sorted(set(call.body.domains) - held):
            raise UserError("invalid", f"domains: the operator has to give you {beyond[0]} first")

    def _made(self, call: Call, number: str, created: int) -> Provider:
        sent: PutProvider = call.body
        if len(set(sent.domains)) != len(sent.domains):
            raise UserError("invalid", "domains: one is there twice")
        if "openid" not in sent.scopes:
            raise UserError("invalid", "scopes: openid has to be one of them")
        return Provider(
            id=number,
            tenant=call.tenant,
            name=sent.name,
            issuer=sent.issuer,
            client_id=sent.client_id,
            secret=sent.secret,
            scopes=tuple(sent.scopes),
            acr_values=tuple(sent.acr_values),
            claims=ClaimMapping(
                subject=sent.claims.subject,
                name=tuple(sent.claims.name),
                email=sent.claims.email,
                verified=sent.claims.verified,
                assurance=tuple(sent.claims.assurance.items()),
            ),
            domains=tuple(sent.domains),
            user_info=sent.user_info,
            enabled=sent.enabled,
            created=created,  # type: ignore[arg-type]
        )

    async def _provider(self, call: Call) -> Provider:
        provider = await call.store.provider(call.path["provider"])
        if provider is None:
            raise UserError("provider_unknown")
        return provider
