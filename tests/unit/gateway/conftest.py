"""The whole HTTP application over doubles, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.store import SqlStore, open_store
from core.tenants.sessions import Sessions
from gateway.http.build import build_app
from gateway.services import Services
from gateway.settings import Settings
from gateway.tenants import tenants_of
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.services import NoMeetings, built_client, services
from tests.support.telemetry import RecordingTelemetry


@dataclass
class Site:
    """A running application and what is behind it."""

    client: httpx.AsyncClient
    services: Services
    clock: FakeClock
    meetings: NoMeetings
    telemetry: RecordingTelemetry
    static: Path
    settings: Settings
    app: Any
    sessions: dict[str, str] = field(default_factory=dict)

    async def log_in(self, tenant: str = "exemple", subject: str = "x-7f3k2m9q") -> dict[str, str]:
        """Headers of somebody logged in."""
        reply = await self.client.post("/api/login/development", json={"tenant": tenant, "subject": subject})
        assert reply.status_code == 200, reply.text
        return {"Authorization": f"Bearer {reply.json()['session']}"}

    async def make_room(self, title: str = "Réunion") -> dict[str, Any]:
        """A room of the first official."""
        reply = await self.client.post("/api/rooms", json={"title": title}, headers=await self.log_in())
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await opened.put_tenant(tenant)
    yield opened
    await opened.close()


def make_site(store: SqlStore, folder: Path, **overrides: Any) -> Site:
    """An application with these settings."""
    clock = FakeClock()
    static = built_client(folder / "static")
    settings = Settings(folder=folder, static=static, **overrides)
    configured = tenants_of(settings) if settings.deployment.tenants else people.TENANTS
    ports = services(store, clock, tenants=configured)
    meetings = NoMeetings(ports)
    sessions = Sessions(ports.store, clock, ports.rng, [tenant.id for tenant in people.TENANTS])
    app = build_app(settings, ports, sessions, meetings, lambda: "# metrics\n")
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 5000)),
        base_url="http://localhost:8400",
    )
    assert isinstance(ports.telemetry, RecordingTelemetry)
    return Site(client, ports, clock, meetings, ports.telemetry, static, settings, app)


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> AsyncIterator[Site]:
    """The application with the default settings."""
    made = make_site(store, tmp_path)
    yield made
    await made.client.aclose()
