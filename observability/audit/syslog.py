"""Audit events as syslog messages (RFC 5424), framed by counting octets (RFC 6587 section 3.4.1)."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observability.audit.ocsf import HIGH, LOW, MAPPINGS, MEDIUM

if TYPE_CHECKING:
    from observability.audit.formats import Event

FACILITY = 13
"""Log audit (RFC 5424 table 1)."""

ID = "entente@32473"
"""The id of our structured data. 32473 is the number that RFC 5612 sets aside for documentation; a registered
one takes its place when there is one, as the OID of K2.1 does."""

SEVERITY = {HIGH: 2, MEDIUM: 4, LOW: 5}
"""Critical, warning and notice (RFC 5424 table 2); the rest is informational."""


def syslog(event: Event) -> bytes:
    """One message with its length in front."""
    weight = MAPPINGS[event.action].severity
    if event.outcome != "success":
        weight = max(weight, LOW)
    stamp = datetime.fromtimestamp(event.time / 1000, UTC).isoformat(timespec="milliseconds")
    parameters = {
        "id": str(event.id),
        "tenant": event.tenant,
        "actorKind": event.actor_kind,
        "actor": event.actor,
        "action": event.action,
        "objectKind": event.object_kind,
        "object": event.object,
        "outcome": event.outcome,
        "address": event.address,
        **{f"detail.{key}": value for key, value in event.detail},
    }
    data = "".join(f' {name[:32]}="{_escaped(value)}"' for name, value in parameters.items() if value)
    head = f"<{FACILITY * 8 + SEVERITY.get(weight, 6)}>1 {stamp.replace('+00:00', 'Z')} {_host()}"
    message = f"{head} entente - {_id(event.action)} [{ID}{data}]".encode()
    return f"{len(message)} ".encode() + message


def _escaped(value: str) -> str:
    """Section 6.3.3: `"`, `\\` and `]` are escaped; a control character would end somebody's line."""
    plain = "".join(character if character.isprintable() else "?" for character in value)
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _host() -> str:
    """The machine's name in the letters that section 6 allows."""
    name = "".join(character for character in socket.gethostname() if "!" <= character <= "~")
    return name[:255] or "-"


def _id(action: str) -> str:
    """MSGID has 32 letters at most (section 6.2.7)."""
    return action[:32]
