"""What a provider publishes of itself: its metadata (OpenID Connect Discovery 1.0) and its keys (RFC 7517),
kept for a while and fetched once however many ask.

Keys rotate: a token under a key that is not known has them fetched anew, but not more often than `REFETCHES`,
or anybody with a made-up key id would make us hammer the provider.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey

from core.errors import UserError
from core.ports import Clock
from gateway.login.fetch import Fetch, failed

FRESH = 3600.0
"""Seconds that metadata and keys are kept. Shorter asks more; longer trusts a withdrawn key longer."""

FAILED = 5.0
"""Seconds that a failure is kept: those who wait behind it fail with it, instead of one after another."""

REFETCHES = 5
REFETCH_WINDOW = 300.0
"""Times in seconds that unknown key ids may have the keys fetched anew. A rotation needs one."""

ISSUERS_KEPT = 2000
KEYS_MAX = 50
RSA_BITS_MIN = 2048

Keys = tuple[RSAKey | ECKey | OKPKey, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of a provider's metadata; every address was checked."""

    issuer: str
    authorization: str
    token: str
    keys: str
    user_info: str | None
    end_session: str | None
    auth_methods: tuple[str, ...]
    says_issuer: bool
    """RFC 9207: every answer names its issuer."""
    claims_parameter: bool
    acr_values: tuple[str, ...]


@dataclass(slots=True)
class _Known:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    metadata: Metadata | None = None
    keys: Keys = ()
    until: float = 0.0
    keys_until: float = 0.0
    failure: UserError | None = None
    refetched: deque[float] = field(default_factory=lambda: deque(maxlen=REFETCHES))


class Discovery:
    """`metadata` and `keys` of an issuer. UserError provider_failed."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def _of(self, issuer: str) -> _Known:
        known = self._known.pop(issuer, None) or _Known()
        self._known[issuer] = known
        if len(self._known) > ISSUERS_KEPT:
            self._known.popitem(last=False)
        return known

    def forget(self, issuer: str) -> None:
        """Fetch everything anew next time; for a provider that an administrator has just changed."""
        self._known.pop(issuer, None)

    async def metadata(self, issuer: str) -> Metadata:
        """What the issuer publishes."""
        known = self._of(issuer)
        async with known.lock:
            return await self._metadata(issuer, known)

    async def _metadata(self, issuer: str, known: _Known) -> Metadata:
        now = self._clock.monotonic()
        if known.until > now:
            if known.failure is not None:
                raise known.failure
            if known.metadata is not None:
                return known.metadata
        try:
            known.metadata, known.failure = await self._discover(issuer), None
        except UserError as error:
            known.failure, known.until = error, self._clock.monotonic() + FAILED
            raise
        known.until = self._clock.monotonic() + FRESH
        return known.metadata

    async def keys(self, issuer: str, kid: str | None) -> Keys:
        """The issuer's keys; fetched anew when none has this id."""
        known = self._of(issuer)
        async with known.lock:
            metadata = await self._metadata(issuer, known)
            now = self._clock.monotonic()
            missing = kid is not None and all(key.kid != kid for key in known.keys)
            if known.keys_until <= now:
                await self._fetch_keys(metadata, known)
            elif missing and self._may_refetch(known, now):
                known.refetched.append(now)
                await self._fetch_keys(metadata, known)
            return known.keys

    def _may_refetch(self, known: _Known, now: float) -> bool:
        return len(known.refetched) < REFETCHES or known.refetched[0] + REFETCH_WINDOW <= now

    async def _fetch_keys(self, metadata: Metadata, known: _Known) -> None:
        reply = await self._fetch.get(metadata.keys, {"Accept": "application/json"})
        if reply.status != 200:
            raise failed(f"its keys answer with {reply.status}")
        known.keys = read_keys(reply.json())
        known.keys_until = self._clock.monotonic() + FRESH

    async def _discover(self, issuer: str) -> Metadata:
        self._fetch.check_url(issuer)
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        reply = await self._fetch.get(address, {"Accept": "application/json"})
        if reply.status != 200:
            raise failed(f"its metadata answer with {reply.status}")
        return read_metadata(reply.json(), issuer, self._fetch)


def read_metadata(said: dict[str, object], issuer: str, fetch: Fetch) -> Metadata:
    """Metadata from a provider's document. UserError provider_failed: another issuer's, an address missing or
    not allowed."""
    if said.get("issuer") != issuer:
        raise failed("its metadata name another issuer")

    def address(name: str) -> str | None:
        value = said.get(name)
        return None if value is None else str(fetch.check_url(str(value)))

    def needed(name: str) -> str:
        found = address(name)
        if found is None:
            raise failed(f"its metadata lack {name}")
        return found

    def words(name: str) -> tuple[str, ...]:
        value = said.get(name)
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()

    return Metadata(
        issuer=issuer,
        authorization=needed("authorization_endpoint"),
        token=needed("token_endpoint"),
        keys=needed("jwks_uri"),
        user_info=address("userinfo_endpoint"),
        end_session=address("end_session_endpoint"),
        auth_methods=words("token_endpoint_auth_methods_supported"),
        says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        claims_parameter=said.get("claims_parameter_supported") is True,
        acr_values=words("acr_values_supported"),
    )


def read_keys(said: dict[str, object]) -> Keys:
    """The keys that can sign for us: public, asymmetric, strong enough; what we do not know is passed over
    (RFC 7517 section 5)."""
    listed = said.get("keys")
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise failed("its keys are not a list of keys")
    found: list[RSAKey | ECKey | OKPKey] = []
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") == "oct":
            continue
        try:
            key = JWKRegistry.import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS_MIN:
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            found.append(key)
    return tuple(found)


def key_set(keys: Keys) -> KeySet:
    """For joserfc."""
    return KeySet(list(keys))
