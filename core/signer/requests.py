"""What may be asked of the signer: typed requests and nothing else, each field bounded, unknown fields
refused.

There is no request that signs bytes of the asker's choice.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from core.values import Assurance, EntryState, Role

FRAME_MAX = 1 << 20
"""Bytes of the largest request or reply: a key package is 4 kB, a manifest of 100 tenants 100 kB."""

TENANTS_MAX = 256
"""Tenants of one manifest, which every client is sent whole. More need another shape of manifest."""

Bytes32 = Annotated[bytes, Field(min_length=32, max_length=32)]
TenantId = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
Text = Annotated[str, Field(max_length=255)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Small = Annotated[int, Field(ge=0, lt=1 << 32)]
GroupId = Annotated[bytes, Field(min_length=1, max_length=64)]


class Model(BaseModel):
    """Strict: no coercion, no extra fields, and no values in error texts, since they may be secret."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Info(Model):
    """The public halves."""

    type: Literal["info"]


class PersonFields(Model):
    """`core.values.Person` on the wire."""

    deployment: Text
    tenant: TenantId
    subject: Text
    name: Text
    name_checked: bool
    role: Annotated[Role, Field(strict=False)]
    assurance: Annotated[Assurance, Field(strict=False)]


class IssueCertificate(Model):
    """Certify a leaf key that proves itself over a nonce (K2.1)."""

    type: Literal["issue_certificate"]
    person: PersonFields
    participant: Text
    public_key: Bytes32
    nonce: Annotated[bytes, Field(min_length=16, max_length=64)]
    proof: Annotated[bytes, Field(max_length=1024)]
    roots: Annotated[list[Bytes32], Field(max_length=8)] = []


class EnsureTenant(Model):
    """Keys for a tenant that was made while we run; does nothing when it has some."""

    type: Literal["ensure_tenant"]
    tenant: TenantId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    short: Annotated[str, Field(min_length=1, max_length=40)]


class EntryFields(Model):
    """An entry to sign (K4.2)."""

    meeting: Bytes32
    group: GroupId
    term: Small
    seq: Count
    epoch: Count
    attempt: Small
    state: Annotated[EntryState, Field(strict=False)]
    prev_hash: Bytes32
    commit_hash: Bytes32
    time: Count
    receipts_hash: Bytes32


class SignEntry(Model):
    """Sign an entry with the hub's key."""

    type: Literal["sign_entry"]
    entry: EntryFields


class ExternalAdd(Model):
    """Propose to add a member (K3.2)."""

    type: Literal["external_add"]
    group_id: GroupId
    epoch: Count
    key_package: Annotated[bytes, Field(min_length=1, max_length=65536)]


class ExternalRemove(Model):
    """Propose to remove a leaf (K3.2)."""

    type: Literal["external_remove"]
    group_id: GroupId
    epoch: Count
    leaf: Annotated[int, Field(ge=0, lt=4096)]


class TenantRootsFields(Model):
    """A tenant in a manifest."""

    tenant: TenantId
    name: Text
    roots: Annotated[list[Annotated[bytes, Field(max_length=8192)]], Field(min_length=1, max_length=8)]
    policy_key: Bytes32


class ManifestFields(Model):
    """A manifest to sign (K2.3)."""

    deployment: Text
    serial: Count
    not_before: Count
    not_after: Count
    key: Bytes32
    hub_keys: Annotated[list[Bytes32], Field(min_length=1, max_length=8)]
    witness_key: Annotated[bytes, Field(max_length=32)]
    endpoints: Annotated[list[Text], Field(max_length=16)]
    tenants: Annotated[list[TenantRootsFields], Field(min_length=1, max_length=TENANTS_MAX)]


class SignManifest(Model):
    """Sign the deployment's manifest."""

    type: Literal["sign_manifest"]
    manifest: ManifestFields


class PolicyFields(Model):
    """A policy to sign (K2.6)."""

    deployment: Text
    tenant: TenantId
    serial: Count
    not_before: Count
    not_after: Count
    suites: Annotated[list[Annotated[int, Field(ge=0, le=0xFFFF)]], Field(min_length=1, max_length=16)]
    guests: bool


class SignPolicy(Model):
    """Sign a tenant's policy."""

    type: Literal["sign_policy"]
    policy: PolicyFields


class SignRevocation(Model):
    """Sign that a certificate is void (K2.4)."""

    type: Literal["sign_revocation"]
    tenant: TenantId
    fingerprint: Bytes32
    reason: Text
    root: Annotated[bytes, Field(max_length=32)] = b""
    """SHA-256 of the root that issued it; the newest where empty."""


Request = (
    Info
    | EnsureTenant
    | IssueCertificate
    | SignEntry
    | ExternalAdd
    | ExternalRemove
    | SignManifest
    | SignPolicy
    | SignRevocation
)

REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
"""Turns the decoded msgpack of a request into one of the models above."""
