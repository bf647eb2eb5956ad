"""The database of certificates that were issued."""

from __future__ import annotations

from typing import Protocol

from core.records import CertificateRecord
from core.values import UnixMillis


class CertificateStore(Protocol):
    """One row for each certificate, of the tenant whose CA issued it (K2.4)."""

    async def add_certificate(self, certificate: CertificateRecord) -> None:
        """Store one. StoreConflict when its fingerprint is known."""
        ...

    async def certificate(self, fingerprint: bytes) -> CertificateRecord | None:
        """The one with this SHA-256."""
        ...

    async def certificates_of(
        self, subject: str | None, after: tuple[UnixMillis, bytes] | None, limit: int
    ) -> list[CertificateRecord]:
        """Newest first: of this person of the tenant, or of all its people. `after` is the `(issued,
        fingerprint)` of the last line of the page before. Needs the view of one tenant."""
        ...

    async def mark_revoked(self, fingerprint: bytes, now: UnixMillis) -> None:
        """It is void; the first time stays. Does nothing when it is not ours."""
        ...
