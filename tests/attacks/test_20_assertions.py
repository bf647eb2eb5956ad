"""Attack 20, at the development login: unsigned assertions, confused algorithms, one issuer's word for
another's."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import SqlStore, open_store
from core.values import JoinToken, Role
from tests.support import people
from tests.unit.gateway.conftest import Site, make_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store: SqlStore = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await store.put_tenant(tenant)
    made = make_site(store, tmp_path)
    yield made
    await made.client.aclose()
    await store.close()


def part(value: object) -> str:
    """A part of a JSON Web Token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


CLAIMS = {"sub": "x-7f3k2m9q", "tenant": "exemple", "iss": "https://entente.localhost"}
BEARERS = (
    part({"alg": "none"}) + "." + part(CLAIMS) + ".",
    part({"alg": "HS256"}) + "." + part(CLAIMS) + "." + part(b"0" * 32),
    "A" * 43,
    "x-7f3k2m9q",
    "exemple/x-7f3k2m9q",
    "",
    "null",
    "A" * 43 + ", Bearer " + "B" * 43,
    "é" * 43,
)


async def token_of(site: Site, slug: str, body: dict[str, str], headers: dict[str, str]) -> JoinToken:
    """Who the join token names."""
    reply = await site.client.post(f"/api/rooms/{slug}/join", json=body, headers=headers)
    raw = base64.urlsafe_b64decode(reply.json()["token"] + "=")
    return await site.services.store.redeem_join_token(hashlib.sha256(raw).digest(), site.clock.now())


@pytest.mark.parametrize("bearer", BEARERS)
async def test_what_the_node_did_not_give_out_logs_nobody_in(site: Site, bearer: str) -> None:
    slug = (await site.make_room())["slug"]
    headers = {"Authorization": f"Bearer {bearer}".encode()}
    for path, body in (
        ("/api/rooms", {"title": "x"}),
        (f"/api/rooms/{slug}/join", {}),
        # A wrong session is refused even where a guest would be let in: nobody is silently somebody else.
        (f"/api/rooms/{slug}/join", {"guest_name": "Ann"}),
    ):
        reply = await site.client.post(path, json=body, headers=headers)  # type: ignore[arg-type]
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")


async def test_a_session_is_read_from_its_header_alone(site: Site) -> None:
    session = (await site.log_in())["Authorization"].split()[1]
    for request in (
        {"params": {"session": session, "access_token": session}},
        {"headers": {"Cookie": f"session={session}; Authorization={session}"}},
        {"headers": {"X-Authorization": f"Bearer {session}"}},
        {"headers": {"Authorization": session}},
    ):
        reply = await site.client.post("/api/rooms", json={"title": "x"}, **request)  # type: ignore[arg-type]
        assert reply.status_code == 401


async def test_one_tenants_subject_is_nobody_at_another(site: Site) -> None:
    for tenant, subject in (("beispiel", "x-7f3k2m9q"), ("exemple", "b-2n6v8j4s"), ("", "x-7f3k2m9q")):
        reply = await site.client.post("/api/login/development", json={"tenant": tenant, "subject": subject})
        assert (reply.status_code, reply.json()["code"]) == (404, "person_unknown")


async def test_a_person_cannot_dress_up_as_a_guest_or_a_guest_as_a_person(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    official = await token_of(site, slug, {"guest_name": "Somebody Else"}, await site.log_in())
    assert (official.person.name, official.person.role) == ("Camille Durand", Role.PARTICIPANT)
    guest = await token_of(site, slug, {"guest_name": "Camille Durand"}, {})
    assert (guest.person.role, guest.person.name_checked) == (Role.GUEST, False)
    assert guest.person.subject != official.person.subject
    for extra in ({"role": "participant"}, {"name_checked": "true"}, {"tenant": "beispiel"}):
        reply = await site.client.post(f"/api/rooms/{slug}/join", json={"guest_name": "Ann", **extra})
        assert reply.json()["code"] == "bad_request"


async def test_a_page_elsewhere_cannot_log_in_or_join_by_a_form(site: Site) -> None:
    """Browsers send these three types across origins without asking; none of them is taken."""
    body = json.dumps({"tenant": "exemple", "subject": "x-7f3k2m9q"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = await site.client.post(
            "/api/login/development", content=body, headers={"Content-Type": kind, "Origin": "https://evil"}
        )
        assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")
        assert "access-control-allow-origin" not in reply.headers
