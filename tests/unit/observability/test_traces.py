"""What leaves in a trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry import trace

from observability.traces import ALLOWED, FileExporter, Traces, allowed


def lines(path: Path) -> list[dict[str, object]]:
    """The exported spans."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_spans_nest_and_keep_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    traces = Traces(FileExporter(path))
    with traces.span("join", entente_role="guest"), traces.span("join.token", entente_bytes=12):
        pass
    traces.close()
    inner, outer = lines(path)
    assert (inner["name"], inner["attributes"]) == ("join.token", {"entente.bytes": 12})
    assert (outer["name"], outer["attributes"]) == ("join", {"entente.role": "guest"})
    assert inner["trace"] == outer["trace"] and inner["parent"] == outer["span"]
    assert path.stat().st_mode & 0o077 == 0


def test_an_error_leaves_its_type_and_nothing_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    traces = Traces(FileExporter(path))
    with pytest.raises(ValueError, match="canary"), traces.span("join"):
        raise ValueError("canary 10.2.3.4 Camille")
    traces.close()
    (span,) = lines(path)
    assert span["attributes"] == {"error.type": "ValueError"}
    assert "canary" not in path.read_text()


def test_what_is_not_listed_does_not_leave(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    traces = Traces(FileExporter(path))
    with traces.span("join", user_name="Camille"):
        span = trace.get_current_span()
        span.set_attribute("client.address", "10.2.3.4")
        span.set_attribute("entente.role", "Camille Durand")
        span.set_attribute("entente.epoch", "7")
        span.set_attribute("entente.result", "x" * 41)
        span.add_event("said", {"text": "canary"})
    traces.close()
    (exported,) = lines(path)
    assert exported["attributes"] == {}
    assert "canary" not in path.read_text() and "Camille" not in path.read_text()


def test_a_join_is_one_trace_that_nobody_chooses(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    traces = Traces(FileExporter(path))
    with traces.span("join.token", root_of=b"a" * 32), traces.span("inner"):
        pass
    with traces.span("other"):
        pass
    with traces.span("socket", under=b"a" * 32), traces.span("step"):
        pass
    with traces.span("socket", under=b"b" * 32):
        pass
    traces.close()
    inner, root, other, step, socket, strange = lines(path)
    assert root["parent"] is None
    assert inner["parent"] == socket["parent"] == root["span"] and step["parent"] == socket["span"]
    assert {one["trace"] for one in (inner, step, socket)} == {root["trace"]}
    assert len({root["trace"], other["trace"], strange["trace"]}) == 3
    assert len({one["span"] for one in (root, inner, other, step, socket, strange)}) == 6
    assert (b"a" * 16).hex() not in path.read_text(), "the token's hash itself does not leave"


def test_the_list_names_nothing_about_people() -> None:
    for forbidden in ("name", "address", "subject", "text", "key", "token", "room", "user", "ip"):
        assert not any(forbidden in key.split(".") for key in ALLOWED)
    assert allowed(iter([("entente.resumed", True), ("entente.members", 3)])) == {
        "entente.resumed": True,
        "entente.members": 3,
    }


def test_without_an_exporter_nothing_is_made(tmp_path: Path) -> None:
    traces = Traces(None)
    with traces.span("join"):
        assert not trace.get_current_span().get_span_context().is_valid
    traces.close()
