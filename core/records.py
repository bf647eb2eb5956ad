"""Values of a ministry's own house: who may log in and how, who belongs to a room, what was done by whom.

Like `core.values` they carry no behaviour beyond their own invariants; what must not be printed has no
``repr``. Every one of them belongs to one tenant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from core.values import Assurance, RoomRole, Tenant, UnixMillis


class Right(StrEnum):
    """What an account may do besides meeting; given by an administrator, never by a token of a provider."""

    ADMIN = "admin"
    """Everything in the own tenant's administration."""
    AUDITOR = "auditor"
    """Read audit events, certificates and meetings; change nothing."""


@dataclass(frozen=True, slots=True)
class StandingTenant:
    """A tenant of the database; `ruled` says whether it has been given rules of its own."""

    tenant: Tenant
    ruled: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant has of what its quota counts: open rooms, accounts, meetings that run."""

    rooms: int
    accounts: int
    meetings: int


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who has logged in by a provider. `subject` is ours and opaque; `issuer` and `provider_subject`
    (the provider's `sub`) find the account again."""

    tenant: str
    subject: str
    issuer: str
    provider_subject: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)
    assurance: Assurance
    rights: frozenset[Right]
    blocked: bool
    created: UnixMillis
    seen: UnixMillis


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """Which claims of an ID token or of user info say what. `name` are tried together and joined by a space;
    `verified` must be true for the e-mail to count, and empty trusts the provider with every address;
    `assurance` maps values of `acr` to our levels, anything else is low."""

    subject: str = "sub"
    name: tuple[str, ...] = ("name",)
    email: str = "email"
    verified: str = "email_verified"
    assurance: tuple[tuple[str, Assurance], ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """A tenant's OpenID Connect provider. `secret` names a file in the folder of login secrets; None for a
    public client, which has PKCE alone. `domains` of e-mail addresses lead here (home realm discovery)."""

    id: str
    tenant: str
    name: str
    issuer: str
    client_id: str
    secret: str | None
    scopes: tuple[str, ...]
    acr_values: tuple[str, ...]
    claims: ClaimMapping
    domains: tuple[str, ...]
    user_info: bool
    """Whether claims are read from the user info endpoint too, as ProConnect wants."""
    enabled: bool
    created: UnixMillis


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login under way: what the answer must match. Used once; `browser` is the SHA-256 of the cookie that
    began it, so that nobody finishes another's login."""

    state: bytes = field(repr=False)
    """SHA-256 of the `state` parameter."""
    tenant: str
    provider: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    browser: bytes = field(repr=False)
    return_to: str
    expires: UnixMillis


@dataclass(frozen=True, slots=True)
class AccountSession:
    """A login by a provider. The cookie rotates: `previous` still counts until `previous_until`, for requests
    under way; seen later it was stolen, and the session ends. `sid` is the provider's, for its back-channel
    logout."""

    id: str
    hash: bytes = field(repr=False)
    previous: bytes | None = field(repr=False)
    previous_until: UnixMillis
    tenant: str
    subject: str
    provider: str
    sid: str | None
    acr: str | None
    assurance: Assurance
    authenticated: UnixMillis
    rotated: UnixMillis
    seen: UnixMillis
    expires: UnixMillis


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session with whom it stands for and whose rules it is under, read together."""

    session: AccountSession
    account: Account
    tenant: Tenant


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A program's right to use the administration's interface; only the token's SHA-256 is kept."""

    id: str
    tenant: str
    name: str
    hash: bytes = field(repr=False)
    scopes: frozenset[str]
    created_by: str
    created: UnixMillis
    expires: UnixMillis
    used: UnixMillis | None = None
    revoked: UnixMillis | None = None


@dataclass(frozen=True, slots=True)
class RoomMember:
    """Somebody a room knows: `who` is a person's URI, or `mailto:` and an address in lower case for somebody
    who has not logged in yet."""

    room: str
    who: str = field(repr=False)
    role: RoomRole


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that a tenant's CA issued: what an administrator and the person itself can list."""

    fingerprint: bytes
    tenant: str
    subject: str
    role: str
    meeting: str | None
    issued: UnixMillis
    expires: UnixMillis
    revoked: UnixMillis | None = None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to what, and how it ended. `actor` is a subject, a service token's id, `operator` or
    `system`; neither it nor `detail` ever holds a name, a key, a token or anything people said."""

    id: int
    tenant: str
    time: UnixMillis
    actor_kind: Literal["account", "guest", "service", "operator", "system"]
    actor: str
    action: str
    object_kind: str
    object: str
    outcome: Literal["success", "refused", "failed"]
    address: str = field(repr=False)
    detail: tuple[tuple[str, str], ...] = ()
