"""Every operation of the interface, from its parts; and what the caller may do here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.meeting.revoking import Revoker
from core.values import TenantRules
from gateway.admin.events import EventOperations
from gateway.admin.meetings import MeetingOperations
from gateway.admin.operation import Call, Operation, Reply
from gateway.admin.people import PeopleOperations
from gateway.admin.policy import PolicyOperations
from gateway.admin.providers import ProviderOperations, Trial
from gateway.admin.rooms import RoomOperations
from gateway.admin.scopes import Scope
from gateway.admin.tenant import TenantOperations
from gateway.admin.tokens import TokenOperations
from gateway.services import Meetings, Services


class Allowed(Reply):
    """Who asks, and what that one may do."""

    tenant: str
    actor: str
    scopes: list[Scope]


async def _allowed(call: Call) -> Allowed:
    return Allowed(tenant=call.tenant, actor=call.actor.id, scopes=sorted(call.scopes))


def operations(
    services: Services,
    live: Meetings,
    *,
    configured: Mapping[str, TenantRules],
    revoker: Revoker | None = None,
    trial: Trial | None = None,
) -> Sequence[Operation]:
    """All of them, in the order of the document."""
    clock, rng, audit = services.clock, services.rng, services.audit
    return [
        Operation(
            "GET", "/api/admin", "whatMayI", "Who asks, and what that one may do", _allowed, reply=Allowed
        ),
        *TenantOperations(audit).operations(),
        *ProviderOperations(clock, rng, audit, trial).operations(),
        *PeopleOperations(audit, revoker).operations(),
        *RoomOperations(clock, audit, live).operations(),
        *MeetingOperations(live, audit).operations(),
        *PolicyOperations(audit, configured, services.standing.refresh).operations(),
        *EventOperations(audit).operations(),
        *TokenOperations(clock, rng, audit).operations(),
    ]  # fmt: skip
