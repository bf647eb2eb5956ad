"""The ministry's own profile: names, colour, logo, languages, retention; and its quota with what is used."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from starlette.responses import Response

from core.actions import Action
from core.audit import Auditor
from core.errors import PeerError, UserError
from core.names import plain
from core.tenants.profile import CONTRAST, PNG, contrast
from core.values import Tenant
from gateway.admin.operation import Call, Operation, Reply
from gateway.admin.scopes import Scope
from gateway.admin.serve import unchanged
from gateway.http.body import Body

LOGO_MAX = 40 * 1024
"""Bytes of a logo: in base64 it stays below the 64 KiB of a request's body."""

Language = Literal["fr", "de", "nl", "en"]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain)]
Short = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(plain)]


class Profile(Reply):
    """A ministry's profile. `name` stands where `names` has no word in a reader's language."""

    version: str
    id: str
    name: str
    names: dict[Language, str]
    short: str
    colour: str
    contrast: float = Field(description="The colour's contrast against white; 4.5 at least when it changes.")
    languages: list[Language] = Field(description="What its people are offered, its own first.")
    retention_days: int
    suspended: bool
    has_logo: bool


class ChangeProfile(Body):
    """What changes; what is left out stays."""

    name: Name | None = None
    names: dict[Language, Name] | None = None
    short: Short | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = None
    languages: Annotated[list[Language], Field(min_length=1, max_length=4)] | None = None
    retention_days: Annotated[int, Field(ge=30, le=3650)] | None = None


class Logo(Body):
    """A PNG in base64 (RFC 4648 section 4), 40 KiB at most."""

    png: Annotated[str, Field(min_length=1, max_length=56 * 1024)]


class Figures(Reply):
    """Four numbers of a quota."""

    rooms: int
    accounts: int
    people: int
    meetings: int


class QuotaReply(Reply):
    """The limits, which the operator sets, and what is used of them now."""

    limits: Figures
    used: Figures


def version_of(tenant: Tenant) -> str:
    """Changes with anything that an administrator can change."""
    said = repr((tenant, hashlib.sha256(tenant.logo or b"").hexdigest()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


async def own(call: Call) -> Tenant:
    """The caller's ministry. PeerError not_found when it has gone meanwhile."""
    tenant = await call.store.profile()
    if tenant is None:
        raise PeerError("not_found")
    return tenant


def _shown(tenant: Tenant) -> Profile:
    return Profile(
        version=version_of(tenant),
        id=tenant.id,
        name=tenant.name,
        names=dict(tenant.names),  # type: ignore[arg-type]
        short=tenant.short,
        colour=tenant.colour,
        contrast=round(contrast(tenant.colour), 2),
        languages=list(tenant.languages),  # type: ignore[arg-type]
        retention_days=tenant.retention_days,
        suspended=tenant.suspended,
        has_logo=tenant.logo is not None,
    )


class TenantOperations:
    """`operations` for the registration."""

    def __init__(self, audit: Auditor) -> None:
        self._audit = audit

    def operations(self) -> list[Operation]:
        """Profile, logo and quota."""
        path = "/api/admin/tenant"
        write, tag = Scope.TENANT_WRITE, "ministry"
        return [
            Operation(
                "GET", path, "readTenant", "The ministry's profile", self._read, Scope.TENANT_READ,
                reply=Profile, versioned=True, tag=tag,
            ),
            Operation(
                "PATCH", path, "changeTenant", "Change the profile", self._change, write,
                body=ChangeProfile, reply=Profile, versioned=True, tag=tag, codes=("conflict", "invalid"),
                example={"short": "Exemple", "colour": "#1d4ed8", "names": {"de": "Beispielministerium"}},
            ),
            Operation(
                "GET", f"{path}/logo", "readLogo", "The logo", self._show_logo, Scope.TENANT_READ,
                media=("image/png",), tag=tag, codes=("not_found",),
            ),
            Operation(
                "PUT", f"{path}/logo", "changeLogo", "Put a logo", self._put_logo, write,
                body=Logo, reply=Profile, versioned=True, tag=tag, codes=("conflict", "invalid"),
                example={"png": "iVBORw0KGgo="},
            ),
            Operation(
                "DELETE", f"{path}/logo", "removeLogo", "Take the logo away", self._drop_logo, write,
                reply=Profile, versioned=True, tag=tag, codes=("conflict",),
            ),
            Operation(
                "GET", "/api/admin/quota", "readQuota", "The quota and its use", self._quota,
                Scope.QUOTA_READ, reply=QuotaReply, tag="quota",
            ),
        ]  # fmt: skip

    async def _read(self, call: Call) -> Profile:
        return _shown(await own(call))

    async def _change(self, call: Call) -> Profile:
        tenant = await own(call)
        unchanged(call, version_of(tenant))
        sent: ChangeProfile = call.body
        if sent.colour is not None and (found := contrast(sent.colour)) < CONTRAST:
            raise UserError("invalid", f"colour: white on it has a contrast of {found:.2f}, less than 4.5")
        if sent.languages is not None and len(set(sent.languages)) != len(sent.languages):
            raise UserError("invalid", "languages: one is there twice")
        fields = {key: value for key, value in sent if value is not None}
        if "names" in fields:
            fields["names"] = tuple(sorted(fields["names"].items()))
        if "languages" in fields:
            fields["languages"] = tuple(fields["languages"])
        return await self._store(call, tenant, replace(tenant, **fields), " ".join(sorted(fields)))

    async def _put_logo(self, call: Call) -> Profile:
        tenant = await own(call)
        unchanged(call, version_of(tenant))
        try:
            png = base64.b64decode(call.body.png, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UserError("invalid", "png: not base64") from error
        if not png.startswith(PNG) or len(png) > LOGO_MAX:
            raise UserError("invalid", "png: a PNG of at most 40 KiB is wanted")
        return await self._store(call, tenant, replace(tenant, logo=png), "logo")

    async def _drop_logo(self, call: Call) -> Profile:
        tenant = await own(call)
        unchanged(call, version_of(tenant))
        return await self._store(call, tenant, replace(tenant, logo=None), "logo")

    async def _show_logo(self, call: Call) -> Response:
        tenant = await own(call)
        if tenant.logo is None:
            raise PeerError("not_found")
        return Response(tenant.logo, media_type="image/png", headers={"Cache-Control": "no-store"})

    async def _store(self, call: Call, old: Tenant, new: Tenant, fields: str) -> Profile:
        audit = self._audit
        async with audit.act(call.tenant, call.actor, Action.TENANT_CHANGED, call.tenant, fields=fields):
            await call.store.change_profile(old, new)
        return _shown(new)

    async def _quota(self, call: Call) -> QuotaReply:
        tenant, used = await own(call), await call.store.used()
        return QuotaReply(
            limits=Figures(**{key: getattr(tenant.quota, key) for key in Figures.model_fields}),
            used=Figures(**{key: getattr(used, key) for key in Figures.model_fields}),
        )
