"""Logging in, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.store import SqlStore
from core.tenants.sessions import SESSION_LIFE, Sessions
from gateway.app import tidy
from gateway.settings import Settings
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.rng import SeededRng
from tests.support.store import MemoryStore
from tests.unit.gateway.conftest import Site, make_site

TENANTS = [tenant.id for tenant in people.TENANTS]


async def test_the_development_login_knows_its_officials_only(site: Site) -> None:
    reply = await site.client.post(
        "/api/login/development", json={"tenant": "beispiel", "subject": "b-5g1p7y3d"}
    )
    assert reply.json()["person"] == {
        "tenant": "beispiel",
        "subject": "b-5g1p7y3d",
        "name": "Lena Hoffmann",
    }
    wrong = await site.client.post(
        "/api/login/development", json={"tenant": "exemple", "subject": "b-5g1p7y3d"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (404, "person_unknown")


async def test_the_development_login_can_be_off(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(store, tmp_path, development={"login": False})
    reply = await site.client.post(
        "/api/login/development", json={"tenant": "exemple", "subject": "x-7f3k2m9q"}
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "login_disabled")
    config = (await site.client.get("/api/config")).json()
    assert (config["development"], config["login"]) == (False, {})


async def test_config_says_who_may_be_played_and_in_which_languages(site: Site) -> None:
    config = (await site.client.get("/api/config")).json()
    assert config["product"] == "Entente" and config["development"] is True
    assert config["languages"] == ["fr", "de", "nl", "en"]
    assert [tenant["id"] for tenant in config["tenants"]] == ["exemple", "beispiel"]
    assert len(config["login"]["development"]["people"]) == 6


async def test_a_session_ends_after_a_working_day_or_at_logout(site: Site) -> None:
    headers = await site.log_in()
    await site.clock.advance(SESSION_LIFE / 1000 - 1)
    assert (await site.client.post("/api/rooms", json={"title": "x"}, headers=headers)).status_code == 201
    await site.clock.advance(1)
    assert (await site.client.post("/api/rooms", json={"title": "x"}, headers=headers)).status_code == 401
    headers = await site.log_in()
    assert (await site.client.post("/api/login/logout", headers=headers)).status_code == 200
    assert (await site.client.post("/api/rooms", json={"title": "x"}, headers=headers)).status_code == 401


async def test_sessions_keep_no_token_and_print_nobody() -> None:
    store = MemoryStore()
    sessions = Sessions(store, FakeClock(), SeededRng(), TENANTS)
    token = await sessions.open(people.person())
    kept = repr(sessions) + repr(vars(sessions)) + repr(vars(store))
    assert token not in kept and "Camille" not in kept


async def test_a_login_outlives_the_node_that_gave_it() -> None:
    store, clock = MemoryStore(), FakeClock()
    token = await Sessions(store, clock, SeededRng(), TENANTS).open(people.person())
    assert await Sessions(store, clock, SeededRng(2), TENANTS).person(token) == people.person()


async def test_a_login_loop_pushes_the_oldest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.tenants.sessions.SESSIONS_MAX", 3)
    clock = FakeClock()
    sessions = Sessions(MemoryStore(), clock, SeededRng(), TENANTS)
    tokens = []
    for number in range(4):
        tokens.append(await sessions.open(people.person(f"x-{number}")))
        await clock.advance(1)
    assert (await sessions.person(tokens[1])).subject == "x-1"
    with pytest.raises(UserError, match="unauthorized"):
        await sessions.person(tokens[0])


@pytest.mark.parametrize("login", [True, False])
async def test_who_logged_in_as_a_developer_is_out_where_that_login_is_off(
    store: SqlStore, tmp_path: Path, login: bool
) -> None:
    clock = FakeClock()
    sessions = Sessions(store, clock, SeededRng(), TENANTS)
    token = await sessions.open(people.person())
    await tidy(store, clock, Settings(folder=tmp_path, development={"login": login}))  # type: ignore[arg-type]
    if login:
        assert await sessions.person(token) == people.person()
        return
    with pytest.raises(UserError, match="unauthorized"):
        await sessions.person(token)


async def test_whose_ministry_is_not_served_any_more_is_nobody() -> None:
    store, clock = MemoryStore(), FakeClock()
    token = await Sessions(store, clock, SeededRng(), TENANTS).open(people.person())
    with pytest.raises(UserError, match="unauthorized"):
        await Sessions(store, clock, SeededRng(), ["beispiel"]).person(token)
