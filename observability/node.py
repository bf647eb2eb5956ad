"""Metrics and traces together, in the shape of the core's telemetry port."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from observability.prometheus import Registry
from observability.traces import FileExporter, Traces


class NodeTelemetry:
    """One per process. `close` exports what waits."""

    def __init__(self, traces: Path | None = None) -> None:
        self._registry = Registry()
        self._traces = Traces(FileExporter(traces) if traces is not None else None)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter of the table."""
        self._registry.count(name, amount, **labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge of the table."""
        self._registry.gauge(name, value, **labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add to a histogram of the table, in its unit."""
        self._registry.observe(name, value, **labels)

    def span(
        self,
        name: str,
        *,
        root_of: bytes | None = None,
        under: bytes | None = None,
        **attributes: str | int | float | bool,
    ) -> AbstractContextManager[None]:
        """A span of the current trace, or of a join's."""
        return self._traces.span(name, root_of=root_of, under=under, **attributes)

    def exposition(self) -> str:
        """The metrics as text for Prometheus."""
        return self._registry.exposition()

    def close(self) -> None:
        """Export what waits."""
        self._traces.close()
