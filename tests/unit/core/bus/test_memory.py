"""The in-memory bus keeps the contract."""

from __future__ import annotations

import pytest

from core.bus import MemoryBus
from tests.support.clock import FakeClock
from tests.unit.core.bus.contract import BusContract


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bus(clock: FakeClock) -> MemoryBus:
    return MemoryBus(clock)


class TestMemoryBus(BusContract):
    """See `BusContract`."""
