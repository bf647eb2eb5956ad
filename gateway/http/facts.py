"""What a page asks before anything else: `/api/config`; and what operators ask: `/healthz`, `/metrics`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.errors import EntenteError, PeerError
from core.tenants import demo
from gateway.http.guards import is_forwarded
from gateway.services import Services

LANGUAGES = ("fr", "de", "nl", "en")


def product_version() -> str:
    """The installed distribution's version; `0` in a tree that was never installed."""
    try:
        return version("entente")
    except PackageNotFoundError:
        return "0"


class FactRoutes:
    """`metrics` renders the exposition text; None leaves the route out."""

    def __init__(self, services: Services, *, development: bool, metrics: Callable[[], str] | None) -> None:
        self._services = services
        self._development = development
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """For the app."""
        found = [
            Route("/api/config", self._config, methods=["GET"]),
            Route("/healthz", self._health, methods=["GET"]),
        ]
        if self._metrics is not None:
            found.append(Route("/metrics", self._show_metrics, methods=["GET"]))
        return found

    async def _config(self, _request: Request) -> Response:
        deployment = self._services.deployment
        known = {tenant.id for tenant in deployment.tenants}
        people = [
            {"tenant": one.tenant, "subject": one.subject, "name": one.name, "title": one.title}
            for one in demo.OFFICIALS
            if one.tenant in known
        ]
        return JSONResponse(
            {
                "product": "Entente",
                "version": product_version(),
                "development": self._development,
                "deployment": deployment.id,
                "tenants": [
                    {"id": one.id, "name": one.name, "short": one.short, "colour": one.colour}
                    for one in deployment.tenants
                ],
                "login": {"development": {"people": people}} if self._development else {},
                "languages": list(LANGUAGES),
            },
            headers={"Cache-Control": "no-cache"},
        )

    async def _health(self, _request: Request) -> Response:
        """503 names the part that does not answer, so that a load balancer and a person both know."""
        failing = []
        for name, ask in (("store", self._services.store.ping), ("signer", self._services.signer.info)):
            try:
                await ask()
            except EntenteError:
                failing.append(name)
        body = {"status": "failing" if failing else "ok", "failing": failing}
        return JSONResponse(body, status_code=503 if failing else 200, headers={"Cache-Control": "no-store"})

    async def _show_metrics(self, request: Request) -> Response:
        """For this machine's own scraper; figures tell strangers who meets when."""
        local = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
        if not local or is_forwarded(request.headers):
            raise PeerError("not_found")
        assert self._metrics is not None
        return PlainTextResponse(
            self._metrics(), media_type="text/plain; version=0.0.4", headers={"Cache-Control": "no-store"}
        )
