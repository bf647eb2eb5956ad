"""Rooms and join tokens over HTTP."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.store import SqlStore
from core.values import Assurance, Role
from tests.unit.gateway.conftest import Site, make_site


def hashed(token: str) -> bytes:
    """As the socket computes it."""
    return hashlib.sha256(base64.urlsafe_b64decode(token + "=")).digest()


async def test_a_room_link_carries_its_secret_in_the_fragment_only(site: Site) -> None:
    made = await site.make_room()
    path, _, fragment = made["path"].partition("#")
    stored = await site.services.store.room(made["slug"])
    assert stored is not None and path == f"/m/{made['slug']}"
    assert base64.urlsafe_b64decode(fragment + "=") == stored.secret
    shown = await site.client.get(f"/api/rooms/{made['slug']}")
    assert shown.json() == {
        "slug": made["slug"],
        "title": "Réunion",
        "people": 0,
        "guests": True,
        "pin": False,
        "access": "public",
        "tenant": "exemple",
        "admission": "direct",
    }
    assert fragment not in shown.text


async def test_a_room_says_how_many_are_in_it(site: Site) -> None:
    made = await site.make_room()
    stored = await site.services.store.room(made["slug"])
    assert stored is not None
    site.meetings.crowd[stored.id] = 7
    assert (await site.client.get(f"/api/rooms/{made['slug']}")).json()["people"] == 7


async def test_only_somebody_logged_in_makes_a_room(site: Site) -> None:
    for headers in ({}, {"Authorization": "Bearer " + "A" * 43}, {"Authorization": "Basic abc"}):
        reply = await site.client.post("/api/rooms", json={"title": "x"}, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
        assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_a_join_token_names_the_person_and_works_once(site: Site) -> None:
    made = await site.make_room()
    headers = await site.log_in("beispiel", "b-2n6v8j4s")
    reply = await site.client.post(f"/api/rooms/{made['slug']}/join", headers=headers)
    body = reply.json()
    assert (body["socket"], body["expires_in"]) == ("/api/socket", 60)
    assert reply.headers["Cache-Control"] == "no-store"
    token = await site.services.store.redeem_join_token(hashed(body["token"]), site.clock.now())
    assert (token.person.tenant, token.person.name) == ("beispiel", "Jonas Weber")
    assert (token.person.role, token.person.name_checked) == (Role.PARTICIPANT, True)
    with pytest.raises(UserError) as refused:
        await site.services.store.redeem_join_token(hashed(body["token"]), site.clock.now())
    assert refused.value.code == "token_used"


async def test_a_join_token_ends_after_a_minute(site: Site) -> None:
    made = await site.make_room()
    reply = await site.client.post(f"/api/rooms/{made['slug']}/join", json={"guest_name": "Ann"})
    await site.clock.advance(60)
    with pytest.raises(UserError) as refused:
        await site.services.store.redeem_join_token(hashed(reply.json()["token"]), site.clock.now())
    assert refused.value.code == "token_expired"


async def test_a_guest_is_random_unchecked_and_of_the_rooms_tenant_k2_1(site: Site) -> None:
    made = await site.make_room()
    subjects = set()
    for _ in range(2):
        reply = await site.client.post(f"/api/rooms/{made['slug']}/join", json={"guest_name": " Zoë  "})
        token = await site.services.store.redeem_join_token(hashed(reply.json()["token"]), site.clock.now())
        person = token.person
        assert (person.name, person.role, person.name_checked) == ("Zoë", Role.GUEST, False)
        assert (person.tenant, person.assurance) == ("exemple", Assurance.LOW)
        subjects.add(person.subject)
    assert len(subjects) == 2


async def test_a_stranger_without_a_name_is_asked_to_log_in(site: Site) -> None:
    made = await site.make_room()
    reply = await site.client.post(f"/api/rooms/{made['slug']}/join")
    assert reply.json()["code"] == "unauthorized"


async def test_a_tenant_that_takes_no_guests_takes_none(store: SqlStore, tmp_path: Path) -> None:
    tenant = {"id": "exemple", "name": "M", "short": "M", "colour": "#000000", "guests": False}
    site = make_site(store, tmp_path, deployment={"tenants": [tenant]})
    made = await site.make_room()
    assert (await site.client.get(f"/api/rooms/{made['slug']}")).json()["guests"] is False
    reply = await site.client.post(f"/api/rooms/{made['slug']}/join", json={"guest_name": "Ann"})
    assert (reply.status_code, reply.json()["code"]) == (403, "guests_refused")


async def test_an_unknown_room_is_a_problem_document(site: Site) -> None:
    for method, path in (("GET", "/api/rooms/nowhere"), ("POST", "/api/rooms/nowhere/join")):
        reply = await site.client.request(method, path, headers=await site.log_in())
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json() == {
            "type": "urn:entente:error:room_unknown",
            "title": "There is no such room",
            "status": 404,
            "code": "room_unknown",
            "detail": "There is no such room",
        }


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "   "},
        {"title": "a\u0000b"},
        {"title": "left\u202eright"},
        {"title": "x" * 121},
        {"title": 7},
        {"title": "x", "more": 1},
        {},
        [],
        None,
    ],
)
async def test_a_malformed_room_is_refused_by_field(site: Site, body: Any) -> None:
    reply = await site.client.post("/api/rooms", json=body, headers=await site.log_in())
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")


async def test_a_slug_has_a_form_and_is_hard_to_guess(site: Site) -> None:
    slugs = {(await site.make_room())["slug"] for _ in range(20)}
    assert len(slugs) == 20
    assert all([len(part) for part in slug.split("-")] == [3, 4, 3] for slug in slugs)
