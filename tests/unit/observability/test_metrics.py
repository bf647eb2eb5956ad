"""The metric table, its registry and its text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from observability.metrics import METRICS
from observability.prometheus import SERIES_MAX, Registry, UnknownMetric


def test_every_metric_is_named_after_its_kind_and_unit() -> None:
    endings = {"s": "_seconds", "By": "_bytes"}
    for metric in METRICS.values():
        assert re.fullmatch(r"entente_[a-z0-9_]+", metric.name)
        stem = metric.name.removesuffix("_total")
        assert (metric.kind == "counter") == (stem != metric.name)
        if metric.unit in endings:
            assert stem.endswith(endings[metric.unit]), metric.name
        assert (metric.kind == "histogram") == bool(metric.buckets)
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_what_is_not_in_the_table_cannot_be_counted() -> None:
    registry = Registry()
    with pytest.raises(UnknownMetric):
        registry.count("entente_surprises_total")
    with pytest.raises(UnknownMetric):
        registry.count("entente_logins_total", who="Camille")
    with pytest.raises(UnknownMetric):
        registry.gauge("entente_logins_total", 1, method="development")
    with pytest.raises(ValueError, match="only grows"):
        registry.count("entente_logins_total", -1, method="development")


def test_the_text_is_what_prometheus_reads() -> None:
    registry = Registry()
    registry.count("entente_logins_total", method="development")
    registry.count("entente_logins_total", 2, method="development")
    registry.gauge("entente_media_load", 0.25, worker="0")
    for value in (0.003, 0.3, 99.0):
        registry.observe("entente_join_seconds", value)
    text = registry.exposition()
    assert "# TYPE entente_logins_total counter" in text
    assert 'entente_logins_total{method="development"} 3' in text
    assert 'entente_media_load{worker="0"} 0.25' in text
    assert 'entente_join_seconds_bucket{le="0.005"} 1' in text
    assert 'entente_join_seconds_bucket{le="0.5"} 2' in text
    assert 'entente_join_seconds_bucket{le="10"} 2' in text
    assert 'entente_join_seconds_bucket{le="+Inf"} 3' in text
    assert "entente_join_seconds_sum 99.303" in text
    assert text.endswith("\n")


@pytest.mark.parametrize("value", ["Camille Durand", "10.1.2.3", 'x"} 1\nforged 2', "A" * 43, "", "Ünder"])
def test_a_label_that_is_no_code_is_counted_as_other(value: str) -> None:
    registry = Registry()
    registry.count("entente_media_drops_total", reason=value)
    assert 'entente_media_drops_total{reason="other"} 1' in registry.exposition()


def test_the_number_of_series_is_bounded() -> None:
    registry = Registry()
    for number in range(SERIES_MAX * 2):
        registry.count("entente_media_drops_total", reason=f"reason_{number}")
    lines = [line for line in registry.exposition().splitlines() if line.startswith("entente_media_drops")]
    assert len(lines) == SERIES_MAX + 1
    assert f'entente_media_drops_total{{reason="other"}} {SERIES_MAX}' in lines


def test_every_metric_of_the_table_is_written_somewhere() -> None:
    root = Path(__file__).parents[3]
    files = [path for folder in ("core", "gateway") for path in (root / folder).rglob("*.py")]
    code = "".join(path.read_text() for path in files)
    assert [name for name in METRICS if f'"{name}"' not in code] == []
