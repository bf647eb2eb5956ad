"""Where private keys live: a folder of files, or a token behind PKCS#11 (`core.signer.pkcs11`).

Files are mode 0600, owned by us, refused when anybody else could read them. A crash while a key is being made
leaves no half key: the file is written beside its place and linked into it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import StartError


class Vault(Protocol):
    """Ed25519 keys by name. What cannot be used safely is a StartError whose sentence names it."""

    def get(self, name: str) -> Ed25519PrivateKey | None:
        """The key of this name; None when there is none."""
        ...

    def make(self, name: str) -> Ed25519PrivateKey:
        """A new key under a name that has none."""
        ...

    def destroy(self, name: str) -> None:
        """The key is gone for good; does nothing when there is none."""
        ...


class FileVault:
    """PEM files `<name>.pem` in a folder of mode 0700, which is made when missing."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"The signer cannot make its folder {folder}: {error.strerror}.") from error
        check_mode(folder, directory=True)
        self._folder = folder

    def get(self, name: str) -> Ed25519PrivateKey | None:
        """See the port."""
        path = self._path(name)
        if not path.exists() and not path.is_symlink():
            return None
        check_mode(path, directory=False)
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise StartError(f"{path} is not a private key that can be read.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise StartError(f"{path} is not an Ed25519 key.")
        return key

    def make(self, name: str) -> Ed25519PrivateKey:
        """See the port."""
        key = Ed25519PrivateKey.generate()
        write_new(self._path(name), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return key

    def destroy(self, name: str) -> None:
        """See the port. On a disk that keeps old blocks the bytes may outlive the file; a token forgets."""
        self._path(name).unlink(missing_ok=True)
        sync_folder(self._folder)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pem"


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist, whole or not at all, durable on return. StartError."""
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
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """What was made or removed in it survives a power cut."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_mode(path: Path, *, directory: bool) -> None:
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
