"""The one table of every metric: name, kind, unit, labels and meaning. `docs/metrics.md` is generated from
it.

Names follow Prometheus: a base unit at the end, `_total` on counters. A metric that is not here cannot be
counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
BYTES = (256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table; `buckets` are upper bounds of a histogram, in the metric's unit."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


def _counter(name: str, meaning: str, *labels: str, unit: str = "1") -> Metric:
    return Metric(name, "counter", unit, labels, meaning)


def _gauge(name: str, meaning: str, *labels: str, unit: str = "1") -> Metric:
    return Metric(name, "gauge", unit, labels, meaning)


def _seconds(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, "histogram", "s", labels, meaning, SECONDS)


def _bytes(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, "histogram", "By", labels, meaning, BYTES)


_ROWS = (
    _gauge("entente_up", "1 while the node serves"),
    # HTTP and login.
    _counter("entente_http_refused_total", "Requests refused before a route saw them", "reason"),
    _counter("entente_logins_total", "Logins", "method"),
    _counter("entente_logins_refused_total", "Logins by a provider that were refused", "code"),
    _counter("entente_sessions_ended_total", "Sessions ended before their time", "reason"),
    _counter("entente_join_tokens_total", "Join tokens given out", "role"),
    # The administration.
    _counter("entente_audit_events_total", "Audit events written down", "outcome"),
    _gauge("entente_audit_waiting", "Audit events that wait for the database"),
    _counter("entente_audit_lost_total", "Audit events lost when the node stopped without its database"),
    _counter("entente_unexpected_total", "Errors that nobody foresaw: each is a bug of ours", "where"),
    # Who comes in.
    _counter(
        "entente_admissions_total", "Decisions at the door, at join, knock and hello", "at", "result"
    ),
    _counter("entente_knocks_total", "Knocks at lobbies", "result"),
    _counter("entente_lobby_total", "Waits in lobbies that ended, by how", "outcome"),
    # Sockets.
    _gauge("entente_sockets", "Open sockets"),
    _counter("entente_socket_requests_total", "Requests on sockets", "type", "result"),
    _counter("entente_socket_closed_total", "Sockets closed, by cause", "reason"),
    _counter("entente_resumes_total", "Resumptions tried", "result"),
    _bytes("entente_socket_message_bytes", "Size of messages on sockets", "direction"),
    # Meetings.
    _gauge("entente_meetings", "Live meetings"),
    _gauge("entente_participants", "Participants in live meetings", "state"),
    _counter("entente_joins_total", "Joins completed or failed", "result"),
    _seconds("entente_join_seconds", "From hello to the first epoch reached with the joiner in it"),
    _counter("entente_removals_total", "Members removed", "reason"),
    # The group.
    _counter("entente_attempts_total", "Attempts to reach an epoch, by outcome (K4.2)", "outcome"),
    _seconds("entente_epoch_seconds", "From proposal to reached"),
    _bytes("entente_commit_bytes", "Size of commits"),
    _counter("entente_receipts_total", "Receipts taken or refused", "result"),
    _counter("entente_messages_total", "Application messages ordered", "result"),
    _counter("entente_refusals_total", "Submissions refused, by rule", "code"),
    # Media.
    _gauge("entente_media_peers", "Transport sessions", "worker"),
    _counter("entente_media_connected_total", "Transport sessions connected", "dtls", "profile"),
    _counter("entente_media_lost_total", "Transport sessions lost", "reason"),
    _counter("entente_media_packets_total", "Packets at the workers", "direction"),
    _counter("entente_media_bytes_total", "Bytes at the workers", "direction", unit="By"),
    _counter("entente_media_drops_total", "Packets dropped, by name", "reason"),
    _gauge("entente_media_load", "Share of a worker's time in use, 0 to 1", "worker"),
    _counter("entente_media_overflows_total", "Event queues that overflowed", "worker"),
    # Ports.
    _counter("entente_signer_requests_total", "Requests to the signer", "type", "result"),
    _seconds("entente_signer_seconds", "Time the signer took", "type"),
)

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}
"""Every metric by name."""
