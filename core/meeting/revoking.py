"""Revoking certificates (K2.4): found among those issued, signed by the signer, stored, told to every
meeting.

Whoever holds them decides how many there are, so their order is ours: those that somebody uses now, then the
newest. A crash after the store leaves a revocation that nobody was told of; a meeting reads those when it is
taken up again, and the command may be given once more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from core._native import e2ee
from core.errors import EntenteError, OperatorError
from core.ports import Clock, Rng, Signer, Store
from core.tenants.authority import issuer_of, whose
from core.values import LogLeaf, RevocationRecord, UnixMillis


class LiveMeetings(Protocol):
    """What revoking asks of the meetings that run now."""

    def certificates(self) -> Collection[bytes]:
        """SHA-256 of the certificate of everybody who is in a meeting."""
        ...

    async def expel(self, uri: str) -> None:
        """Whoever of this person has no certificate yet is out."""
        ...

    async def revoke(self, data: bytes, root: bytes) -> None:
        """Tell every meeting that knows the root with the SHA-256 `root`. The first error, once all have been
        told."""
        ...


EndSessions = Callable[[str, str], Awaitable[int]]
"""Ends every login by a provider of this tenant's subject; how many there were."""


async def nobody_logs_in(tenant: str, subject: str) -> int:
    """Where no provider is."""
    return 0


class Revoker:
    """`by_subject` or `by_fingerprint`, one at a time. Both return how many certificates are void now, and
    raise OperatorError when there is nothing to end, SignerError and StoreError."""

    def __init__(
        self,
        store: Store,
        signer: Signer,
        clock: Clock,
        rng: Rng,
        deployment: str,
        live: LiveMeetings,
        end_sessions: EndSessions = nobody_logs_in,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rng = rng
        self._deployment = deployment
        self._live = live
        self._end_sessions = end_sessions
        self._turn = asyncio.Lock()

    async def by_subject(self, tenant: str, subject: str, reason: str) -> int:
        """Every certificate of this person that may still be valid, after every way to a further one."""
        uri = f"entente://{self._deployment}/{tenant}/{subject}"
        async with self._turn:
            logins = await self._store.end_logins(self._deployment, tenant, subject)
            logins += await self._end_sessions(tenant, subject)
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
                lambda one: digest(one) == fingerprint and whose(one).startswith(own)
            )
            if not found:
                raise OperatorError(f"No certificate of {tenant} with this fingerprint is valid now.")
            await self._revoke(tenant, found, reason)
        return 1

    def _since(self) -> UnixMillis:
        return UnixMillis(self._clock.now() - e2ee.MAX_CERTIFICATE_MS)

    async def _issued(self, wanted: Callable[[bytes], bool]) -> list[bytes]:
        """Certificates, those in use first and then the newest. A day's certificates of a deployment are
        parsed, which on the event loop would stop every meeting."""
        leaves = await self._store.certificates(self._since())

        def matching() -> list[bytes]:
            return [leaf.content for leaf in leaves if wanted(leaf.content)]

        newest = reversed(await asyncio.to_thread(matching))
        used = self._live.certificates()
        return sorted(newest, key=lambda certificate: digest(certificate) not in used)

    async def _revoke(self, tenant: str, certificates: list[bytes], reason: str) -> None:
        """What is revoked already is not signed again, and told again only where somebody still uses it."""
        if not certificates:
            return
        known = {one.fingerprint: one.data for one in await self._store.revocations(self._since())}
        roots = (await self._signer.info()).roots.get(tenant, ())
        failed: EntenteError | None = None
        for certificate in certificates:
            fingerprint, root = digest(certificate), issuer_of(certificate, roots)
            data = known.get(fingerprint)
            # Signed by the root that issued it: a meeting that began before another knows no other (K2.3).
            by = digest(root) if root is not None else b""
            if data is None:
                data = await self._sign(tenant, fingerprint, reason, by)
            elif fingerprint not in self._live.certificates():
                continue
            try:
                await self._live.revoke(data, by)
            except EntenteError as error:
                # One meeting's trouble must not keep the next certificate valid.
                failed = failed or error
        if failed is not None:
            raise failed

    async def _sign(self, tenant: str, fingerprint: bytes, reason: str, root: bytes) -> bytes:
        """Signed, logged and stored, in this order: what is stored is not logged again."""
        data = await self._signer.sign_revocation(tenant, fingerprint, reason, root)
        now, salt = self._clock.now(), self._rng.bytes(32)
        store = self._store.of(tenant)
        await store.add_leaves([LogLeaf(None, "revocation", digest(salt + data), salt, data, now)])
        await store.add_revocation(RevocationRecord(tenant, fingerprint, data, now))
        await store.mark_revoked(fingerprint, now)
        return data


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()
