"""The door over HTTP: what a link shows, who gets which token, PINs, ends and limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from core.values import Access, RoomRules, UnixMillis
from tests.unit.gateway.conftest import Site
from tests.unit.gateway.test_rooms import hashed

JONAS = ("beispiel", "b-2n6v8j4s")


async def change(site: Site, slug: str, **changes: Any) -> httpx.Response:
    return await site.client.patch(f"/api/rooms/{slug}", json=changes, headers=await site.log_in())


async def join(site: Site, slug: str, **body: Any) -> httpx.Response:
    return await site.client.post(f"/api/rooms/{slug}/join", json=body)


async def guests(site: Site, slug: str) -> str:
    """How a guest would come in: `admission`, or the code of the refusal."""
    reply = (await join(site, slug, guest_name="Ann")).json()
    return str(reply.get("admission") or reply["code"])


@pytest.mark.parametrize(
    ("access", "guest", "official"),
    [("public", "direct", "direct"), ("trusted", "lobby", "direct"), ("restricted", "lobby", "lobby")],
)
async def test_a_link_says_how_whoever_asks_would_come_in(
    site: Site, access: str, guest: str, official: str
) -> None:
    slug = (await site.make_room())["slug"]
    await change(site, slug, rules={"access": access})
    shown = []
    for headers in ({}, await site.log_in(*JONAS), await site.log_in()):
        reply = (await site.client.get(f"/api/rooms/{slug}", headers=headers)).json()
        shown.append((reply["admission"], reply["access"], reply.get("room_role"), "settings" in reply))
    assert shown == [
        (guest, access, None, False),
        (official, access, None, False),
        ("direct", access, "owner", True),
    ]
    assert await guests(site, slug) == guest


async def test_a_token_for_the_lobby_is_no_admission(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    await change(site, slug, rules={"access": "restricted"})
    body = (await join(site, slug, guest_name="Ann")).json()
    token = await site.services.store.redeem_join_token(hashed(body["token"]), site.clock.now())
    assert not token.admitted and token.tenant == "exemple"


async def test_a_rooms_pin_is_asked_of_guests_alone_and_never_shown(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    told = await change(site, slug, pin="428199")
    assert told.json()["pin"] is True and "428199" not in told.text
    assert (await site.client.get(f"/api/rooms/{slug}")).json()["pin"] is True
    assert await guests(site, slug) == "pin_required"
    assert (await join(site, slug, guest_name="Ann", pin="428198")).json()["code"] == "pin_wrong"
    assert (await join(site, slug, guest_name="Ann", pin="428199")).json()["admission"] == "direct"
    official = await site.client.post(f"/api/rooms/{slug}/join", headers=await site.log_in(*JONAS))
    assert official.json()["admission"] == "direct"
    stored = await site.services.store.room(slug)
    assert stored is not None and stored.pin is not None and len(stored.pin) == 48
    await change(site, slug, pin=None)
    assert await guests(site, slug) == "direct"


async def test_a_pin_is_guessed_five_times_a_minute_also_all_at_once(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    await change(site, slug, pin="428199")
    tries = [join(site, slug, guest_name="Ann", pin=f"{n:06d}") for n in range(8)]
    codes = sorted(reply.json()["code"] for reply in await asyncio.gather(*tries))
    assert codes == ["pin_wrong"] * 5 + ["rate_limited"] * 3
    right = await join(site, slug, guest_name="Ann", pin="428199")
    assert right.status_code == 429 and 0 < right.json()["retry_after"] <= 60
    await site.clock.advance(61)
    for _ in range(6):
        right = await join(site, slug, guest_name="Ann", pin="428199")
        assert right.json()["admission"] == "direct", "a right one gives its try back"


async def test_a_room_takes_sixty_wrong_pins_an_hour_from_all_addresses(site: Site) -> None:
    from gateway.http.pins import PinTries

    slug = (await site.make_room())["slug"]
    await change(site, slug, pin="428199")
    room = await site.services.store.room(slug)
    assert room is not None
    tries = PinTries(site.clock)
    wrong = [await tries.check(room, f"198.51.100.{n}", "000000") for n in range(60)]
    assert not any(wrong)
    with pytest.raises(Exception, match="rate_limited"):
        await tries.check(room, "203.0.113.1", "428199")
    await site.clock.advance(3601)
    assert await tries.check(room, "203.0.113.1", "428199")


async def test_a_link_ends_for_guests_and_goes_on_for_officials(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    await change(site, slug, guests_until=site.clock.now() + 60_000)
    assert await guests(site, slug) == "direct"
    await site.clock.advance(60)
    assert await guests(site, slug) == "guests_ended"
    shown = (await site.client.get(f"/api/rooms/{slug}")).json()
    assert (shown["guests"], shown["admission"]) == (False, "login")
    official = await site.client.post(f"/api/rooms/{slug}/join", headers=await site.log_in(*JONAS))
    assert official.json()["admission"] == "direct"


async def test_a_room_without_guests_takes_none(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    await change(site, slug, guests=False)
    assert await guests(site, slug) == "guests_refused"


async def test_a_closed_room_is_gone_for_everybody_and_its_meeting_is_told(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    assert (await change(site, slug, closed=True)).status_code == 200
    assert site.meetings.changed[-1][0].closed == site.clock.now()
    for reply in (
        await site.client.get(f"/api/rooms/{slug}"),
        await join(site, slug, guest_name="Ann"),
        await change(site, slug, title="again"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (410, "room_closed")


async def test_an_address_brings_so_many_guests_at_once(site: Site) -> None:
    from gateway.http.joining import GUEST_BURST

    slug = (await site.make_room())["slug"]
    answers = [(await join(site, slug, guest_name=f"G {n}")).status_code for n in range(int(GUEST_BURST) + 1)]
    assert answers == [200] * int(GUEST_BURST) + [429]
    official = await site.client.post(f"/api/rooms/{slug}/join", headers=await site.log_in(*JONAS))
    assert official.status_code == 200, "officials are not counted with them"


@pytest.mark.parametrize(
    "body",
    [
        {"guest_name": "a\u202eb"},
        {"guest_name": "a\u0000b"},
        {"guest_name": "x" * 65},
        {"guest_name": " "},
        {"guest_name": "Ann", "pin": 7},
        {"guest_name": "Ann", "pin": "1" * 65},
        {"guest_name": "Ann", "admitted": True},
    ],
)
async def test_a_malformed_join_is_refused_by_field(site: Site, body: Any) -> None:
    slug = (await site.make_room())["slug"]
    reply = await join(site, slug, **body)
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


async def test_the_door_reads_the_room_afresh(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    room = await site.services.store.room(slug)
    assert room is not None
    restricted = replace(room, rules=RoomRules(access=Access.RESTRICTED), guests_until=UnixMillis(2**52))
    await site.services.store.of("exemple").change_room(restricted)
    assert await guests(site, slug) == "lobby"
