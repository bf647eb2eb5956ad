"""What a tenant's certificate authority issues, and to whom it refuses (K2.1, K2.2).

X.509 with Ed25519 throughout. A root names its tenant; a leaf has one URI SAN, a common name, and the role,
the assurance and whether the name was checked as non-critical extensions. Keys are arguments: this module
keeps none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core._native import e2ee
from core.errors import SignerRefused
from core.values import DISPLAY_NAME_MAX, Assurance, Person, Role, Tenant, UnixMillis

ROOT_YEARS = 10
"""Life of a root. Shorter forces every partner to take a new manifest; longer keeps a stolen key useful."""

LEAF_LIFE = timedelta(hours=24)
"""K2.1: at most 24 h, and longer than the longest meeting."""

BACKDATED = timedelta(minutes=5)
"""For clients whose clock is behind; part of `LEAF_LIFE`."""

SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""An opaque id of a person within a tenant: no character that a URI, a log or a shell would read as more."""


def _utf8_string(text: str) -> bytes:
    """DER UTF8String; short form, since roles and levels are short (X.690 8.1.3)."""
    encoded = text.encode()
    if len(encoded) > 127:
        raise SignerRefused("bad_request", "an extension's text is too long")
    return bytes([0x0C, len(encoded)]) + encoded


def _boolean(value: bool) -> bytes:
    """DER BOOLEAN."""
    return bytes([0x01, 0x01, 0xFF if value else 0x00])


def _at(now: UnixMillis) -> datetime:
    return datetime.fromtimestamp(now // 1000, UTC)


def _extension(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def make_root(tenant: Tenant, key: Ed25519PrivateKey, start: UnixMillis) -> bytes:
    """A self-signed root for the tenant, DER, that issues from `start` on. Manifests bind it to the tenant;
    its name is for people only."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, tenant.name[:DISPLAY_NAME_MAX]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Entente CA {tenant.short}"[:DISPLAY_NAME_MAX]),
        ]
    )
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_at(start) - BACKDATED)
        .not_valid_after(_at(start) + timedelta(days=365 * ROOT_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    return builder.sign(key, None).public_bytes(Encoding.DER)


def check_person(person: Person, deployment: str, tenants: set[str]) -> None:
    """Refuse to certify somebody the tenant cannot vouch for (SignerRefused)."""
    if person.deployment != deployment or person.tenant not in tenants:
        raise SignerRefused("wrong_tenant", "the person belongs to another tenant")
    if not SUBJECT.fullmatch(person.subject):
        raise SignerRefused("bad_subject", "a subject is 1 to 64 letters, digits, hyphens or underscores")
    if not 1 <= len(person.name) <= DISPLAY_NAME_MAX or person.name.strip() != person.name:
        raise SignerRefused("bad_name", f"a name has 1 to {DISPLAY_NAME_MAX} characters and no outer spaces")
    if not all(character.isprintable() for character in person.name):
        raise SignerRefused("bad_name", "a name has printable characters only")
    if person.role is Role.PARTICIPANT and not person.name_checked:
        raise SignerRefused("name_unchecked", "a participant's name is checked by the tenant")
    if person.role is Role.GUEST and (person.name_checked or person.assurance is not Assurance.LOW):
        raise SignerRefused("guest_assurance", "nobody checked a guest's name")
    if person.role not in (Role.PARTICIPANT, Role.GUEST):
        raise SignerRefused("role_refused", f"this authority does not certify the role {person.role.value}")


def issue(person: Person, public_key: bytes, root: bytes, key: Ed25519PrivateKey, now: UnixMillis) -> bytes:
    """A leaf certificate for a proven key, DER. Call `check_person` and check the proof first."""
    issuer = x509.load_der_x509_certificate(root)
    not_before = _at(now) - BACKDATED
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, person.name)]))
        .issuer_name(issuer.subject)
        .public_key(Ed25519PublicKey.from_public_bytes(public_key))
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(person.uri)]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_extension(e2ee.OID_ROLE, _utf8_string(person.role.value)), critical=False)
        .add_extension(_extension(e2ee.OID_ASSURANCE, _utf8_string(person.assurance.value)), critical=False)
        .add_extension(_extension(e2ee.OID_NAME_CHECKED, _boolean(person.name_checked)), critical=False)
    )
    return builder.sign(key, None).public_bytes(Encoding.DER)


def begins(root: bytes) -> UnixMillis:
    """From when on a root issues: its `notBefore` less the time that it was backdated."""
    start = x509.load_der_x509_certificate(root).not_valid_before_utc + BACKDATED
    return UnixMillis(int(start.timestamp()) * 1000)


def validity(certificate: bytes) -> tuple[UnixMillis, UnixMillis]:
    """When a leaf was issued and when it ends, Unix ms."""
    leaf = x509.load_der_x509_certificate(certificate)
    times = (leaf.not_valid_before_utc + BACKDATED, leaf.not_valid_after_utc)
    return UnixMillis(int(times[0].timestamp()) * 1000), UnixMillis(int(times[1].timestamp()) * 1000)


def issuer_of(certificate: bytes, roots: Iterable[bytes]) -> bytes | None:
    """The root that issued this leaf, by the identifier of its key (RFC 5280 section 4.2.1.1); None when it
    is none of these."""
    leaf = x509.load_der_x509_certificate(certificate).extensions
    wanted = leaf.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    return next((root for root in roots if _key_identifier(root) == wanted), None)


def _key_identifier(root: bytes) -> bytes:
    extensions = x509.load_der_x509_certificate(root).extensions
    return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def whose(certificate: bytes) -> str:
    """The URI of a leaf certificate that this authority has issued (K2.1)."""
    parsed = x509.load_der_x509_certificate(certificate)
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return str(uri)


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """Roots sign certificates, leaves sign what K2 to K6 name."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
