"""A provider's claims to somebody: by the mapping that the tenant configured, and by nothing else. No claim
gives a right; an administrator does that here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from core.errors import UserError
from core.records import Provider
from core.tenants.names import vouched
from core.values import Assurance

EMAIL = re.compile(r"[^@\s\x00-\x20]{1,64}@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)")
EMAIL_MAX = 254
"""Characters of an address (RFC 5321 section 4.5.3.1.3, less the angle brackets)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. `email` is empty unless the provider has verified it; `sid` and `acr` as
    the ID token says."""

    provider_subject: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)
    assurance: Assurance
    acr: str | None
    sid: str | None


def domain_of(email: str) -> str | None:
    """The domain of an e-mail address, in lower case; None when it is no address."""
    found = EMAIL.fullmatch(email.strip().lower()) if len(email) <= EMAIL_MAX else None
    return found[1] if found else None


def domains_of(domain: str) -> list[str]:
    """What a provider may have listed for this domain: itself, or one above it as `*.above`."""
    labels = domain.split(".")
    return [domain, *("*." + ".".join(labels[at:]) for at in range(1, len(labels) - 1))]


def identity(provider: Provider, id_token: dict[str, Any], claims: dict[str, Any]) -> Identity:
    """Who it is. `id_token` says how the login was made; `claims` are all of them. UserError
    claims_missing."""
    mapping = provider.claims
    subject = claims.get(mapping.subject)
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise UserError("claims_missing", f"The login service left out {mapping.subject}")
    parts = [claims.get(one) for one in mapping.name]
    acr, sid = id_token.get("acr"), id_token.get("sid")
    return Identity(
        provider_subject=subject,
        name=_name([one for one in parts if isinstance(one, str) and one.strip()], mapping.name),
        email=_email(claims, mapping.email, mapping.verified),
        assurance=dict(mapping.assurance).get(acr, Assurance.LOW) if isinstance(acr, str) else Assurance.LOW,
        acr=acr if isinstance(acr, str) and len(acr) <= 255 else None,
        sid=sid if isinstance(sid, str) and 0 < len(sid) <= 255 else None,
    )


def _name(parts: list[str], wanted: tuple[str, ...]) -> str:
    try:
        return vouched(parts)
    except ValueError as error:
        detail = f"The login service's {' and '.join(wanted)} give no name"
        raise UserError("claims_missing", detail) from error


def _email(claims: dict[str, Any], email: str, verified: str) -> str:
    said = claims.get(email)
    if not isinstance(said, str) or domain_of(said) is None:
        return ""
    return said.strip().lower() if not verified or claims.get(verified) is True else ""
