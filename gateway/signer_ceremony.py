"""What people do with keys by hand: make them, have a root taken over by another, look at them, and take in
what another signer made.

Each works on the key folder (and the token), so that no program over a socket can do it; a running signer
looks there once a second. Each returns the lines that are printed, to be read aloud and compared.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.errors import OperatorError
from core.signer.audit import AuditFile
from core.signer.keys import Authority, SignerKeys, TenantKeys
from core.values import Tenant, UnixMillis
from gateway.settings import Settings
from gateway.signer_keys import keys_of
from gateway.system import SystemClock
from gateway.tenants import tenants_of

DAY = 24 * 3600 * 1000
LATEST = 90
"""Days ahead that a root may be to take over: what is planned longer is forgotten."""


def initialise(settings: Settings) -> list[str]:
    """Make every key that is missing. StartError."""
    return _listed(keys_of(settings, SystemClock()))


def show(settings: Settings) -> list[str]:
    """Every root and key, and what becomes of it. OperatorError when there are none yet."""
    if not Path(settings.within(settings.signer.keys)).is_dir():
        raise OperatorError("There are no keys yet; `entente signer init` makes them.")
    return _listed(keys_of(settings, SystemClock()))


def rotate(settings: Settings, tenant: str, days: int) -> list[str]:
    """A new root of `tenant` that takes over in so many days, at once when 0. OperatorError."""
    if not 0 <= days <= LATEST:
        raise OperatorError(f"A root takes over within {LATEST} days.")
    clock = SystemClock()
    keys = keys_of(settings, clock)
    found = next((one for one in tenants_of(settings) if one.id == tenant), None)
    held = keys.tenants.get(tenant)
    if held is None:
        raise OperatorError(f"This signer has no keys of {tenant}.")
    now = clock.now()
    audit = AuditFile(Path(settings.within(settings.signer.record)))
    try:
        made = keys.rotate(found or _named(tenant, held, settings), UnixMillis(now + days * DAY), now)
        audit.note(time=now, event="root_made", tenant=tenant, root=made.fingerprint, begins=made.begins)
    finally:
        audit.close()
    return _lines(keys, tenant, now)


def enrol(settings: Settings, tenant: str, root: Path, policy: str) -> list[str]:
    """Take in a root and policy key of a tenant that hosts its own signer. OperatorError."""
    clock = SystemClock()
    try:
        certificate = x509.load_pem_x509_certificate(root.read_bytes())
        if not isinstance(certificate.public_key(), Ed25519PublicKey):
            raise ValueError("not Ed25519")
        certificate.verify_directly_issued_by(certificate)
        key = bytes.fromhex(policy.replace(":", ""))
        Ed25519PublicKey.from_public_bytes(key)
    except Exception as error:
        raise OperatorError(
            f"{root} must be a root made by `entente signer`, and the policy key 64 hexadecimal digits."
        ) from error
    keys = keys_of(settings, clock)
    keys.enrol(tenant, certificate.public_bytes(Encoding.DER), key)
    return _lines(keys, tenant, clock.now())


def _named(tenant: str, held: TenantKeys, settings: Settings) -> Tenant:
    """A tenant that the settings do not name: made while the node ran. Its names stand in its root."""
    subject = x509.load_der_x509_certificate(held.authorities[-1].root).subject
    (name,) = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Tenant(tenant, settings.deployment.id, str(name.value), tenant[:40], "#000000")


def _listed(keys: SignerKeys) -> list[str]:
    now = SystemClock().now()
    lines = [f"deployment {keys.deployment}"]
    if keys.hub is None:
        lines.append("certifies people; the hub's and the manifest's keys are in the deployment's own signer")
    for tenant in sorted(keys.tenants):
        lines += _lines(keys, tenant, now)
    return lines


def _lines(keys: SignerKeys, tenant: str, now: UnixMillis) -> list[str]:
    held = keys.tenants[tenant]
    where = "" if held.policy is not None else ", its keys are in a signer elsewhere"
    lines = ["", f"tenant {tenant}{where}", f"  policy key {held.policy_key.hex()}"]
    for one in held.authorities:
        lines += [
            f"  root {one.number}: {_state(held, one, now)}",
            f"    SHA-256 {grouped(one.fingerprint)}",
            f"    {keys.root_path(tenant, one.number)}",
        ]
    return lines


def _state(held: TenantKeys, one: Authority, now: UnixMillis) -> str:
    end = held.retires(one)
    if end is not None and end <= now:
        return f"retired since {_date(end)}; the next rotation destroys it"
    if one.begins > now:
        return f"takes over at {_date(one.begins)}"
    successor = any(later.number > one.number and later.begins <= now for later in held.authorities)
    if successor:
        return f"goes on until {_date(end or 0)} for meetings that know no other"
    return "certifies people" if end is None else f"certifies people, and goes on until {_date(end)}"


def _date(time: int) -> str:
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def grouped(fingerprint: bytes) -> str:
    """Hexadecimal in groups of four, as people read it to each other."""
    digits = fingerprint.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
