"""The ASGI application from its parts: routes, the socket, and the guards around them in their order."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from core.tenants.account_sessions import AccountSessions
from core.tenants.sessions import Sessions
from gateway.http.cookies import CookieGuard
from gateway.http.facts import FactRoutes
from gateway.http.guards import BodyGuard, HeaderGuard, HostGuard, ProxyGuard, RateGuard
from gateway.http.problem import handlers
from gateway.http.proxies import ClientGuard
from gateway.http.rooms import RoomRoutes
from gateway.http.static import static_routes
from gateway.http.who import Who
from gateway.login.development import DevelopmentRoutes
from gateway.login.me import MeRoutes
from gateway.login.notes import LoginNotes
from gateway.services import Meetings, Services
from gateway.settings import Settings


def build_app(
    settings: Settings,
    services: Services,
    sessions: Sessions,
    meetings: Meetings,
    metrics: Callable[[], str] | None,
) -> Starlette:
    """The application. The outermost guard comes first: headers also stand on what the others refuse."""
    development = settings.development.login
    guests = {tenant.id: tenant.guests for tenant in settings.deployment.tenants}
    notes = LoginNotes(services.telemetry)
    logins = AccountSessions(services.store, services.clock, services.rng, notes.stolen)
    who = Who(services.deployment.id, sessions, logins)
    routes: list[BaseRoute] = [
        *FactRoutes(services, development=development, metrics=metrics).routes(),
        *DevelopmentRoutes(services, sessions, offered=development).routes(),
        *MeRoutes(services, who, sessions, logins, notes).routes(),
        *RoomRoutes(services, who, meetings.people, lambda tenant: guests.get(tenant, True)).routes(),
        *meetings.routes(),
        *static_routes(settings.static),
    ]
    return Starlette(
        routes=routes,
        exception_handlers=handlers(services.telemetry),
        middleware=_guards(settings, services),
    )


def _guards(settings: Settings, services: Services) -> list[Middleware]:
    """In their order, the outermost first."""
    http = settings.http
    return [
        Middleware(HeaderGuard, embedders=http.embedders),
        Middleware(CookieGuard),
        Middleware(HostGuard, hosts=http.hosts),
        Middleware(ProxyGuard, development=settings.development.login),
        Middleware(
            ClientGuard,
            telemetry=services.telemetry,
            trusted=http.trusted_proxies,
            header=http.proxy_header,
        ),
        Middleware(
            RateGuard,
            clock=services.clock,
            telemetry=services.telemetry,
            burst=http.burst,
            per_second=http.per_second,
        ),
        Middleware(BodyGuard, size=http.body_max, seconds=http.body_seconds),
    ]
