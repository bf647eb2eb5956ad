"""The two requests behind a login: the code for tokens, as the client we are registered as, and the access
token for user info. Neither token is kept."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from core.errors import OperatorError, UserError
from core.records import Provider
from gateway.login.discovery import Metadata
from gateway.login.fetch import Fetch, failed
from gateway.login.secrets import read_secret
from gateway.login.tokens import Tokens

log = logging.getLogger("entente.login")

ASSERTION_SECONDS = 60
"""Life of our own signed assertion (RFC 7523): one request."""

SIGNED = "application/jwt"


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gave."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


class Exchange:
    """`redeem` a code, then `user_info` where the provider is configured so. `secrets` is the folder of
    files."""

    def __init__(self, fetch: Fetch, tokens: Tokens, secrets: Path) -> None:
        self._fetch = fetch
        self._tokens = tokens
        self._secrets = secrets

    async def redeem(
        self, provider: Provider, metadata: Metadata, code: str, verifier: str, redirect_uri: str
    ) -> Granted:
        """UserError login_replayed (the code is used, expired or another login's: RFC 6749 section 5.2 has
        one word for them), provider_failed."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        auth = await self.client(provider, metadata)
        url, headers, body = auth.prepare(
            "POST", metadata.token, {"Accept": "application/json"}, urlencode(form)
        )
        reply = await self._fetch.post(url, headers, body)
        said = reply.json()
        if reply.status != 200:
            if said.get("error") == "invalid_grant":
                raise UserError("login_replayed")
            raise failed(f"it refuses the exchange ({_word(said.get('error'))})")
        id_token, access_token = said.get("id_token"), said.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise UserError("claims_missing", "The login service gave no ID token")
        return Granted(id_token, access_token)

    async def client(self, provider: Provider, metadata: Metadata) -> ClientAuth:
        """How we prove to be the client: by private key where the secret is one, else by the secret in the
        way the provider takes, else by PKCE alone. UserError provider_failed."""
        if provider.secret is None:
            return ClientAuth(provider.client_id, None, "none")
        try:
            secret = await asyncio.to_thread(read_secret, self._secrets, provider.tenant, provider.secret)
            if not secret.startswith("-----BEGIN"):
                posts = metadata.auth_methods and "client_secret_basic" not in metadata.auth_methods
                method = "client_secret_post" if posts else "client_secret_basic"
                return ClientAuth(provider.client_id, secret, method)
            key = _private_key(secret)
        except OperatorError as error:
            log.error("provider %s: %s", provider.id, error)
            raise failed("our own secret for it cannot be read") from error
        claims = {"sub": provider.client_id}
        signs = PrivateKeyJWT(metadata.token, claims, alg=_algorithm(key))
        return ClientAuth(provider.client_id, key, signs)

    async def user_info(
        self, provider: Provider, metadata: Metadata, granted: Granted, subject: str
    ) -> dict[str, Any]:
        """Claims of the user info endpoint, signed or not. UserError login_mismatch when they are another
        person's (OpenID Connect Core 1.0 section 5.3.2), id_token_*, provider_failed."""
        if metadata.user_info is None:
            raise failed("it has no user info, which is configured")
        headers = {"Authorization": f"Bearer {granted.access_token}", "Accept": f"application/json, {SIGNED}"}
        reply = await self._fetch.get(metadata.user_info, headers)
        if reply.status != 200:
            raise failed(f"its user info answers with {reply.status}")
        if reply.kind == SIGNED:
            text = reply.body.decode("ascii", errors="replace").strip()
            claims = await self._tokens.user_info(provider, text)
        else:
            claims = reply.json()
        if claims.get("sub") != subject:
            raise UserError("login_mismatch", "The user info is another person's")
        return claims


def _private_key(pem: str) -> RSAKey | ECKey | OKPKey:
    for kind in ("RSA", "EC", "OKP"):
        try:
            return import_key(pem, kind)
        except (JoseError, ValueError, TypeError):
            continue
    raise OperatorError("the login secret is not a private key that can be read")


def _algorithm(key: RSAKey | ECKey | OKPKey) -> str:
    if isinstance(key, ECKey):
        return {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}.get(str(key.curve_name), "ES256")
    return "EdDSA" if isinstance(key, OKPKey) else "RS256"


def _word(value: object) -> str:
    """An error code of the provider's, if it looks like one; nothing else of its goes into a log."""
    known = isinstance(value, str) and re.fullmatch(r"[a-z_]{1,64}", value)
    return str(value) if known else "no reason"
