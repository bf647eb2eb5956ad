"""Plain values that several parts of the house speak of: people, rooms, meetings, and the records of a group.

They carry no behaviour beyond their own invariants. What must not be printed has no ``repr`` (STYLE:
secrets). Times are `UnixMillis`; ids are opaque strings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType

UnixMillis = NewType("UnixMillis", int)
"""Milliseconds since 1970, from the wall clock behind `core.ports.Clock`; never a duration."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A tenant id: one DNS label, so that it can stand in a URI and in a host name."""

DISPLAY_NAME_MAX = 64
"""Characters: X.509's upper bound of a common name (RFC 5280 appendix A.1, ub-common-name)."""


class Role(StrEnum):
    """What a certificate's holder is in a meeting (K2.1)."""

    PARTICIPANT = "participant"
    GUEST = "guest"
    AGENT = "agent"
    RECIPIENT = "recipient"


class Assurance(StrEnum):
    """How surely the tenant knows the person, in the words of the eIDAS regulation, article 8."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class EntryState(StrEnum):
    """States of one attempt to reach one epoch (K4.2)."""

    PROPOSED = "proposed"
    REACHED = "reached"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a tenant vouches for, or a guest it lets in; `subject` is opaque and random for a guest."""

    deployment: str
    tenant: str
    subject: str
    name: str = field(repr=False)
    name_checked: bool
    role: Role
    assurance: Assurance

    @property
    def uri(self) -> str:
        """The one URI SAN of the person's certificates (K2.1)."""
        return f"entente://{self.deployment}/{self.tenant}/{self.subject}"


LANGUAGES = ("fr", "de", "nl", "en")
"""What every text of the product exists in; a tenant may offer fewer, its own first."""


@dataclass(frozen=True, slots=True)
class TenantRules:
    """What a tenant's signed policy allows. `suites` best first (K2.6); `guests_without_pin`, `public_rooms`
    and `assurance` (the least a login of the tenant must have) are kept on the server."""

    suites: tuple[int, ...] = (0x004F,)
    guests: bool = True
    guests_without_pin: bool = True
    public_rooms: bool = True
    assurance: Assurance = Assurance.LOW


@dataclass(frozen=True, slots=True)
class Quota:
    """The most a tenant may have: open rooms, accounts, people in one meeting, meetings at one time."""

    rooms: int = 10_000
    accounts: int = 100_000
    people: int = 300
    meetings: int = 1_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """A ministry in a deployment: its id, its names and its colour (a CSS hexadecimal colour). `names` are by
    language, `name` where there is none; `logo` is a PNG of at most 64 KiB."""

    id: str
    deployment: str
    name: str
    short: str
    colour: str
    names: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = LANGUAGES
    retention_days: int = 365
    suspended: bool = False
    created: UnixMillis = UnixMillis(0)
    policy: TenantRules = TenantRules()
    quota: Quota = Quota()
    logo: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse ids that could not stand in a URI (ValueError)."""
        if not NAME.fullmatch(self.id):
            raise ValueError(f"tenant id {self.id!r} must be lower-case letters, digits and hyphens")
        if not re.fullmatch(r"#[0-9a-f]{6}", self.colour):
            raise ValueError(f"colour {self.colour!r} must look like #1a2b3c")


class RoomRole(StrEnum):
    """What somebody is in a room and in its meeting. Owner and co-hosts are its hosts."""

    OWNER = "owner"
    COHOST = "cohost"
    MEMBER = "member"
    AUDIENCE = "audience"
    """Sees, hears and writes where that is allowed, and sends neither sound nor picture."""

    @property
    def hosts(self) -> bool:
        """Whether this one commands others."""
        return self in (RoomRole.OWNER, RoomRole.COHOST)


class Access(StrEnum):
    """Who walks in without knocking: anybody with the link; anybody logged in; the room's own people."""

    PUBLIC = "public"
    TRUSTED = "trusted"
    RESTRICTED = "restricted"


Who = Literal["everyone", "hosts"]
"""Who may do something in a meeting."""


@dataclass(frozen=True, slots=True)
class RoomRules:
    """A room's rules, which a host may change during a meeting."""

    access: Access = Access.PUBLIC
    share: Who = "everyone"
    chat: Who = "everyone"
    unmute: Who = "everyone"
    audience: bool = False
    """Whether who is neither host nor member comes in as audience."""


@dataclass(frozen=True, slots=True)
class Room:
    """A place with a reusable link. `secret` (32 bytes) makes the meeting labels (K9.2) and is never
    printed."""

    id: str
    slug: str
    title: str = field(repr=False)
    tenant: str
    owner: str
    guests: bool
    secret: bytes = field(repr=False)
    created: UnixMillis
    rules: RoomRules = RoomRules()
    pin: bytes | None = field(default=None, repr=False)
    """16 bytes of salt and scrypt of the PIN that guests must give; None when they need none."""
    guests_until: UnixMillis | None = None
    """When the link ends to let guests in; it goes on for people with a login."""
    closed: UnixMillis | None = None
    """When its owner closed it for good."""

    @property
    def path(self) -> str:
        """The link's path; the secret stands in the fragment, which browsers do not send (K9.2)."""
        return f"/m/{self.slug}#{base64.urlsafe_b64encode(self.secret).rstrip(b'=').decode()}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One live session in a room; `label` (32 bytes) marks its leaves in the log (K9.2). `awaited` is until
    when it waits for its people after the node was started again."""

    id: str
    room: str
    serial: int
    label: bytes = field(repr=False)
    started: UnixMillis
    ended: UnixMillis | None = None
    awaited: UnixMillis | None = None
    tenant: str = ""
    locked: bool = False
    """Nobody comes in any more but the room's hosts."""
    guests_knock: bool = False
    """Since a guest was removed: whoever has no account may be that guest again, and knocks."""


def meeting_label(secret: bytes, serial: int) -> bytes:
    """The label of a room's meeting number `serial`: HMAC-SHA256(room secret, serial as 8 bytes) (K9.2)."""
    return hmac.new(secret, serial.to_bytes(8, "big"), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class JoinToken:
    """The right to join one room once, until `expires`. Only the token's SHA-256 is kept. `tenant` is the
    room's. `admitted` says that a host has let this person in, so that it need not knock."""

    hash: bytes = field(repr=False)
    room: str
    person: Person
    expires: UnixMillis
    tenant: str = ""
    admitted: bool = False


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Somebody who is logged in, until `expires`. Only the token's SHA-256 is kept."""

    hash: bytes = field(repr=False)
    person: Person
    expires: UnixMillis


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """Somebody who was in a meeting; `leaf_key` is the certified Ed25519 public key once there is one."""

    id: str
    meeting: str
    person: Person
    joined: UnixMillis
    left: UnixMillis | None = None
    leaf_key: bytes | None = None
    tenant: str = ""
    """The room's."""
    room_role: RoomRole = RoomRole.MEMBER


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """One MLS group of a meeting. `params` are the encoded group parameters (K3.1); `prior` the group it
    replaces."""

    id: bytes
    meeting: str
    term: int
    suite: int
    params: bytes
    created: UnixMillis
    prior: bytes | None = None


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """One signed, hash-chained entry (K4.2). `seq` counts the group's entries from 0; `data` is the signed
    structure."""

    group: bytes
    seq: int
    epoch: int
    attempt: int
    state: EntryState
    hash: bytes
    prev_hash: bytes
    data: bytes
    time: UnixMillis


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """What a committer submitted for one attempt (K4.1), with the proposals the hub announced (K3.2)."""

    group: bytes
    epoch: int
    attempt: int
    committer: int
    proposals: tuple[bytes, ...]
    commit: bytes
    signature: bytes
    welcome: bytes | None = None


@dataclass(frozen=True, slots=True)
class PublicStateRecord:
    """Group info and ratchet tree of an epoch; kept until the next epoch is reached (K4.2)."""

    group: bytes
    epoch: int
    attempt: int
    group_info: bytes
    tree: bytes


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """A member's signed receipt over the authenticator it staged (K4.3)."""

    group: bytes
    epoch: int
    attempt: int
    leaf: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Handshake:
    """One reached epoch as a returning member needs it: both entries, the commit and every receipt (K4.2)."""

    proposed: EntryRecord
    reached: EntryRecord
    commit: CommitRecord
    receipts: tuple[ReceiptRecord, ...]


@dataclass(frozen=True, slots=True)
class LogLeaf:
    """A leaf of the public log to come: its salted hash, and the opening that the tenant keeps (K9.1)."""

    label: bytes | None = field(repr=False)
    kind: str
    hash: bytes
    salt: bytes = field(repr=False)
    content: bytes = field(repr=False)
    time: UnixMillis


@dataclass(frozen=True, slots=True)
class RevocationRecord:
    """A CA's signed statement that a certificate is void (K2.4); `fingerprint` is the certificate's
    SHA-256."""

    tenant: str
    fingerprint: bytes
    data: bytes
    time: UnixMillis


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What the signer needs to certify a leaf key: who, and the key's proof over the socket's nonce
    (K2.1). `roots` are SHA-256 of those that the meeting's manifests bind to the person's tenant; it is
    issued under the newest of them, or under the newest there is where none are named (K2.3)."""

    person: Person
    participant: str
    public_key: bytes
    nonce: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    roots: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """The public half of what the signer holds; roots (DER, newest first: one that is to take over and one
    that is going, too) and policy keys by tenant, keys raw Ed25519 (32 bytes)."""

    deployment: str
    hub_key: bytes
    manifest_key: bytes
    roots: dict[str, tuple[bytes, ...]]
    policy_keys: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a node knows of its deployment once the signer has spoken: everything here is public.

    `manifests` are the signed manifests of this and every enrolled deployment (K2.3), own first; `policies`
    the signed policy of each tenant by id (K2.6); `suites` what each tenant's policy allows, best first;
    `roots` SHA-256 of the roots that the own manifest binds to each tenant.
    """

    id: str
    tenants: tuple[Tenant, ...]
    manifests: tuple[bytes, ...]
    policies: dict[str, bytes]
    suites: dict[str, tuple[int, ...]]
    hub_keys: tuple[bytes, ...]
    roots: dict[str, tuple[bytes, ...]] = field(default_factory=dict)

    def suspends(self, tenant: str) -> bool:
        """Whether this tenant's people and rooms are refused for now."""
        return any(one.id == tenant and one.suspended for one in self.tenants)
