"""The database of the administration: audit events and service tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.records import AuditEvent, ServiceToken
from core.values import UnixMillis


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit events: `since` and `until` are times, the first included; empty texts are any."""

    since: UnixMillis | None = None
    until: UnixMillis | None = None
    action: str = ""
    """An action, or what stands before its dot."""
    actor: str = ""
    outcome: str = ""


class AuditStore(Protocol):
    """Events that are only ever added."""

    async def append_audit(self, event: AuditEvent) -> int:
        """Keep an event, durably, under the next id, which is returned; the event's own is not looked at."""
        ...

    async def audit_events(
        self, wanted: AuditFilter, *, after: int, limit: int, newest: bool = False
    ) -> list[AuditEvent]:
        """Events with a greater id than `after`, oldest first; with `newest` those with a smaller one, newest
        first, from the end when `after` is 0."""
        ...


class AdministrationStore(AuditStore, Protocol):
    """Service tokens beside the events."""

    async def add_service_token(self, token: ServiceToken, most: int) -> None:
        """Keep a token. UserError `quota_reached` when `most` that are not revoked are kept already."""
        ...

    async def service_token(self, token_hash: bytes) -> ServiceToken | None:
        """The token with this hash, over or not."""
        ...

    async def service_tokens(self) -> list[ServiceToken]:
        """Every token, newest first: there are few."""
        ...

    async def use_service_token(self, token: str, now: UnixMillis) -> None:
        """Remember when it was used last."""
        ...

    async def revoke_service_token(self, token: str, now: UnixMillis) -> bool:
        """Whether there was one that was not revoked yet."""
        ...
