"""What an audit event looks like to a writer, the plainest of the formats, and the list of all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from observability.audit.ocsf import ocsf
from observability.audit.syslog import syslog


class Event(Protocol):
    """The fields of `core.records.AuditEvent`."""

    @property
    def id(self) -> int: ...
    @property
    def tenant(self) -> str: ...
    @property
    def time(self) -> int: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def object_kind(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def detail(self) -> tuple[tuple[str, str], ...]: ...


def plain(event: Event) -> dict[str, object]:
    """The event's own fields, as the interface of the administration shows them."""
    return {
        "id": event.id,
        "tenant": event.tenant,
        "time": event.time,
        "actor": {"kind": event.actor_kind, "id": event.actor},
        "action": event.action,
        "object": {"kind": event.object_kind, "id": event.object},
        "outcome": event.outcome,
        "address": event.address,
        "detail": dict(event.detail),
    }


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


FORMATS: dict[str, Callable[[Event], bytes]] = {
    "json": lambda event: _line(plain(event)),
    "ocsf": lambda event: _line(ocsf(event)),
    "rfc5424": syslog,
}
