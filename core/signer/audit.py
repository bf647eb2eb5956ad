"""What the signer writes down for whoever owns the keys: one JSON line for each certificate, revocation and
new key, before the answer leaves.

The node keeps records of its own; this file is the tenant's, and the two can be compared. No name stands in
it: a subject is an opaque id.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Protocol

from core.errors import SignerRefused, StartError


class SignerAudit(Protocol):
    """Where lines go."""

    def note(self, **fields: object) -> None:
        """One line; bytes are written as hexadecimal. SignerRefused `audit_failed`: what cannot be written
        down is not done."""
        ...


class AuditFile:
    """Appends to a file of mode 0600. A line is with the kernel when `note` returns, not yet on the disk."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise StartError(f"The signer cannot write its record {path}: {error.strerror}.") from error

    def note(self, **fields: object) -> None:
        """See the port."""
        plain = {key: value.hex() if isinstance(value, bytes) else value for key, value in fields.items()}
        line = json.dumps(plain, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            raise SignerRefused("audit_failed", "the record cannot be written") from error
        if written != len(line):
            raise SignerRefused("audit_failed", "the record was cut short")

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


class NoAudit:
    """Writes nothing: for tests and programs that hold made-up keys."""

    def note(self, **fields: object) -> None:
        """Nothing."""
