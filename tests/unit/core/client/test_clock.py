"""The clock of a headless participant."""

from __future__ import annotations

import time

import pytest

from core.client.clock import SystemClock


def test_a_wall_clock_that_steps_back_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """K4.5, K4.6: what ends after so many seconds ends then."""
    clock = SystemClock()
    before = clock.now()
    assert abs(before - time.time() * 1000) < 1000
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert clock.now() >= before
