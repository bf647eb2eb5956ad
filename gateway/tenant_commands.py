"""What an operator may ask about tenants, as the operator's socket carries it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.tenants.policy import SUITES
from core.tenants.profile import LOGO_BYTES
from core.values import LANGUAGES, NAME

TenantId = Annotated[str, Field(pattern=rf"^{NAME.pattern}$", max_length=63)]
Language = Annotated[str, Field(pattern=rf"^({'|'.join(LANGUAGES)})$")]
Suite = Annotated[int, Field(json_schema_extra={"enum": list(SUITES)})]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Command(BaseModel):
    """One message of one connection."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Profile(Command):
    """What a tenant has; what is left out stays as it is. `names` replace those in these languages; `logo`
    empty takes it away."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    short: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = None
    names: dict[Language, Annotated[str, Field(max_length=200)]] | None = None
    languages: Annotated[list[Language], Field(min_length=1, max_length=len(LANGUAGES))] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    logo: Annotated[bytes, Field(max_length=LOGO_BYTES)] | None = None
    suites: Annotated[list[Suite], Field(min_length=1, max_length=len(SUITES))] | None = None
    guests: bool | None = None
    guests_without_pin: bool | None = None
    public_rooms: bool | None = None
    assurance: Literal["low", "substantial", "high"] | None = None
    rooms: Count | None = None
    accounts: Count | None = None
    people: Count | None = None
    meetings: Count | None = None


class CreateTenant(Profile):
    """A new ministry: its name, short name and colour must be said."""

    type: Literal["tenant_create"]
    tenant: TenantId


class SetTenant(Profile):
    """Change one."""

    type: Literal["tenant_set"]
    tenant: TenantId


class SuspendTenant(Command):
    """Refuse its people and rooms, or do so no more."""

    type: Literal["tenant_suspend"]
    tenant: TenantId
    suspended: bool


class ShowTenant(Command):
    """One, with what it uses of its quota."""

    type: Literal["tenant_show"]
    tenant: TenantId


class ListTenants(Command):
    """A page of them, by id."""

    type: Literal["tenant_list"]
    after: Annotated[str, Field(max_length=63)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 100


TenantCommand = CreateTenant | SetTenant | SuspendTenant | ShowTenant | ListTenants
