"""The process that holds the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.values import CertificateRequest, SignerInfo


class Signer(Protocol):
    """The process that holds the CA keys and the hub key, or several of them (K2.1). SignerRefused or
    SignerUnavailable."""

    async def info(self) -> SignerInfo:
        """Public keys and roots."""
        ...

    async def issue_certificate(self, request: CertificateRequest) -> tuple[bytes, ...]:
        """A chain of DER certificates, leaf first, without the root, which the manifest holds (K2.1)."""
        ...

    async def sign_entry(self, fields: Mapping[str, object]) -> bytes:
        """The signed entry for these fields (K4.2); its hash is `core._native.e2ee.entry_hash` of it."""
        ...

    async def external_add(self, group_id: bytes, epoch: int, key_package: bytes) -> bytes:
        """The hub's Add proposal (K3.2)."""
        ...

    async def external_remove(self, group_id: bytes, epoch: int, leaf: int) -> bytes:
        """The hub's Remove proposal (K3.2)."""
        ...

    async def sign_manifest(self, fields: Mapping[str, object]) -> bytes:
        """The deployment's signed description of itself (K2.3)."""
        ...

    async def sign_policy(self, tenant: str, fields: Mapping[str, object]) -> bytes:
        """A tenant's signed policy (K2.6)."""
        ...

    async def sign_revocation(
        self, tenant: str, fingerprint: bytes, reason: str, root: bytes = b""
    ) -> bytes:
        """The tenant CA's signed revocation of the certificate with this SHA-256 (K2.4), by the root with the
        SHA-256 `root`: the one that issued it, since a meeting may know no other."""
        ...

    async def ensure_tenant(self, tenant: str, name: str, short: str) -> None:
        """The deployment's own signer has keys for this tenant, made now where it had none. Declare the
        deployment anew afterwards."""
        ...
