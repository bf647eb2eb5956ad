"""A walk over every HTTP route as one ministry with another's identifiers: nothing is found, nothing changes.

It is generated from the table of routes, and fails when a route is there that it does not know how to walk.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.routing import Route

from core.store import SqlStore, tables
from core.store.engine import reading
from gateway.admin.house import operations
from gateway.admin.operation import Operation
from gateway.admin.public import PUBLIC
from tests.support.house import House, body_of
from tests.unit.gateway.conftest import Site

PROVIDERS = {"finishLogin", "backChannelLogout"}
"""Login services are shown to everybody before anybody has a ministry; these two addresses are theirs."""

BY_LINK = {"readRoom", "join"}
"""A room's link is a capability: whoever has it may knock, of whatever ministry. The answer is the same for
all of them, which `test_a_link_answers_everybody_the_same` says."""

PAGES = {"/", "/login", "/me", "/m/{slug}", "/metrics"}
"""No interface."""

AUDITED = {"audit_events", "service_tokens"}
"""Tables that a walker changes on his own side: events of reading, and a token's last use."""


def walked(site: Site) -> list[Operation]:
    """Every operation; they are all the routes there are, or this fails."""
    known = [*PUBLIC, *operations(site.services, site.meetings, configured={})]
    routed = {
        (method, route.path)
        for route in site.app.routes
        if isinstance(route, Route) and route.path not in PAGES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routed == {(one.method, one.path) for one in known}, "a route that nobody walks"
    return known


async def rows_of(store: SqlStore, tenant: str | None = None) -> dict[str, str]:
    """A digest of every table, of one tenant's rows where it has such a column."""
    found = {}
    async with reading(store._engine) as connection:
        for table in tables.metadata.sorted_tables:
            query = select(table)
            if tenant is not None and "tenant" in table.c:
                query = query.where(table.c.tenant == tenant)
            rows = [str(tuple(row)) for row in await connection.execute(query)]
            found[table.name] = hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()
    return found


async def ask(site: Site, one: Operation, path: str, headers: dict[str, str]) -> httpx.Response:
    sent: dict[str, Any] = {} if one.body is None else {"json": body_of(one)}
    headers = {**headers, "If-Match": '"0000000000000000"'} if one.versioned else headers
    return await site.client.request(one.method, path, headers=headers, **sent)


async def test_with_anothers_identifiers_nothing_is_found(
    site: Site, store: SqlStore, ours: House, theirs: House
) -> None:
    before = await rows_of(store, theirs.tenant)
    for one in walked(site):
        if not one.parameters or one.id in BY_LINK | PROVIDERS:
            continue
        assert set(one.parameters) <= set(theirs.things), f"{one.id}: what stands for {one.parameters}?"
        nobody = {name: "0" * len(value) for name, value in theirs.things.items()}
        reply = await ask(site, one, one.path.format(**theirs.things), ours.headers)
        unknown = await ask(site, one, one.path.format(**nobody), ours.headers)
        if one.public:
            assert reply.status_code in (401, 403, 404), one.id
            continue
        assert reply.status_code == 404, (one.id, reply.text)
        assert (reply.status_code, reply.content) == (unknown.status_code, unknown.content), one.id
        assert "beispiel" not in reply.text
    assert await rows_of(store, theirs.tenant) == before


async def test_listings_hold_nothing_of_another(site: Site, ours: House, theirs: House) -> None:
    full = 0
    for one in walked(site):
        if one.parameters or one.method != "GET" or one.public:
            continue
        reply = await ask(site, one, one.path, ours.headers)
        if reply.status_code == 404:
            continue
        assert reply.status_code == 200, (one.id, reply.text)
        assert "beispiel" not in reply.text, one.id
        full += "exemple" in reply.text
    assert full >= 7, "listings of nothing prove nothing"


async def test_a_program_of_one_ministry_changes_nothing_of_another(
    site: Site, store: SqlStore, ours: House, theirs: House
) -> None:
    """With its own identifiers: whatever changes is its own."""
    before = await rows_of(store, theirs.tenant)
    for one in walked(site):
        if one.id in ("developmentLogin", "revokeToken", "join", "makeRoom"):
            continue
        await ask(site, one, one.path.format(**ours.things), ours.headers)
    after = await rows_of(store, theirs.tenant)
    assert {name for name in after if after[name] != before[name]} == set()
    mine = await rows_of(store, ours.tenant)
    assert mine["account_sessions"] != before["account_sessions"]


@pytest.mark.parametrize("who", ["nobody", "other", "official"])
async def test_without_a_right_nothing_changes_at_all(
    site: Site, store: SqlStore, ours: House, theirs: House, who: str
) -> None:
    """As nobody, as an administrator's own colleague, and as somebody of the other ministry."""
    headers: dict[str, str] = {}
    if who != "nobody":
        tenant, subject = ("exemple", "x-9d5h3r7b") if who == "official" else ("beispiel", "b-5g1p7y3d")
        headers = await site.log_in(tenant, subject)
    before = await rows_of(store)
    for one in walked(site):
        if one.public:
            continue
        reply = await ask(site, one, one.path.format(**ours.things), headers)
        assert reply.status_code == (401 if who == "nobody" else 403), one.id
        assert ours.things["subject"] not in reply.text
    assert await rows_of(store) == before


async def test_a_link_answers_everybody_the_same(site: Site, ours: House, theirs: House) -> None:
    for one in PUBLIC:
        if one.id != "readRoom":
            continue
        path = one.path.format(**theirs.things)
        replies = [
            await site.client.get(path, headers=headers)
            for headers in ({}, await site.log_in(), await site.log_in("beispiel", "b-2n6v8j4s"))
        ]
        assert len({reply.content for reply in replies}) == 1
        assert theirs.things["room"] not in replies[0].text and "u-beispiel" not in replies[0].text


async def test_the_walk_fails_on_a_route_that_it_does_not_know(site: Site) -> None:
    async def anything(_request: object) -> None: ...

    site.app.router.routes.append(Route("/api/admin/new", anything, methods=["GET"]))
    with pytest.raises(AssertionError, match="nobody walks"):
        walked(site)
