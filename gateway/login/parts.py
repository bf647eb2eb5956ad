"""The parts of a provider's login, made once from ports and settings; and the providers that the settings
name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.records import ClaimMapping, Provider
from core.values import UnixMillis
from gateway.login.discovery import Discovery
from gateway.login.exchange import Exchange
from gateway.login.fetch import Fetch
from gateway.login.flow import Flow
from gateway.login.notes import LoginNotes
from gateway.login.providers import Providers
from gateway.login.tokens import Tokens
from gateway.login_settings import ProviderSettings
from gateway.services import Services
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class LoginParts:
    """What the routes of login, logout and administration share."""

    providers: Providers
    discovery: Discovery
    tokens: Tokens
    exchange: Exchange
    flow: Flow
    notes: LoginNotes
    origin: str | None


def configured(settings: Settings) -> list[Provider]:
    """The providers of the settings, of the tenants this node serves."""
    serve = settings.deployment.serve
    served = [one for one in settings.deployment.tenants if not serve or one.id in serve]
    return [_provider(tenant.id, one) for tenant in served for one in tenant.providers]


def _provider(tenant: str, one: ProviderSettings) -> Provider:
    return Provider(
        id=one.id,
        tenant=tenant,
        name=one.name,
        issuer=one.issuer,
        client_id=one.client_id,
        secret=one.secret,
        scopes=tuple(dict.fromkeys(["openid", *one.scopes])),
        acr_values=tuple(one.acr_values),
        claims=ClaimMapping(
            subject=one.claims.subject,
            name=tuple(one.claims.name),
            email=one.claims.email,
            verified=one.claims.verified,
            assurance=tuple(one.claims.assurance.items()),
        ),
        domains=tuple(one.domains),
        user_info=one.user_info,
        enabled=True,
        created=UnixMillis(0),
    )


def login_parts(settings: Settings, services: Services, notes: LoginNotes) -> LoginParts:
    """Everything but the routes. On loopback providers of this very machine are let in, for development."""
    login = settings.login
    fetch = Fetch(
        loopback=settings.is_loopback, networks=login.networks, authorities=login.authorities
    )
    providers = Providers(services.store, configured(settings))
    discovery = Discovery(fetch, services.clock)
    tokens = Tokens(discovery, services.clock)
    exchange = Exchange(fetch, tokens, Path(settings.within(login.secrets)))
    flow = Flow(services.store, services.clock, services.rng, providers, discovery, tokens, exchange)
    return LoginParts(providers, discovery, tokens, exchange, flow, notes, settings.http.origin)
