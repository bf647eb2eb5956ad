"""A node's ports as doubles, for tests of the gateway that need no engine and no keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.routing import BaseRoute

from core.audit import Auditor
from core.bus import MemoryBus
from core.errors import SignerUnavailable
from core.meeting.admission import Pin
from core.meeting.entrance import Entrance, Look
from core.signer.client import SignerRequests
from core.store import SqlStore
from core.tenants.serving import Serving
from core.tenants.standing import Standing
from core.values import Deployment, Person, Room, Tenant
from gateway.running import Running
from gateway.services import Services
from tests.support.clock import FakeClock
from tests.support.media import FakeMediaNode
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.rng import SeededRng
from tests.support.telemetry import RecordingTelemetry


class KeylessSigner(SignerRequests):
    """Says its public halves, which are made up, and signs nothing. `down` makes it unavailable."""

    def __init__(self) -> None:
        self.down = False

    async def _ask(self, kind: str, fields: object) -> dict[str, object]:
        if self.down:
            raise SignerUnavailable("down")
        if kind != "info":
            raise AssertionError(f"{kind} asked of a signer without keys")
        return {
            "deployment": DEPLOYMENT,
            "hub_key": bytes(32),
            "manifest_key": bytes(32),
            "roots": {},
            "policy_keys": {},
        }


class NoMeetings:
    """`gateway.services.Meetings` without a socket; `crowd` is how many are in each room."""

    def __init__(self, services: Services) -> None:
        self.crowd: dict[str, int] = {}
        self.live: list[Running] = []
        self.houses: dict[str, str] = {}
        self.changed: list[tuple[Room, bool]] = []
        rules = Serving(services.standing)
        self.entrance = Entrance(services.store, services.clock, rules, lambda _room: None)

    def routes(self) -> Sequence[BaseRoute]:
        """None."""
        return []

    def people(self, room: str) -> int:
        """As the test says."""
        return self.crowd.get(room, 0)

    def running(self, tenant: str) -> Sequence[Running]:
        """As the test says."""
        return [one for one in self.live if self.houses[one.id] == tenant]

    async def end(self, tenant: str, meeting: str) -> bool:
        """Forget it."""
        found = [one for one in self.running(tenant) if one.id == meeting]
        self.live = [one for one in self.live if one not in found]
        return bool(found)

    async def look(self, room: Room, person: Person | None, pin: Pin) -> Look:
        """As a node would with no meeting running."""
        return await self.entrance.look(room, person, pin=pin)

    def count_admission(self, at: str, look: Look) -> None:
        """Not counted."""

    async def room_changed(self, room: Room, *, rules: bool) -> None:
        """Remembered."""
        self.changed.append((room, rules))

    async def close(self) -> None:
        """Nothing to end."""


def deployment(tenants: tuple[Tenant, ...] = TENANTS) -> Deployment:
    """A deployment whose statements are made up."""
    return Deployment(
        id=DEPLOYMENT,
        tenants=tenants,
        manifests=(b"manifest",),
        policies={tenant.id: b"policy" for tenant in tenants},
        suites={tenant.id: (0x4F,) for tenant in tenants},
        hub_keys=(bytes(32),),
    )


def services(
    store: SqlStore,
    clock: FakeClock | None = None,
    seed: int = 1,
    tenants: tuple[Tenant, ...] = TENANTS,
) -> Services:
    """Doubles everywhere but the store."""
    clock = clock or FakeClock()
    telemetry = RecordingTelemetry()
    return Services(
        clock=clock,
        rng=SeededRng(seed),
        store=store,
        bus=MemoryBus(clock),
        signer=KeylessSigner(),
        media=FakeMediaNode(),
        telemetry=telemetry,
        standing=Standing(deployment(tenants)),
        audit=Auditor(store, clock, telemetry),
    )


def built_client(folder: Path) -> Path:
    """A folder that looks like a built web client."""
    (folder / "assets").mkdir(parents=True)
    (folder / "sdk").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Entente</title>")
    (folder / "assets/app-1a2b3c.js").write_text("export {};")
    (folder / "e2ee_bg.wasm").write_bytes(b"\0asm\1\0\0\0")
    (folder / "sdk/entente.js").write_text("export {};")
    return folder
