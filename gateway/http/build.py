"""The ASGI application from its parts: routes, the socket, and the guards around them in their order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from core.meeting.revoking import Revoker
from core.tenants.account_sessions import AccountSessions
from core.tenants.sessions import Sessions
from core.values import TenantRules
from gateway.admin.door import Door
from gateway.admin.house import operations
from gateway.admin.public import PUBLIC
from gateway.admin.serve import routes as admin_routes
from gateway.admin.trial import try_provider
from gateway.http.cookies import CookieGuard
from gateway.http.facts import FactRoutes, product_version
from gateway.http.guards import BodyGuard, HeaderGuard, HostGuard, ProxyGuard, RateGuard
from gateway.http.joining import JoinRoutes
from gateway.http.managing import Managers
from gateway.http.members import MemberRoutes
from gateway.http.problem import handlers
from gateway.http.proxies import ClientGuard
from gateway.http.rooms import RoomRoutes
from gateway.http.static import static_routes
from gateway.http.who import Who
from gateway.login.development import DevelopmentRoutes
from gateway.login.me import MeRoutes
from gateway.login.notes import LoginNotes
from gateway.login.parts import login_parts
from gateway.login.routes import LoginRoutes
from gateway.openapi import document_route
from gateway.services import Meetings, Services
from gateway.settings import Settings


def build_app(
    settings: Settings,
    services: Services,
    sessions: Sessions,
    meetings: Meetings,
    metrics: Callable[[], str] | None,
    revoker: Revoker | None = None,
) -> Starlette:
    """The application. The outermost guard comes first: headers also stand on what the others refuse."""
    development = settings.development.login
    notes = LoginNotes(services.telemetry)
    logins = AccountSessions(services.store, services.clock, services.rng, notes.stolen)
    parts = login_parts(settings, services, notes)
    who = Who(services.deployment.id, sessions, logins)
    configured = {
        one.id: TenantRules(suites=tuple(one.suites), guests=one.guests)
        for one in settings.deployment.tenants
    }
    trial = partial(try_provider, parts.discovery)
    house = operations(
        services, meetings, configured=configured, revoker=revoker, trial=trial
    )
    managers = Managers(services, who, meetings)
    routes: list[BaseRoute] = [
        *FactRoutes(services, development=development, metrics=metrics).routes(),
        *DevelopmentRoutes(services, sessions, offered=development).routes(),
        *LoginRoutes(services, parts, logins).routes(),
        *MeRoutes(services, who, sessions, logins, parts).routes(),
        *RoomRoutes(services, managers, meetings).routes(),
        *JoinRoutes(services, who, meetings).routes(),
        *MemberRoutes(services, managers).routes(),
        *admin_routes(house, Door(services.store, services.clock, who), services.store),
        document_route([*PUBLIC, *house], product_version()),
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
