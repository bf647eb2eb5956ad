"""Joins a meeting with its order of commits and its room of media, which do not know each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core._native import e2ee
from core.e2ee.context import Context, MeetingKeys
from core.e2ee.delivery import Delivery
from core.e2ee.voice import Offload
from core.meeting.meeting import Meeting
from core.meeting.registry import House, Registry
from core.sfu.node import Sfu
from core.sfu.room import SfuRoom
from core.tenants.serving import Serving
from gateway.group_meter import GroupMeter
from gateway.services import Services

T = TypeVar("T")


def offload(call: Callable[[], T]) -> Awaitable[T]:
    """Native MLS calls release the GIL; on a thread they hold nobody up (M1.3)."""
    return asyncio.to_thread(call)


class Joint:
    """Opens and closes the two parts of each meeting."""

    def __init__(self, services: Services, run: Offload) -> None:
        self._services = services
        self._run = run
        self.sfu = Sfu(services.media, services.rng, services.clock)

    async def open(self, meeting: Meeting, suite: int) -> None:
        """Start the meeting with a delivery service and a room on a worker."""
        media = self.sfu.open_room(meeting)
        meeting.start(Delivery(self._context(meeting, suite)), media)

    def close(self, meeting: Meeting) -> None:
        """Give the worker's room back."""
        if isinstance(meeting.media, SfuRoom):
            self.sfu.close_room(meeting.media)

    def _context(self, meeting: Meeting, suite: int) -> Context:
        services = self._services
        deployment = meeting.deployment
        policy = deployment.policies[meeting.room.tenant]
        now = services.clock.now()
        keys = MeetingKeys(
            meeting=meeting.record.id,
            label=meeting.record.label,
            hub=deployment.id,
            hub_keys=deployment.hub_keys,
            policy_hash=e2ee.policy_hash(policy),
            manifest_set_hash=e2ee.manifest_set_hash(list(deployment.manifests)),
            suite=suite,
        )
        return Context(
            keys=keys,
            trust=e2ee.Trust(list(deployment.manifests), policy, deployment.id, now),
            store=services.store.of(meeting.room.tenant),
            signer=services.signer,
            clock=services.clock,
            rng=services.rng,
            voice=GroupMeter(meeting, services.clock, services.telemetry),
            offload=self._run,
        )


def open_registry(services: Services, run: Offload = offload) -> tuple[Registry, Joint]:
    """The node's meetings and what joins their parts."""
    joint = Joint(services, run)
    house = House(
        store=services.store,
        signer=services.signer,
        clock=services.clock,
        rng=services.rng,
        telemetry=services.telemetry,
        standing=services.standing,
        connection_limit=services.connection_limit,
        max_video_slots=services.max_video_slots,
        resume_seconds=services.resume_seconds,
        max_people=services.max_people,
        rules=Serving(services.standing),
        open_parts=joint.open,
        close_parts=joint.close,
        next_peer=joint.sfu.next_peer,
    )
    return Registry(house), joint
