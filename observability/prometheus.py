"""The registry of the metric table and its exposition for Prometheus (text format 0.0.4).

Label values are short words of a small alphabet and bounded in number, so that neither a name nor an
address can become a label and nobody can fill the memory.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left

from observability.metrics import METRICS, Kind, Metric

WORD = re.compile(r"[a-z][a-z0-9_.]{0,39}|[0-9]{1,4}|[0-9]\.[0-9]")
"""Codes, reasons, versions and worker numbers; what is anything else is counted as `other`."""

SERIES_MAX = 256
"""Series per metric; beyond it values are counted as `other`."""

Key = tuple[str, ...]


class UnknownMetric(LookupError):
    """The name, kind or labels are not in the table: a mistake in the code that counts."""


class _Histogram:
    __slots__ = ("counts", "total")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.total = 0.0


class Registry:
    """Counts by the table. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Key, float]] = {}
        self._histograms: dict[str, dict[Key, _Histogram]] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter. UnknownMetric; ValueError when `amount` is negative."""
        if amount < 0:
            raise ValueError("a counter only grows")
        metric = _metric(name, "counter", labels)
        with self._lock:
            series = self._values.setdefault(name, {})
            key = _key(metric, labels, series)
            series[key] = series.get(key, 0.0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge. UnknownMetric."""
        metric = _metric(name, "gauge", labels)
        with self._lock:
            series = self._values.setdefault(name, {})
            series[_key(metric, labels, series)] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add to a histogram, in its unit. UnknownMetric."""
        metric = _metric(name, "histogram", labels)
        with self._lock:
            series = self._histograms.setdefault(name, {})
            key = _key(metric, labels, series)
            histogram = series.setdefault(key, _Histogram(len(metric.buckets)))
            histogram.counts[bisect_left(metric.buckets, value)] += 1
            histogram.total += value

    def exposition(self) -> str:
        """Everything, in the order of the table."""
        with self._lock:
            lines: list[str] = []
            for metric in METRICS.values():
                lines.append(f"# HELP {metric.name} {metric.meaning}")
                lines.append(f"# TYPE {metric.name} {metric.kind}")
                for key, value in sorted(self._values.get(metric.name, {}).items()):
                    lines.append(f"{metric.name}{_labels(metric, key)} {value:g}")
                for key, histogram in sorted(self._histograms.get(metric.name, {}).items()):
                    lines.extend(_histogram_lines(metric, key, histogram))
            return "\n".join(lines) + "\n"


def _metric(name: str, kind: Kind, labels: dict[str, str]) -> Metric:
    metric = METRICS.get(name)
    if metric is None or metric.kind != kind or set(labels) != set(metric.labels):
        raise UnknownMetric(f"no {kind} {name} with labels {sorted(labels)} in the table")
    return metric


def _key(metric: Metric, labels: dict[str, str], series: dict[Key, float] | dict[Key, _Histogram]) -> Key:
    key = tuple(labels[name] if WORD.fullmatch(labels[name]) else "other" for name in metric.labels)
    if key not in series and len(series) >= SERIES_MAX:
        return ("other",) * len(metric.labels)
    return key


def _labels(metric: Metric, key: Key, **more: str) -> str:
    pairs = [*zip(metric.labels, key, strict=True), *more.items()]
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs) + "}" if pairs else ""


def _histogram_lines(metric: Metric, key: Key, histogram: _Histogram) -> list[str]:
    lines = []
    running = 0
    for bound, count in zip((*metric.buckets, float("inf")), histogram.counts, strict=True):
        running += count
        edge = "+Inf" if bound == float("inf") else f"{bound:g}"
        lines.append(f"{metric.name}_bucket{_labels(metric, key, le=edge)} {running}")
    lines.append(f"{metric.name}_sum{_labels(metric, key)} {histogram.total:g}")
    lines.append(f"{metric.name}_count{_labels(metric, key)} {running}")
    return lines
