"""Revoking certificates (K2.4): found among those issued, signed by the signer, stored, told to every
meeting.

Whoever holds them decides how many there are, so their order is ours: those that somebody uses now, then the
newest. A crash after the store leaves a revocation that nobody was told of; a meeting reads those when it is
taken up again, and the command may be given once more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection
from typing import Protocol

from core._native import e2ee
from core.errors import EntenteError, OperatorError
from core.ports import Clock, Rng, Signer, Store
from core.tenants.authority import whose
from core.values import LogLeaf, RevocationRecord, UnixMillis


class LiveMeetings(Protocol):
    """What revoking asks of the meetings that run now."""

    def certificates(self) -> Collection[bytes]:
        """SHA-256 of the certificate of everybody who is in a meeting."""
        ...

    async def expel(self, uri: str) -> None:
        """Whoever of this person has no certificate yet is out."""
        ...

    async def revoke(self, data: bytes) -> None:
        """Tell every meeting of a revocation. The first error, once all have been told."""
        ...


class Revoker:
    """`by_subject` or `by_fingerprint`, one at a time. Both return how many certificates are void now, and
    raise OperatorError when there is nothing to end, SignerError and StoreError."""

    def __init__(
        self, store: Store, signer: Signer, clock: Clock, rng: Rng, deployment: str, live: LiveMeetings
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rng = rng
        self._deployment = deployment
        self._live = live
        self._turn = asyncio.Lock()

    async def by_subject(self, tenant: str, subject: str, reason: str) -> int:
        """Every certificate of this person that may still be valid, after every way to a further one."""
        uri = f"entente://{self._deployment}/{tenant}/{subject}"
        async with self._turn:
            logins = await self._store.end_logins(self._deployment, tenant, subject)
            await self._live.expel(uri)
            found = await self._issued(lambda certificate: whose(certificate) == uri)
            if not found and not logins:
                raise OperatorError(f"No certificate and no login of {subject} of {tenant} is valid now.")
            await self._revoke(tenant, found, reason)
        return len(found)

    async def by_fingerprint(self, tenant: str, fingerprint: bytes, reason: str) -> int:
        """The certificate with this SHA-256."""
        own = f"entente://{self._deployment}/{tenant}/"
        async with self._turn:
            found = await self._issued(
                lambda one: hashlib.sha256(one).digest() == fingerprint and whose(one).startswith(own)
            )
            if not found:
                raise OperatorError(f"No certificate of {tenant} with this fingerprint is valid now.")
            await self._revoke(tenant, found, reason)
        return 1

    def _since(self) -> UnixMillis:
        return UnixMillis(self._clock.now() - e2ee.MAX_CERTIFICATE_MS)

    async def _issued(self, wanted: Callable[[bytes], bool]) -> list[bytes]:
        """Fingerprints, those in use first and then the newest. A day's certificates of a deployment are
        parsed, which on the event loop would stop every meeting."""
        leaves = await self._store.certificates(self._since())

        def fingerprints() -> list[bytes]:
            return [hashlib.sha256(leaf.content).digest() for leaf in leaves if wanted(leaf.content)]

        newest = reversed(await asyncio.to_thread(fingerprints))
        used = self._live.certificates()
        return sorted(newest, key=lambda fingerprint: fingerprint not in used)

    async def _revoke(self, tenant: str, fingerprints: list[bytes], reason: str) -> None:
        """What is revoked already is not signed again, and told again only where somebody still uses it."""
        known = {one.fingerprint: one.data for one in await self._store.revocations(self._since())}
        failed: EntenteError | None = None
        for fingerprint in fingerprints:
            data = known.get(fingerprint)
            if data is None:
                data = await self._sign(tenant, fingerprint, reason)
            elif fingerprint not in self._live.certificates():
                continue
            try:
                await self._live.revoke(data)
            except EntenteError as error:
                # One meeting's trouble must not keep the next certificate valid.
                failed = failed or error
        if failed is not None:
            raise failed

    async def _sign(self, tenant: str, fingerprint: bytes, reason: str) -> bytes:
        """Signed, logged and stored, in this order: what is stored is not logged again."""
        data = await self._signer.sign_revocation(tenant, fingerprint, reason)
        now, salt = self._clock.now(), self._rng.bytes(32)
        digest = hashlib.sha256(salt + data).digest()
        store = self._store.of(tenant)
        await store.add_leaves([LogLeaf(None, "revocation", digest, salt, data, now)])
        await store.add_revocation(RevocationRecord(tenant, fingerprint, data, now))
        return data
