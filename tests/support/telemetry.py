"""Telemetry that a test can read: counters, gauges, observations and span names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class RecordingTelemetry:
    """`core.ports.Telemetry`; keys are the name and its sorted labels."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self.gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.observations: list[tuple[str, float, dict[str, str]]] = []
        self.spans: list[tuple[str, dict[str, str | int | float | bool]]] = []

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add."""
        self.counts[(name, tuple(sorted(labels.items())))] += amount  # type: ignore[assignment]

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set."""
        self.gauges[(name, tuple(sorted(labels.items())))] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Append."""
        self.observations.append((name, value, labels))

    @contextmanager
    def span(self, name: str, **attributes: str | int | float | bool) -> Iterator[None]:
        """Remember the span."""
        self.spans.append((name, attributes))
        yield
