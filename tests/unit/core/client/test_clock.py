"""The clock of a headless participant."""

from __future__ import annotations

import time

import pytest

from core.client.clock import SystemClock

HOUR_MS = 3_600_000


def test_a_wall_clock_that_steps_back_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """K4.5, K4.6: what ends after so many seconds ends then."""
    clock = SystemClock()
    before, at = clock.now(), time.monotonic()
    assert abs(before - time.time() * 1000) < 1000
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: at + 2.0)
    assert 2_000 <= clock.now() - before < 3_000


def test_a_wall_clock_that_steps_forward_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the browser's does: a machine that slept must not take old epochs and certificates for fresh."""
    clock = SystemClock()
    before, wall, at = clock.now(), time.time(), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: at + 1.0)
    monkeypatch.setattr(time, "time", lambda: wall + 3_600.0)
    assert abs(clock.now() - before - HOUR_MS) < 1_000
    monkeypatch.setattr(time, "time", lambda: wall)
    monkeypatch.setattr(time, "monotonic", lambda: at + 2.0)
    assert abs(clock.now() - before - HOUR_MS - 1_000) < 1_000, "nothing is taken back"
