"""Managing rooms over HTTP: who may, pages, members, quotas, and what another ministry's people see."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.store import SqlStore, tables
from tests.unit.gateway.conftest import Site

OWNER, AMADOU, JONAS = ("exemple", "x-7f3k2m9q"), ("exemple", "x-4c8w1t6z"), ("beispiel", "b-2n6v8j4s")


async def ask(site: Site, who: tuple[str, str], method: str, path: str, body: Any = None) -> httpx.Response:
    return await site.client.request(method, path, json=body, headers=await site.log_in(*who))


def uri(who: tuple[str, str]) -> str:
    return f"entente://test.localhost/{who[0]}/{who[1]}"


MANAGING = (
    ("PATCH", "", {"title": "taken"}),
    ("GET", "/members", None),
    ("PUT", "/members", {"who": "mailto:a@example.org", "role": "cohost"}),
    ("DELETE", "/members", {"who": "mailto:b@example.org"}),
)


@pytest.mark.parametrize(("method", "path", "body"), MANAGING)
async def test_only_owner_and_cohosts_manage_a_room(site: Site, method: str, path: str, body: Any) -> None:
    room = f"/api/rooms/{(await site.make_room())['slug']}"
    put = {"who": "mailto:b@example.org", "role": "member"}
    assert (await ask(site, OWNER, "PUT", f"{room}/members", put)).status_code == 200
    before = (await ask(site, OWNER, "GET", f"{room}/members")).json()
    anonymous = await site.client.request(method, room + path, json=body)
    own, foreign = [await ask(site, who, method, room + path, body) for who in (AMADOU, JONAS)]
    assert [one.json()["code"] for one in (anonymous, own, foreign)] == [
        "unauthorized", "forbidden", "room_unknown",
    ]  # fmt: skip
    assert (await ask(site, OWNER, "GET", f"{room}/members")).json() == before
    for who in (AMADOU, JONAS):
        made = {"who": uri(who), "role": "cohost"}
        assert (await ask(site, OWNER, "PUT", f"{room}/members", made)).status_code == 200
        assert (await ask(site, who, method, room + path, body)).status_code in (200, 204, 404)


async def test_a_cohost_does_not_close_a_room_and_nobody_changes_its_owner(site: Site) -> None:
    room = f"/api/rooms/{(await site.make_room())['slug']}"
    await ask(site, OWNER, "PUT", f"{room}/members", {"who": uri(AMADOU), "role": "cohost"})
    assert (await ask(site, AMADOU, "PATCH", room, {"closed": True})).json()["code"] == "forbidden"
    demoted = await ask(site, AMADOU, "PUT", f"{room}/members", {"who": uri(OWNER), "role": "member"})
    assert demoted.json()["code"] == "forbidden"
    assert (await ask(site, OWNER, "GET", room)).json()["room_role"] == "owner"


async def test_a_member_walks_into_a_restricted_room(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    room = f"/api/rooms/{slug}"
    await ask(site, OWNER, "PATCH", room, {"rules": {"access": "restricted"}})
    assert (await ask(site, JONAS, "GET", room)).json()["admission"] == "lobby"
    await ask(site, OWNER, "PUT", f"{room}/members", {"who": uri(JONAS), "role": "member"})
    assert (await ask(site, JONAS, "POST", f"{room}/join")).json()["admission"] == "direct"
    assert (await ask(site, OWNER, "DELETE", f"{room}/members", {"who": uri(JONAS)})).status_code == 204
    assert (await ask(site, JONAS, "GET", room)).json()["admission"] == "lobby"
    again = await ask(site, OWNER, "DELETE", f"{room}/members", {"who": uri(JONAS)})
    assert again.json()["code"] == "not_found"


async def test_ones_own_rooms_come_in_pages(site: Site) -> None:
    made = []
    for n in range(5):
        await site.clock.advance(0.5)
        made.append((await site.make_room(f"Room {n}"))["slug"])
    await ask(site, JONAS, "POST", "/api/rooms", {"title": "foreign"})
    seen: list[str] = []
    after = ""
    while True:
        page = (await ask(site, OWNER, "GET", f"/api/rooms?limit=2{after}")).json()
        seen += [room["slug"] for room in page["rooms"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == made[::-1]
    assert set(page["rooms"][0]) == {
        "slug", "title", "path", "created", "rules", "guests", "guests_until", "pin", "closed",
    }  # fmt: skip


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=1e1", "after=", "after=1", "after=x-y", "after=1-"]
)
async def test_a_malformed_page_is_refused(site: Site, query: str) -> None:
    reply = await ask(site, OWNER, "GET", f"/api/rooms?{query}")
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        {"pin": "12345"},
        {"pin": "1234567890123"},
        {"pin": "12345a"},
        {"pin": "\u0661\u0662\u0663\u0664\u0665\u0666"},
        {"guests_until": -1},
        {"guests_until": "soon"},
        {"closed": False},
        {"rules": {"access": "open"}},
        {"rules": {"locked": True}},
        {"owner": "entente://test.localhost/beispiel/b-2n6v8j4s"},
        {"title": "a\u202eb"},
    ],
)
async def test_a_malformed_change_is_refused_and_changes_nothing(site: Site, body: Any) -> None:
    slug = (await site.make_room())["slug"]
    before = await site.services.store.room(slug)
    reply = await ask(site, OWNER, "PATCH", f"/api/rooms/{slug}", body)
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")
    assert await site.services.store.room(slug) == before


@pytest.mark.parametrize(
    "who", ["", "a@example.org", "mailto:a", "mailto:a@b", "mailto:a b@example.org", "https://example.org",
            "entente://x/y", "mailto:" + "a" * 65 + "@example.org"],
)  # fmt: skip
async def test_somebody_who_cannot_be_is_refused(site: Site, who: str) -> None:
    slug = (await site.make_room())["slug"]
    reply = await ask(site, OWNER, "PUT", f"/api/rooms/{slug}/members", {"who": who, "role": "member"})
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


async def test_a_quota_of_rooms_is_kept_and_a_closed_one_makes_place(site: Site, store: SqlStore) -> None:
    async with store._engine.begin() as connection:
        await connection.execute(update(tables.tenants).values(quota={"rooms": 2}))
    first = (await site.make_room())["slug"]
    await site.make_room()
    refused = await ask(site, OWNER, "POST", "/api/rooms", {"title": "third"})
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_reached")
    await ask(site, OWNER, "PATCH", f"/api/rooms/{first}", {"closed": True})
    await site.make_room()


async def test_a_suspended_tenants_rooms_let_nobody_in(site: Site, store: SqlStore) -> None:
    slug = (await site.make_room())["slug"]
    async with store._engine.begin() as connection:
        await connection.execute(update(tables.tenants).values(suspended=True))
    for reply in (
        await ask(site, OWNER, "POST", f"/api/rooms/{slug}/join"),
        await ask(site, OWNER, "PATCH", f"/api/rooms/{slug}", {"title": "x"}),
        await ask(site, OWNER, "POST", "/api/rooms", {"title": "x"}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (403, "tenant_suspended")


async def test_an_address_counts_in_lower_case(site: Site) -> None:
    room = f"/api/rooms/{(await site.make_room())['slug']}"
    put = {"who": "Mailto:Anna.Muster@Example.ORG", "role": "member"}
    assert (await ask(site, OWNER, "PUT", f"{room}/members", put)).json()["who"] == (
        "mailto:anna.muster@example.org"
    )
