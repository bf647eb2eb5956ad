"""The signer's key files: made at first start, mode 0600, owned by us, refused when anybody else could read
them.

A crash while a key is being made leaves no half key: the file is written beside its place and linked into it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import StartError
from core.tenants.authority import make_root
from core.values import Tenant, UnixMillis


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """One tenant's root and its two keys."""

    root: bytes
    authority: Ed25519PrivateKey = field(repr=False)
    policy: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignerKeys:
    """Everything the signer holds."""

    deployment: str
    hub: Ed25519PrivateKey = field(repr=False)
    manifest: Ed25519PrivateKey = field(repr=False)
    tenants: dict[str, TenantKeys] = field(repr=False)


def open_keys(folder: Path, deployment: str, tenants: Sequence[Tenant], now: UnixMillis) -> SignerKeys:
    """Load every key from `folder`, making what is missing. StartError names the file that is not safe."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"The signer cannot make its folder {folder}: {error.strerror}.") from error
    _check_mode(folder, directory=True)
    return SignerKeys(
        deployment=deployment,
        hub=_key(folder / "hub.pem"),
        manifest=_key(folder / "manifest.pem"),
        tenants={tenant.id: _tenant_keys(folder, tenant, now) for tenant in tenants},
    )


def _tenant_keys(folder: Path, tenant: Tenant, now: UnixMillis) -> TenantKeys:
    authority = _key(folder / f"{tenant.id}-authority.pem")
    certificate = folder / f"{tenant.id}-root.pem"
    if certificate.exists():
        root = _root(certificate)
    else:
        root = make_root(tenant, authority, now)
        pem = x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM)
        _write_new(certificate, pem)
    if x509.load_der_x509_certificate(root).public_key() != authority.public_key():
        raise StartError(f"{certificate} was not made with the key beside it; put both back or remove both.")
    return TenantKeys(root=root, authority=authority, policy=_key(folder / f"{tenant.id}-policy.pem"))


def _root(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise StartError(f"{path} is not a certificate that can be read.") from error


def _key(path: Path) -> Ed25519PrivateKey:
    """The key in this file, made when there is none."""
    if not path.exists() and not path.is_symlink():
        made = Ed25519PrivateKey.generate()
        _write_new(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _check_mode(path, directory=False)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise StartError(f"{path} is not a private key that can be read.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StartError(f"{path} is not an Ed25519 key.")
    return key


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist, whole or not at all, durable on return."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except OSError as error:
        raise StartError(f"The signer cannot write {path}: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_mode(path: Path, *, directory: bool) -> None:
    """Refuse what is not ours alone: another owner, another kind, or a mode that lets others in."""
    try:
        found = path.lstat()
    except OSError as error:
        raise StartError(f"{path} cannot be looked at: {error.strerror}.") from error
    kind = stat.S_ISDIR if directory else stat.S_ISREG
    wanted = "700" if directory else "600"
    if not kind(found.st_mode):
        raise StartError(f"{path} must be a plain {'folder' if directory else 'file'}, not a link.")
    if found.st_uid != os.geteuid():
        raise StartError(f"{path} belongs to another user; give it to the one who runs the signer.")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise StartError(f"{path} has mode {mode:o}; others could read the keys. Run: chmod {wanted} {path}")
