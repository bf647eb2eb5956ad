"""Telemetry that a test can read: counters, gauges, observations and span names; names are checked by the
table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from observability.prometheus import Registry

Series = tuple[str, tuple[tuple[str, str], ...]]


def series(name: str, **labels: str) -> Series:
    """The key of a count or gauge."""
    return (name, tuple(sorted(labels.items())))


class RecordingTelemetry:
    """`core.ports.Telemetry`; keys are made by `series`. A name that is not in the table fails the test."""

    def __init__(self) -> None:
        self._table = Registry()
        self.counts: dict[Series, float] = {}
        self.gauges: dict[Series, float] = {}
        self.observations: list[tuple[str, float, dict[str, str]]] = []
        self.spans: list[tuple[str, dict[str, str | int | float | bool]]] = []

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add."""
        self._table.count(name, amount, **labels)
        key = series(name, **labels)
        self.counts[key] = self.counts.get(key, 0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set."""
        self._table.gauge(name, value, **labels)
        self.gauges[series(name, **labels)] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Append."""
        self._table.observe(name, value, **labels)
        self.observations.append((name, value, labels))

    @contextmanager
    def span(
        self,
        name: str,
        *,
        root_of: bytes | None = None,
        under: bytes | None = None,
        **attributes: str | int | float | bool,
    ) -> Iterator[None]:
        """Remember the span."""
        self.spans.append((name, attributes))
        yield
