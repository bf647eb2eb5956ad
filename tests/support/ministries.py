"""Fixtures: two furnished ministries over the whole HTTP application. A conftest imports them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import SqlStore, open_store
from tests.support import people
from tests.support.house import House, furnish
from tests.unit.gateway.conftest import Site, make_site


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await opened.put_tenant(tenant)
    yield opened
    await opened.close()


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path) -> AsyncIterator[Site]:
    """With room for many requests: the walks are no attack."""
    made = make_site(store, tmp_path, http={"burst": 100_000})
    yield made
    await made.client.aclose()


@pytest.fixture
async def ours(site: Site, store: SqlStore) -> House:
    return await furnish(site, store, "exemple")


@pytest.fixture
async def theirs(site: Site, store: SqlStore) -> House:
    return await furnish(site, store, "beispiel")
