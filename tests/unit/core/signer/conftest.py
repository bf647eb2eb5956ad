"""A signer with real keys in a folder of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.signer import LocalSigner


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def signer(tmp_path: Path, clock: FakeClock) -> LocalSigner:
    return LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, clock)
