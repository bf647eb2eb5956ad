"""Who asks: the cookie of a provider's login, its rotation, its theft, its ends, and from where it may
come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert

from core.store import tables
from core.store.engine import writing
from core.tenants.account_sessions import ABSOLUTE, IDLE, OVERLAP, ROTATE
from core.values import Assurance, TenantRules
from gateway.http.cookies import SESSION
from tests.support import people
from tests.support.clock import START
from tests.support.telemetry import series
from tests.unit.gateway.conftest import Site
from tests.unit.gateway.login.support import SAME_SITE, account, cookies_set, log_in, with_cookie


async def me(site: Site, cookie: str) -> str | None:
    """Whose cookie this is, by the name on the page."""
    person = (await site.client.get("/api/me", headers=with_cookie(cookie))).json()["person"]
    return person["name"] if person else None


async def post(site: Site, headers: dict[str, str]) -> tuple[int, str]:
    reply = await site.client.post("/api/rooms", json={"title": "x"}, headers=headers)
    return reply.status_code, reply.json().get("code", "")


async def test_a_cookie_is_a_person_with_the_level_of_its_login(site: Site) -> None:
    cookie = await log_in(site, assurance=Assurance.HIGH)
    reply = await site.client.get("/api/me", headers=with_cookie(cookie))
    assert reply.json()["person"] == {
        "tenant": "exemple",
        "subject": "u-0001",
        "name": "Ada Lemoine",
        "assurance": "high",
        "rights": [],
        "login": "provider",
    }
    assert reply.headers["cache-control"] == "no-store"
    assert await post(site, with_cookie(cookie)) == (201, "")


async def test_nobody_is_an_answer_and_not_a_refusal(site: Site) -> None:
    assert (await site.client.get("/api/me")).json() == {"person": None}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8400"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_cookie_from_another_site_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    cookie = {"Cookie": f"{SESSION}={await log_in(site)}"}
    assert await post(site, cookie | headers) == (403, "cross_site")
    reply = await site.client.post("/api/login/logout", headers=cookie | headers)
    assert reply.json()["code"] == "cross_site"
    assert await post(site, cookie | SAME_SITE) == (201, "")


async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(site: Site) -> None:
    cookie = {"Cookie": f"{SESSION}={await log_in(site)}", "Origin": "http://localhost:8400"}
    assert await post(site, cookie) == (201, "")


async def test_a_cookie_rotates_and_the_old_one_counts_for_requests_under_way(site: Site) -> None:
    first = await log_in(site)
    await site.clock.advance(ROTATE / 1000)
    reply = await site.client.get("/api/me", headers=with_cookie(first))
    second = cookies_set(reply)[SESSION]
    assert second != first and second.split(".")[0] == first.split(".")[0]
    (header,) = reply.headers.get_list("set-cookie")
    assert header.startswith("__Host-entente=") and "Domain" not in header
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(header.split("; "))
    await site.clock.advance(OVERLAP / 1000 - 1)
    late = await site.client.get("/api/me", headers=with_cookie(first))
    assert late.json()["person"] is not None and cookies_set(late) == {}
    assert await me(site, second) == "Ada Lemoine"


async def test_an_old_cookie_that_comes_back_ends_the_session_for_both(site: Site) -> None:
    first = await log_in(site)
    await site.clock.advance(ROTATE / 1000)
    second = cookies_set(await site.client.get("/api/me", headers=with_cookie(first)))[SESSION]
    await site.clock.advance(OVERLAP / 1000)
    stolen = await site.client.get("/api/me", headers=with_cookie(first))
    assert stolen.json() == {"person": None} and cookies_set(stolen) == {SESSION: ""}
    assert await me(site, second) is None
    assert site.telemetry.counts[series("entente_sessions_ended_total", reason="stolen")] == 1


async def test_even_a_cookie_of_two_rotations_ago_is_known_as_stolen(site: Site) -> None:
    first = await log_in(site)
    current = first
    for _ in range(2):
        await site.clock.advance(ROTATE / 1000)
        current = cookies_set(await site.client.get("/api/me", headers=with_cookie(current)))[SESSION]
    assert await me(site, first) is None
    assert await me(site, current) is None


async def test_a_session_ends_by_disuse_and_by_age(site: Site) -> None:
    idle = await log_in(site)
    await site.clock.advance(IDLE / 1000)
    assert await me(site, idle) is None
    used = await log_in(site)
    for _ in range(ABSOLUTE // (IDLE // 2) - 1):
        await site.clock.advance(IDLE / 2000)
        reply = await site.client.get("/api/me", headers=with_cookie(used))
        assert reply.json()["person"] is not None
        used = cookies_set(reply).get(SESSION, used)
    await site.clock.advance(IDLE / 2000)
    assert await me(site, used) is None


async def test_a_wrong_cookie_is_refused_where_a_guest_would_be_let_in_and_is_taken_away(site: Site) -> None:
    slug = (await site.make_room())["slug"]
    for wrong in ("x", "A" * 24 + "." + "A" * 43, "a" * 24 + "." + "A" * 42, "." * 9):
        reply = await site.client.post(
            f"/api/rooms/{slug}/join", json={"guest_name": "Ann"}, headers=with_cookie(wrong)
        )
        assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
        assert cookies_set(reply) == {SESSION: ""}


async def test_a_blocked_account_and_a_suspended_ministry_are_told_so(site: Site) -> None:
    cookie = await log_in(site)
    own = site.services.store.of("exemple")
    await own.change_account("u-0001", blocked=True)
    assert await post(site, with_cookie(cookie)) == (403, "account_blocked")
    await own.change_account("u-0001", blocked=False)
    assert await post(site, with_cookie(cookie)) == (201, "")


async def test_who_logged_in_below_what_the_ministry_demands_logs_in_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = await log_in(site, assurance=Assurance.LOW)
    strict = replace(people.TENANTS[0], policy=TenantRules(assurance=Assurance.SUBSTANTIAL))
    monkeypatch.setattr("core.store.rows.tenant", lambda _row: strict)
    assert await post(site, with_cookie(cookie)) == (403, "assurance_low")
    assert await me(site, cookie) == "Ada Lemoine"


async def test_people_see_their_sessions_and_end_them(site: Site) -> None:
    here, there = await log_in(site), await log_in(site)
    other = await log_in(site, account("u-0002"))
    listed = (await site.client.get("/api/me/sessions", headers=with_cookie(here))).json()["sessions"]
    assert {one["id"]: one["current"] for one in listed} == {here[:24]: True, there[:24]: False}
    for session, status in ((other[:24], 404), ("x" * 500, 404), (there[:24], 204), (there[:24], 404)):
        reply = await site.client.delete(f"/api/me/sessions/{session}", headers=with_cookie(here))
        assert reply.status_code == status
    assert [await me(site, one) for one in (here, there, other)] == ["Ada Lemoine", None, "Ada Lemoine"]


async def test_logout_ends_the_session_and_takes_the_cookie(site: Site) -> None:
    cookie = await log_in(site)
    reply = await site.client.post("/api/login/logout", headers=with_cookie(cookie))
    assert reply.json() == {"redirect": None} and cookies_set(reply)[SESSION] == ""
    assert await me(site, cookie) is None


async def test_no_cookie_stands_in_the_database(site: Site, tmp_path: object) -> None:
    cookie = await log_in(site)
    held = await site.services.store.held_session(cookie[:24])
    assert held is not None
    assert cookie[25:] not in repr(held.session) and held.session.hash != cookie[25:].encode()


async def test_of_many_sessions_the_longest_unseen_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.tenants.account_sessions.SESSIONS_EACH", 2)
    cookies = []
    for _ in range(3):
        cookies.append(await log_in(site))
        await site.clock.advance(1)
    assert [await me(site, one) for one in cookies] == [None, "Ada Lemoine", "Ada Lemoine"]


async def test_people_see_every_certificate_in_their_name_a_page_at_a_time(site: Site) -> None:
    cookie = await log_in(site)
    made = [
        {"tenant": "exemple", "subject": "u-0001", "role": "participant", "issued": START + at // 2,
         "expires": START + 10, "fingerprint": at.to_bytes(32, "big")}
        for at in range(60)
    ]  # fmt: skip
    foreign = [made[0] | {"tenant": "beispiel", "fingerprint": b"b" * 32}]
    foreign += [made[0] | {"subject": "u-0002", "fingerprint": b"c" * 32}]
    engine = site.services.store._engine  # type: ignore[attr-defined]
    async with writing(engine) as connection:
        await connection.execute(insert(tables.certificates), [*made, *foreign])
    seen, before = [], ""
    while before is not None:
        reply = await site.client.get(f"/api/me/certificates{before}", headers=with_cookie(cookie))
        seen += [int(one["fingerprint"], 16) for one in reply.json()["certificates"]]
        before = reply.json()["before"] and f"?before={reply.json()['before']}"
    assert seen == list(range(59, -1, -1))
    for wrong in ("x", "1-2", "9" * 30 + "-" + "a" * 64):
        reply = await site.client.get(f"/api/me/certificates?before={wrong}", headers=with_cookie(cookie))
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
