"""The one bundle of ports that `gateway/app.py` makes and every route and the socket are given.

It exists so that a test can run any of them against the doubles of `tests/support`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.routing import BaseRoute

from core.audit import Auditor
from core.meeting.admission import Pin
from core.meeting.entrance import Look
from core.ports import Bus, Clock, MediaNode, Rng, Signer, Store, Telemetry
from core.tenants.standing import Standing
from core.values import Deployment, Person, Room
from gateway.running import Running


@dataclass(frozen=True, slots=True)
class Services:
    """Every port of this node, plugged in. `connection_limit` is bits per second to and from one client."""

    clock: Clock
    rng: Rng
    store: Store
    bus: Bus
    signer: Signer
    media: MediaNode
    telemetry: Telemetry
    standing: Standing
    audit: Auditor
    connection_limit: int = 25_000_000
    max_video_slots: int = 25
    resume_seconds: float = 30.0
    max_people: int = 300

    @property
    def deployment(self) -> Deployment:
        """What the deployment's statements say now."""
        return self.standing.deployment


class Meetings(Protocol):
    """The meetings running on this node, as `gateway.socket.open_meetings` gives them to the app."""

    def routes(self) -> Sequence[BaseRoute]:
        """The WebSocket route, to mount beside the HTTP routes."""
        ...

    def people(self, room: str) -> int:
        """How many are in the room's live meeting; 0 when there is none."""
        ...

    def running(self, tenant: str) -> Sequence[Running]:
        """Meetings of this tenant's rooms, oldest first."""
        ...

    async def end(self, tenant: str, meeting: str) -> bool:
        """End one of them for everybody; whether it ran."""
        ...

    async def look(self, room: Room, person: Person | None, pin: Pin) -> Look:
        """How somebody would come into this room now."""
        ...

    def count_admission(self, at: str, look: Look) -> None:
        """Count what became of somebody at the door."""
        ...

    async def room_changed(self, room: Room, *, rules: bool) -> None:
        """A room was changed beside its meeting; `rules` says whether its rules were meant."""
        ...

    async def close(self) -> None:
        """End every socket and await every task."""
        ...
