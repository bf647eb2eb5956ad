"""What the signer holds: the deployment's two keys, and each tenant's policy key and ring of roots.

A ring has one root, and two or more while one takes over from the other. When that happens stands in the new
root itself, as the beginning of its validity: so this signer, a deployment that only knows the root, and
whoever looks at it years later say the same, and no state can be lost. Root certificates are public files;
private keys are in a vault.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from core._native import e2ee
from core.errors import StartError
from core.signer.vault import FileVault, Vault, write_new
from core.tenants.authority import begins, make_root
from core.values import NAME, Tenant, UnixMillis

OVERLAP = e2ee.MAX_CERTIFICATE_MS + 3600 * 1000
"""Milliseconds for which a root goes on beside the one that took over: a meeting begun before knows only the
older, and ends within the life of a leaf (K2.1). The hour is for clocks and slow hands. Higher keeps a stolen
key useful for longer; lower strands meetings."""

ROOTS_MAX = 8
"""Roots of one tenant in a manifest."""

_ROOT = re.compile(r"(?P<tenant>.+)-root(?:-(?P<number>[0-9]{1,4}))?\.pem")


@dataclass(frozen=True, slots=True)
class Authority:
    """One root of a tenant, DER. `key` is None where another signer has it."""

    number: int
    root: bytes
    begins: UnixMillis
    key: Ed25519PrivateKey | None = field(repr=False)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the root."""
        return hashlib.sha256(self.root).digest()


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """A tenant's ring, oldest root first, and its policy key, private where we have it."""

    authorities: tuple[Authority, ...]
    policy_key: bytes
    policy: Ed25519PrivateKey | None = field(repr=False)

    def retires(self, authority: Authority) -> int | None:
        """When this root ends for its successor's sake, Unix ms; None where it has none."""
        later = [one.begins for one in self.authorities if one.number > authority.number]
        return min(later) + OVERLAP if later else None

    def standing(self, now: UnixMillis) -> tuple[Authority, ...]:
        """Those that a manifest names, newest first: one that is to come, and one that is going, too."""
        ends = [(one, self.retires(one)) for one in self.authorities]
        return tuple(one for one, end in reversed(ends) if end is None or end > now)

    def issuing(self, now: UnixMillis, among: Collection[bytes] = ()) -> Authority | None:
        """The newest that has begun, of those with these fingerprints where any are named."""
        known = (one for one in self.standing(now) if one.begins <= now and one.key is not None)
        return next((one for one in known if not among or one.fingerprint in among), None)


class SignerKeys:
    """Everything the signer holds. Made by `open_keys`; `refresh` looks for what a ceremony changed."""

    def __init__(
        self, folder: Path, deployment: str, vault: Vault, files: FileVault, enrolled: Collection[str]
    ) -> None:
        self.deployment = deployment
        self.hub: Ed25519PrivateKey | None = None
        self.manifest: Ed25519PrivateKey | None = None
        self.tenants: dict[str, TenantKeys] = {}
        self._folder = folder
        self._vault = vault
        self._files = files
        self._enrolled = frozenset(enrolled)
        self._seen: frozenset[str] = frozenset()

    def open(self, tenants: Sequence[Tenant], now: UnixMillis, hub: bool) -> None:
        """Load, and make what is missing, for these tenants and all others that have a root here."""
        if hub:
            # The hub's key signs inside MLS, in our own library, which needs it in memory.
            self.hub = self._files.get("hub") or self._files.make("hub")
            self.manifest = self._vault.get("manifest") or self._vault.make("manifest")
        for tenant in tenants:
            self.ensure(tenant, now)
        self.refresh()

    def ensure(self, tenant: Tenant, now: UnixMillis) -> None:
        """The tenant has keys; an enrolled one has them elsewhere, and only what was enrolled is known."""
        if tenant.id in self.tenants or tenant.id in self._enrolled:
            return
        if not self._numbers(tenant.id):
            name = authority_name(tenant.id, 1)
            self._put_root(tenant, 1, self._vault.get(name) or self._vault.make(name), now)
        if self._vault.get(f"{tenant.id}-policy") is None:
            self._vault.make(f"{tenant.id}-policy")
        self.tenants[tenant.id] = self._load(tenant.id)

    def rotate(self, tenant: Tenant, start: UnixMillis, now: UnixMillis) -> Authority:
        """A new root that takes over at `start`; what has retired is destroyed. StartError when one is to
        come already, or the tenant's keys are elsewhere."""
        held = self.tenants.get(tenant.id)
        if held is None or held.policy is None:
            raise StartError(f"This signer has no keys of {tenant.id}.")
        if held.authorities[-1].begins > now:
            raise StartError(f"A root of {tenant.id} is to take over already; wait until it has.")
        standing = held.standing(now)
        if len(standing) >= ROOTS_MAX:
            raise StartError(f"{tenant.id} has {ROOTS_MAX} roots that still count; wait for one to retire.")
        number = held.authorities[-1].number + 1
        if not NAME.fullmatch(tenant.id):
            raise StartError(f"{tenant.id} is no tenant's id.")
        name = authority_name(tenant.id, number)
        self._put_root(tenant, number, self._vault.get(name) or self._vault.make(name), start)
        for old in held.authorities:
            if old not in standing:
                self.root_path(tenant.id, old.number).unlink()
                self._vault.destroy(authority_name(tenant.id, old.number))
        self.tenants[tenant.id] = self._load(tenant.id)
        return self.tenants[tenant.id].authorities[-1]

    def enrol(self, tenant: str, root: bytes, policy_key: bytes) -> Authority:
        """Take a root (DER) and policy key that another signer made; StartError unless this one is to know
        that tenant so."""
        if tenant not in self._enrolled:
            raise StartError(f"{tenant} is no tenant of a signer elsewhere; name it in signer.remotes.")
        numbers = self._numbers(tenant)
        for number in numbers:
            if _read_root(self.root_path(tenant, number)) == root:
                raise StartError(f"This root of {tenant} is known already.")
        number = numbers[-1] + 1 if numbers else 1
        path = self._folder / f"{tenant}-policy.pub"
        if path.exists() and _read_public(path) != policy_key:
            raise StartError(f"{tenant} has another policy key in {path}; remove it if it is to be replaced.")
        if not path.exists():
            key = Ed25519PublicKey.from_public_bytes(policy_key)
            write_new(path, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        write_new(self.root_path(tenant, number), _pem(root))
        self.tenants[tenant] = self._load(tenant)
        return self.tenants[tenant].authorities[-1]

    def refresh(self) -> bool:
        """Read the rings again if a root came or went; whether one did. StartError leaves what was known."""
        names = frozenset(path.name for path in self._folder.glob("*-root*.pem"))
        if names == self._seen:
            return False
        found = {match["tenant"] for name in names if (match := _ROOT.fullmatch(name))}
        self.tenants = {tenant: self._load(tenant) for tenant in sorted(found) if NAME.fullmatch(tenant)}
        self._seen = names
        return True

    def _load(self, tenant: str) -> TenantKeys:
        own = tenant not in self._enrolled
        authorities = tuple(self._authority(tenant, number, own) for number in self._numbers(tenant))
        if not own:
            return TenantKeys(authorities, _read_public(self._folder / f"{tenant}-policy.pub"), None)
        policy = self._vault.get(f"{tenant}-policy")
        if policy is None:
            raise StartError(f"The policy key of {tenant} is missing beside its root.")
        return TenantKeys(authorities, policy.public_key().public_bytes_raw(), policy)

    def _authority(self, tenant: str, number: int, own: bool) -> Authority:
        path = self.root_path(tenant, number)
        root = _read_root(path)
        key = self._vault.get(authority_name(tenant, number)) if own else None
        if own and key is None:
            raise StartError(f"{path} has no key; put it back, or name {tenant} in signer.remotes.")
        public = x509.load_der_x509_certificate(root).public_key()
        if key is not None and public != key.public_key():
            raise StartError(f"{path} was not made with the key beside it; put both back or remove both.")
        return Authority(number, root, begins(root), key)

    def _put_root(self, tenant: Tenant, number: int, key: Ed25519PrivateKey, start: UnixMillis) -> None:
        """The key is kept before its root: a crash between them leaves a key that the next try finds."""
        write_new(self.root_path(tenant.id, number), _pem(make_root(tenant, key, start)))

    def _numbers(self, tenant: str) -> list[int]:
        names = (_ROOT.fullmatch(path.name) for path in self._folder.glob(f"{tenant}-root*.pem"))
        return sorted(int(name["number"] or 1) for name in names if name and name["tenant"] == tenant)

    def root_path(self, tenant: str, number: int) -> Path:
        """Where this root lies, PEM."""
        return self._folder / f"{tenant}-root{_suffix(number)}.pem"


def open_keys(
    folder: Path,
    deployment: str,
    tenants: Sequence[Tenant],
    now: UnixMillis,
    *,
    vault: Vault | None = None,
    enrolled: Collection[str] = (),
    hub: bool = True,
) -> SignerKeys:
    """Load every key, making what is missing. `vault` holds all but the hub's; files where None. `enrolled`
    tenants have theirs in a signer elsewhere; without `hub` this is such a signer. StartError names what is
    not safe."""
    files = FileVault(folder)
    keys = SignerKeys(folder, deployment, vault or files, files, enrolled)
    keys.open(tenants, now, hub)
    return keys


def authority_name(tenant: str, number: int) -> str:
    """What a vault calls the key of a tenant's root."""
    return f"{tenant}-authority{_suffix(number)}"


def _suffix(number: int) -> str:
    return "" if number == 1 else f"-{number}"


def _pem(root: bytes) -> bytes:
    return x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM)


def _read_root(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise StartError(f"{path} is not a certificate that can be read.") from error


def _read_public(path: Path) -> bytes:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StartError(f"{path} is not a public key that can be read.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise StartError(f"{path} is not an Ed25519 key.")
    return key.public_bytes_raw()
