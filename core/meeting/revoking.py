"""Revoking certificates (K2.4): found among those issued, signed by the signer, stored, told to every
meeting.

A crash after the store leaves a revocation that nobody was told of; a meeting reads those when it is taken up
again, and the command may be given once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from core._native import e2ee
from core.errors import OperatorError
from core.ports import Clock, Rng, Signer, Store
from core.tenants.authority import whose
from core.values import LogLeaf, RevocationRecord, UnixMillis


class Revoker:
    """`by_subject` or `by_fingerprint`. Both return how many certificates are void now, and raise
    OperatorError when there is none, SignerError and StoreError."""

    def __init__(
        self,
        store: Store,
        signer: Signer,
        clock: Clock,
        rng: Rng,
        deployment: str,
        tell: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rng = rng
        self._deployment = deployment
        self._tell = tell

    async def by_subject(self, tenant: str, subject: str, reason: str) -> int:
        """Every certificate of this person that may still be valid."""
        uri = f"entente://{self._deployment}/{tenant}/{subject}"
        found = [one for one in await self._issued() if whose(one) == uri]
        if not found:
            raise OperatorError(f"No certificate of {subject} of {tenant} is valid now.")
        for certificate in found:
            await self._revoke(tenant, hashlib.sha256(certificate).digest(), reason)
        return len(found)

    async def by_fingerprint(self, tenant: str, fingerprint: bytes, reason: str) -> int:
        """The certificate with this SHA-256."""
        own = f"entente://{self._deployment}/{tenant}/"
        known = [one for one in await self._issued() if hashlib.sha256(one).digest() == fingerprint]
        if not any(whose(one).startswith(own) for one in known):
            raise OperatorError(f"No certificate of {tenant} with this fingerprint is valid now.")
        await self._revoke(tenant, fingerprint, reason)
        return 1

    async def _issued(self) -> list[bytes]:
        since = UnixMillis(self._clock.now() - e2ee.MAX_CERTIFICATE_MS)
        return [leaf.content for leaf in await self._store.certificates(since)]

    async def _revoke(self, tenant: str, fingerprint: bytes, reason: str) -> None:
        data = await self._signer.sign_revocation(tenant, fingerprint, reason)
        now, salt = self._clock.now(), self._rng.bytes(32)
        await self._store.add_revocation(RevocationRecord(tenant, fingerprint, data, now))
        digest = hashlib.sha256(salt + data).digest()
        await self._store.add_leaves([LogLeaf(None, "revocation", digest, salt, data, now)])
        await self._tell(data)
