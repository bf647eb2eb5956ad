"""What a provider signs, checked: the ID token (OpenID Connect Core 1.0 section 3.1.3.7), user info as a
signed token (section 5.3.2), and the logout token (Back-Channel Logout 1.0 section 2.6).

Signatures are joserfc's, the claims' rules are Authlib's; which algorithms are let in, and which of our codes
each refusal has, is ours.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.util import urlsafe_b64decode

from core.errors import UserError
from core.ports import Clock
from core.records import Provider
from gateway.login.discovery import Discovery, Keys, key_set

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Asymmetric ones alone: `none` proves nothing, and with HS256 whoever knows the client's secret, or took the
public key for one, could sign."""

LEEWAY = 60
"""Seconds that clocks may differ. More lets an old token live longer, less refuses ministries whose clocks
are poor."""

TOKEN_MAX = 64 * 1024
LOGOUT_AGE = 300
"""Seconds a logout token may be old, whatever it says itself: as long as its id is remembered."""

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_CODES = {
    "iss": "id_token_issuer",
    "aud": "id_token_audience",
    "azp": "id_token_audience",
    "exp": "id_token_expired",
    "iat": "id_token_early",
    "nbf": "id_token_early",
    "nonce": "id_token_nonce",
    "at_hash": "id_token_signature",
}


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """Whose sessions end: the provider's `sid`, its `sub`, or both. `id` is the token's own."""

    id: str
    sid: str | None
    provider_subject: str | None


class Tokens:
    """`id_token`, `user_info`, `logout`: each returns claims that may be relied on, or raises UserError."""

    def __init__(self, discovery: Discovery, clock: Clock) -> None:
        self._discovery = discovery
        self._clock = clock

    async def id_token(
        self, provider: Provider, token: str, *, nonce: str, access_token: str | None
    ) -> dict[str, Any]:
        """Claims of an ID token. UserError id_token_*, claims_missing, provider_failed."""
        header, claims = await self._signed(provider, token)
        params = {"client_id": provider.client_id, "nonce": nonce, "access_token": access_token}
        self._check(CodeIDToken(claims, header, _who(provider), params))
        return claims

    async def user_info(self, provider: Provider, token: str) -> dict[str, Any]:
        """Claims of user info that came signed, as ProConnect's does. UserError as above."""
        _, claims = await self._signed(provider, token)
        for name, said, wanted in (
            ("iss", claims.get("iss"), provider.issuer),
            ("aud", claims.get("aud"), provider.client_id),
        ):
            # Both are recommended there, not required; what is said must be right.
            if said is not None and wanted not in (said if isinstance(said, list) else [said]):
                raise UserError(_CODES[name])
        now = self._clock.now() // 1000
        expires = claims.get("exp")
        if expires is not None and (not isinstance(expires, int | float) or expires + LEEWAY <= now):
            raise UserError("id_token_expired")
        return claims

    async def logout(self, provider: Provider, token: str) -> LogoutNotice:
        """A logout token. UserError id_token_* or claims_missing."""
        header, claims = await self._signed(provider, token)
        if "nonce" in claims:
            # Section 2.4: forbidden, so that nobody takes it for an ID token or the other way round.
            raise UserError("id_token_nonce")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise UserError("claims_missing", "The logout token does not say what happened")
        name, sid, subject = claims.get("jti"), claims.get("sid"), claims.get("sub")
        if not _short(name) or not (_short(sid) or _short(subject)):
            raise UserError("claims_missing", "The logout token does not say whose")
        issued = claims.get("iat")
        if issued is not None and not (isinstance(issued, int | float) and math.isfinite(issued)):
            raise UserError("id_token_early")
        if issued is not None and issued + LOGOUT_AGE <= self._clock.now() // 1000:
            raise UserError("id_token_expired")
        # Authlib's ID token demands `sub` and `exp`, which a logout token may lack.
        filled = {"sub": "-", "exp": int(issued or 0) + LOGOUT_AGE, **claims}
        self._check(CodeIDToken(filled, header, _who(provider), {"client_id": provider.client_id}))
        return LogoutNotice(str(name), sid if _short(sid) else None, subject if _short(subject) else None)

    def _check(self, token: CodeIDToken) -> None:
        missing = [name for name in ("iss", "aud", "exp", "iat", "sub") if token.get(name) is None]
        if missing:
            raise UserError("claims_missing", f"The login service left out {', '.join(missing)}")
        try:
            token.validate(now=self._clock.now() // 1000, leeway=LEEWAY)
        except ExpiredTokenError as error:
            raise UserError("id_token_expired") from error
        except ClaimError as error:
            raise UserError(_CODES.get(error.claim, "claims_missing")) from error
        except (JoseError, ValueError, TypeError, OverflowError) as error:
            raise UserError("id_token_signature") from error

    async def _signed(self, provider: Provider, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        header = _header(token)
        if header.get("alg") not in ALGORITHMS:
            raise UserError("id_token_algorithm")
        kid = header.get("kid")
        if kid is not None and not _short(kid):
            raise UserError("id_token_signature")
        keys = await self._discovery.keys(provider.issuer, kid)
        return header, _verified(token, keys)


def _verified(token: str, keys: Keys) -> dict[str, Any]:
    try:
        return dict(jwt.decode(token, key_set(keys), algorithms=sorted(ALGORITHMS)).claims)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError("id_token_signature") from error


def _header(token: str) -> dict[str, Any]:
    """The header, before anything about it is proven; only `alg` and `kid` are looked at."""
    if len(token) > TOKEN_MAX or token.count(".") != 2 or not token.isascii():
        raise UserError("id_token_algorithm", "The login's token is not a signed one")
    try:
        header = json.loads(urlsafe_b64decode(token.split(".")[0].encode()))
    except (ValueError, RecursionError) as error:
        raise UserError("id_token_signature") from error
    if not isinstance(header, dict):
        raise UserError("id_token_signature")
    return header


def _who(provider: Provider) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }


def _short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255
