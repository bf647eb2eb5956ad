"""A login by the authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9700).

`begin` sends a browser to the provider, `finish` takes its answer. What binds the two: `state`, used once; a
cookie of the very browser; the provider, to whom alone its redirect address leads; the nonce inside the ID
token; the code verifier. Nothing is stored of a login that fails but that its state was used.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from core.errors import UserError
from core.ports import Clock, Rng, Store
from core.records import Account, PendingLogin, Provider
from core.tenants.accounts import Accounts
from core.values import Assurance, Tenant, UnixMillis
from gateway.http.who import reaches
from gateway.login.discovery import Discovery, Metadata
from gateway.login.exchange import Exchange
from gateway.login.identity import Identity, domain_of, identity
from gateway.login.providers import Providers
from gateway.login.tokens import Tokens

LOGIN_LIFE = 10 * 60 * 1000
"""Milliseconds from leaving to coming back: time to find a card and its reader. Longer keeps states
usable."""

CODE_MAX = 4096

_REFUSALS = {
    "server_error": "provider_failed",
    "temporarily_unavailable": "provider_failed",
    "unmet_authentication_requirements": "assurance_low",
}
"""What the provider's own errors are here; any other is a refusal (RFC 6749 section 4.1.2.1)."""


@dataclass(frozen=True, slots=True)
class Done:
    """A login that went well. `hint` is the ID token."""

    account: Account
    first: bool
    provider: Provider
    identity: Identity
    return_to: str
    hint: str = field(repr=False)


class Refused(Exception):
    """A login that failed, with what the page needs to offer the next step."""

    def __init__(self, error: UserError, provider: Provider | None, return_to: str) -> None:
        super().__init__(error.code)
        self.error = error
        self.provider = provider
        self.return_to = return_to


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hashed(text: str) -> bytes:
    """What is kept of a state or of a browser's cookie."""
    return hashlib.sha256(text.encode()).digest()


def demanded(provider: Provider, level: Assurance) -> tuple[str, ...]:
    """The values of `acr` to ask for so that the login has at least this level."""
    if level is Assurance.LOW:
        return provider.acr_values
    enough = tuple(acr for acr, given in provider.claims.assurance if reaches(given, level))
    preferred = tuple(acr for acr in provider.acr_values if acr in enough)
    return preferred or enough


class Flow:
    """`begin`, then `finish` with what came back."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rng: Rng,
        providers: Providers,
        discovery: Discovery,
        tokens: Tokens,
        exchange: Exchange,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._providers = providers
        self._discovery = discovery
        self._tokens = tokens
        self._exchange = exchange
        self._accounts = Accounts(store, clock, rng)

    async def tenant(self, tenant: str) -> Tenant:
        """The tenant, as it stands now. UserError provider_unknown, tenant_suspended."""
        found = next((one for one in await self._store.of(tenant).tenants() if one.id == tenant), None)
        if found is None:
            raise UserError("provider_unknown")
        if found.suspended:
            raise UserError("tenant_suspended")
        return found

    async def provider(self, name: str) -> Provider:
        """UserError provider_unknown."""
        found = await self._providers.get(name)
        if found is None:
            raise UserError("provider_unknown")
        return found

    async def begin(
        self, name: str, *, return_to: str, level: Assurance, browser: str, redirect_uri: str
    ) -> str:
        """The provider's address to send the browser to. `level` above the tenant's own is a step-up: the
        provider is to ask anew. UserError provider_unknown, provider_failed, tenant_suspended."""
        provider = await self.provider(name)
        tenant = await self.tenant(provider.tenant)
        metadata = await self._discovery.metadata(provider.issuer)
        state, nonce, verifier = (_text(self._rng.bytes(32)) for _ in range(3))
        now = self._clock.now()
        pending = PendingLogin(
            state=hashed(state),
            tenant=tenant.id,
            provider=provider.id,
            nonce=nonce,
            verifier=verifier,
            browser=hashed(browser),
            return_to=return_to,
            expires=UnixMillis(now + LOGIN_LIFE),
        )
        await self._store.of(tenant.id).add_pending_login(pending, now)
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            **_assurance(provider, metadata, tenant.policy.assurance, level),
        }
        return str(add_params_to_uri(metadata.authorization, asked.items()))

    async def finish(self, name: str, answer: Mapping[str, str], browser: str, redirect_uri: str) -> Done:
        """What the answer at this provider's address makes. Refused, with every code of the module's
        parts."""
        try:
            pending = await self._store.take_pending_login(
                hashed(answer.get("state", "")), hashed(browser), self._clock.now()
            )
        except UserError as error:
            raise Refused(error, None, "/") from error
        if pending is None:
            raise Refused(UserError("login_expired"), None, "/")
        provider: Provider | None = None
        try:
            if pending.provider != name:
                # Another provider's answer under this login's state: a mix-up (RFC 9700 section 4.4).
                raise UserError("login_mismatch")
            provider = await self.provider(name)
            return await self._finish(provider, pending, answer, redirect_uri)
        except UserError as error:
            raise Refused(error, provider, pending.return_to) from error

    async def _finish(
        self, provider: Provider, pending: PendingLogin, answer: Mapping[str, str], redirect_uri: str
    ) -> Done:
        tenant = await self.tenant(pending.tenant)
        metadata = await self._discovery.metadata(provider.issuer)
        code = _code(answer, metadata)
        granted = await self._exchange.redeem(provider, metadata, code, pending.verifier, redirect_uri)
        id_token = await self._tokens.id_token(
            provider, granted.id_token, nonce=pending.nonce, access_token=granted.access_token
        )
        claims = dict(id_token)
        if provider.user_info:
            claims |= await self._exchange.user_info(provider, metadata, granted, id_token["sub"])
        who = identity(provider, id_token, claims)
        if not reaches(who.assurance, tenant.policy.assurance):
            raise UserError("assurance_low")
        account, first = await self._accounts.welcome(
            tenant,
            provider.issuer,
            who.provider_subject,
            name=who.name,
            email=await self._believed(provider, who.email),
            assurance=who.assurance,
        )
        return Done(account, first, provider, who, pending.return_to, granted.id_token)

    async def _believed(self, provider: Provider, email: str) -> str:
        """An address counts for invitations unless its domain is another ministry's, or outside of the
        domains this provider has: else one ministry's provider could claim the other's people."""
        if not email or domain_of(email) is None:
            return ""
        leads_to = await self._providers.for_email(email)
        if leads_to is not None:
            return email if leads_to.id == provider.id else ""
        return "" if provider.domains else email


def _assurance(
    provider: Provider, metadata: Metadata, least: Assurance, level: Assurance
) -> dict[str, str]:
    """How a level is asked for: by `acr_values`, and as an essential claim where the provider understands it;
    for a step-up it asks the person anew."""
    step_up = level is not Assurance.LOW
    wanted = demanded(provider, level if reaches(level, least) else least)
    asked: dict[str, str] = {"prompt": "login"} if step_up else {}
    if wanted:
        asked["acr_values"] = " ".join(wanted)
        if metadata.claims_parameter and (step_up or least is not Assurance.LOW):
            essential = {"id_token": {"acr": {"essential": True, "values": list(wanted)}}}
            asked["claims"] = json.dumps(essential, separators=(",", ":"))
    return asked


def _code(answer: Mapping[str, str], metadata: Metadata) -> str:
    issuer = answer.get("iss")
    if (issuer is not None or metadata.says_issuer) and issuer != metadata.issuer:
        # RFC 9207 section 2.4.
        raise UserError("id_token_issuer")
    if "error" in answer:
        raise UserError(_REFUSALS.get(answer["error"], "login_denied"))
    code = answer.get("code", "")
    if not 0 < len(code) <= CODE_MAX:
        raise UserError("login_denied")
    return code
