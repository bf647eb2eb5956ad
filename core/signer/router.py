"""Several signers as one: the deployment's own, and those that tenants host elsewhere.

Each is asked for its own tenants alone, so that one that is down, or lies, concerns nobody else. What is the
deployment's goes to its own signer, which vouches for a tenant's root only once its operator has enrolled it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import Signer
from core.values import CertificateRequest, SignerInfo


class SignerRouter:
    """`core.ports.Signer`; `elsewhere` has the signer of each tenant that hosts its own."""

    def __init__(self, own: Signer, elsewhere: Mapping[str, Signer]) -> None:
        self._own = own
        self._elsewhere = dict(elsewhere)

    def _of(self, tenant: str) -> Signer:
        return self._elsewhere.get(tenant, self._own)

    async def info(self) -> SignerInfo:
        """See the port. Asked of the own signer: no other one's word makes a root stand in a manifest."""
        return await self._own.info()

    async def issue_certificate(self, request: CertificateRequest) -> tuple[bytes, ...]:
        """See the port."""
        return await self._of(request.person.tenant).issue_certificate(request)

    async def sign_entry(self, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return await self._own.sign_entry(fields)

    async def external_add(self, group_id: bytes, epoch: int, key_package: bytes) -> bytes:
        """See the port."""
        return await self._own.external_add(group_id, epoch, key_package)

    async def external_remove(self, group_id: bytes, epoch: int, leaf: int) -> bytes:
        """See the port."""
        return await self._own.external_remove(group_id, epoch, leaf)

    async def sign_manifest(self, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return await self._own.sign_manifest(fields)

    async def sign_policy(self, tenant: str, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return await self._of(tenant).sign_policy(tenant, fields)

    async def sign_revocation(
        self, tenant: str, fingerprint: bytes, reason: str, root: bytes = b""
    ) -> bytes:
        """See the port."""
        return await self._of(tenant).sign_revocation(tenant, fingerprint, reason, root)

    async def ensure_tenant(self, tenant: str, name: str, short: str) -> None:
        """See the port."""
        await self._own.ensure_tenant(tenant, name, short)
