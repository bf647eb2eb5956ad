"""The engine's events as metrics of the table. It looks at each event on its way to the core and keeps no
peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.ports import Telemetry

_TOTALS = (
    ("entente_media_packets_total", "in", "packets_in"),
    ("entente_media_packets_total", "out", "packets_out"),
    ("entente_media_bytes_total", "in", "bytes_in"),
    ("entente_media_bytes_total", "out", "bytes_out"),
)


class MediaMeter:
    """One per node. Workers count since their start, so each report is compared with the one before."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._before: dict[tuple[int, str], int] = {}

    def look(self, worker: int, event: Mapping[str, Any]) -> None:
        """Count what the event says."""
        ((kind, fields),) = event.items()
        match kind:
            case "stats":
                self._stats(worker, fields)
            case "connected":
                profile = str(fields["profile"]).lower()
                self._telemetry.count("entente_media_connected_total", dtls=fields["dtls"], profile=profile)
            case "lost":
                self._telemetry.count("entente_media_lost_total", reason=str(fields["reason"]))
            case "overflow":
                self._telemetry.count("entente_media_overflows_total", worker=str(worker))
            case _:
                pass

    def _stats(self, worker: int, stats: Mapping[str, Any]) -> None:
        for metric, direction, field in _TOTALS:
            grown = self._grown(worker, field, stats[field])
            self._telemetry.count(metric, grown, direction=direction)
        for reason, total in stats["drops"].items():
            grown = self._grown(worker, f"drop {reason}", total)
            self._telemetry.count("entente_media_drops_total", grown, reason=str(reason))
        self._telemetry.gauge("entente_media_load", float(stats["load"]), worker=str(worker))
        self._telemetry.gauge("entente_media_peers", len(stats["peers"]), worker=str(worker))

    def _grown(self, worker: int, what: str, total: int) -> int:
        """How much more than last time; all of it when the worker began again."""
        before = self._before.get((worker, what), 0)
        self._before[(worker, what)] = total
        return total - before if total >= before else total
