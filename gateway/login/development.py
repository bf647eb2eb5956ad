"""`POST /api/login/development`: say who you are. Offered on a developer's own machine alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import UserError
from core.tenants import demo
from core.tenants.sessions import Sessions
from gateway.http.body import Body, read_body
from gateway.services import Services


class DevelopmentLogin(Body):
    """Whom to be."""

    tenant: Annotated[str, Field(max_length=63)]
    subject: Annotated[str, Field(max_length=64)]


class DevelopmentRoutes:
    """The development login's route; `offered` says whether it is there at all."""

    def __init__(self, services: Services, sessions: Sessions, *, offered: bool) -> None:
        self._services = services
        self._sessions = sessions
        self._offered = offered

    def routes(self) -> list[Route]:
        """For the app."""
        return [Route("/api/login/development", self._login, methods=["POST"])]

    async def _login(self, request: Request) -> Response:
        if not self._offered:
            raise UserError("login_disabled")
        body = await read_body(request, DevelopmentLogin)
        official = demo.official(body.tenant, body.subject)
        deployment = self._services.deployment
        if official is None or official.tenant not in {tenant.id for tenant in deployment.tenants}:
            raise UserError("person_unknown")
        if deployment.suspends(official.tenant):
            raise UserError("tenant_suspended")
        person = official.person(deployment.id)
        self._services.telemetry.count("entente_logins_total", method="development")
        return JSONResponse(
            {
                "session": await self._sessions.open(person),
                "person": {"tenant": person.tenant, "subject": person.subject, "name": person.name},
            }
        )
