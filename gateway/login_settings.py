"""The settings of login by a provider: which providers a ministry has, and how they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from core.values import NAME, Assurance
from gateway.section import Section, network


def _provider_domain(value: str) -> str:
    labels = value.removeprefix("*.").split(".")
    if len(value) > 253 or len(labels) < 2 or not all(NAME.fullmatch(label) for label in labels):
        raise ValueError("must be a domain in lower case, such as finances.example or *.finances.example")
    return value


class ClaimSettings(Section):
    """Which claims of a provider say what."""

    subject: str = Field(
        default="sub", max_length=64, description="Claim that stays the same for one person for ever."
    )
    name: list[str] = Field(
        default=["name"],
        min_length=1,
        max_length=4,
        description="Claims that give the name, joined by spaces.",
    )
    email: str = Field(default="email", max_length=64, description="Claim with the e-mail address.")
    verified: str = Field(
        default="email_verified",
        max_length=64,
        description="Claim that must be true for the address to count for invitations; empty trusts the "
        "provider with every address.",
    )
    assurance: dict[str, Assurance] = Field(
        default={},
        description="Values of `acr` and the level each stands for: low, substantial or high. "
        "Others are low.",
    )


class ProviderSettings(Section):
    """An OpenID Connect provider of a ministry."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = Field(
        description="Stands in the redirect address: /api/login/callback/<id>."
    )
    name: str = Field(max_length=120, description="What people read on the login page.")
    issuer: str = Field(max_length=255, description="Its issuer, exactly as its metadata say.")
    client_id: str = Field(max_length=255, description="Our name there.")
    secret: str | None = Field(
        default=None,
        max_length=64,
        description="Name of a file in login.secrets/<tenant>: a client secret, or a private key "
        "in PEM, which signs instead (private_key_jwt). None for a public client.",
    )
    scopes: list[str] = Field(
        default=["openid", "profile", "email"], description="Scopes to ask for; openid is one of them."
    )
    acr_values: list[str] = Field(
        default=[], description="Values of acr to ask for when nothing demands more."
    )
    user_info: bool = Field(
        default=False, description="Read claims from its user info endpoint too, signed or not."
    )
    domains: list[Annotated[str, AfterValidator(_provider_domain)]] = Field(
        default=[], description="Domains of e-mail addresses whose people log in here; *.example "
        "for all below."
    )
    claims: ClaimSettings = Field(default=ClaimSettings(), description="Which of its claims say what.")


class LoginSettings(Section):
    """How providers are reached."""

    secrets: Path = Field(
        default=Path("{folder}/login"),
        description="Folder of the secrets that prove us to providers: one folder for each tenant, files of "
        "mode 600.",
    )
    networks: list[Annotated[str, AfterValidator(network)]] = Field(
        default=[],
        description="Private networks a provider may stand in, as 10.1.0.0/16. Others are refused, so that "
        "nobody can have us ask our own machines.",
    )
    authorities: Path | None = Field(
        default=None, description="PEM file of certificate authorities that providers' certificates may have."
    )


def named_twice(providers: list[ProviderSettings]) -> str | None:
    """What two providers of one deployment may not share, in words; None when nothing is."""
    names = [one.id for one in providers]
    domains = [domain for one in providers for domain in one.domains]
    for what, listed in (("provider", names), ("provider's domain", domains)):
        if twice := {one for one in listed if listed.count(one) > 1}:
            return f"The {what} {min(twice)} is configured twice."
    return None
