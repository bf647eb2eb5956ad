"""Who comes into the administration, and what each may do there."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from core.errors import StoreUnavailable
from core.ports import AuditFilter
from core.store import SqlStore, tables
from core.store.engine import writing
from gateway.admin.house import operations
from gateway.admin.operation import Operation
from gateway.admin.scopes import AUDITOR, Scope
from tests.support.house import House, body_of, furnish
from tests.unit.gateway.conftest import Site


def inside(site: Site) -> list[Operation]:
    return list(operations(site.services, site.meetings, configured={}))


def filled(path: str, things: dict[str, str]) -> str:
    return path.format(**things)


async def test_nobody_comes_in_without_a_right(site: Site, ours: House) -> None:
    inèss = await site.log_in("exemple", "x-9d5h3r7b")
    wrong = {"Authorization": "Bearer ent_" + "A" * 43}
    for one in inside(site):
        path = filled(one.path, ours.things)
        for headers, code in (({}, "unauthorized"), (wrong, "unauthorized"), (inèss, "forbidden")):
            reply = await site.client.request(one.method, path, headers=headers, json=body_of(one))
            assert reply.json()["code"] == code, one.id


async def test_each_operation_wants_its_scope_and_no_other_opens_it(site: Site, store: SqlStore) -> None:
    for one in inside(site):
        if one.scope is None:
            continue
        await _forget(store)
        others = await furnish_with(site, store, frozenset(Scope) - {one.scope})
        reply = await site.client.request(
            one.method, filled(one.path, others.things), headers=others.headers, json=body_of(one)
        )
        assert (reply.status_code, reply.json()["code"]) == (403, "scope_missing"), one.id
        assert one.scope.value in reply.json()["detail"]


async def furnish_with(site: Site, store: SqlStore, scopes: frozenset[Scope]) -> House:
    return await furnish(site, store, "exemple", scopes)


async def _forget(store: SqlStore) -> None:
    async with writing(store._engine) as connection:
        for table in (
            tables.service_tokens, tables.rooms, tables.account_sessions, tables.accounts,
            tables.provider_domains, tables.providers,
        ):  # fmt: skip
            await connection.execute(delete(table))


async def test_a_development_officials_rights_are_made_up_too(site: Site) -> None:
    camille, amadou = await site.log_in(), await site.log_in("exemple", "x-4c8w1t6z")
    may = (await site.client.get("/api/admin", headers=camille)).json()
    assert (may["tenant"], set(may["scopes"])) == ("exemple", set(Scope))
    assert set((await site.client.get("/api/admin", headers=amadou)).json()["scopes"]) == set(AUDITOR)
    assert (await site.client.get("/api/me", headers=camille)).json()["person"]["rights"] == ["admin"]


async def test_a_token_is_shown_once_kept_as_a_hash_used_noted_and_ends(
    site: Site, store: SqlStore, ours: House
) -> None:
    made = await site.client.post(
        "/api/admin/tokens", json={"name": "Directory", "scopes": ["people:read"], "days": 1},
        headers=ours.headers,
    )  # fmt: skip
    assert made.status_code == 201
    text = made.json()["token"]
    headers = {"Authorization": f"Bearer {text}"}
    assert (await site.client.get("/api/admin/people", headers=headers)).status_code == 200
    listed = await site.client.get("/api/admin/tokens", headers=ours.headers)
    assert text not in listed.text and text[4:] not in listed.text
    (mine,) = [one for one in listed.json()["tokens"] if one["id"] == made.json()["id"]]
    assert mine["used"] == site.clock.now() and mine["created_by"] == ours.things["token"]
    await site.clock.advance(24 * 3600)
    assert (await site.client.get("/api/admin/people", headers=headers)).json()["code"] == "unauthorized"


async def test_a_revoked_token_opens_nothing(site: Site, ours: House) -> None:
    path = f"/api/admin/tokens/{ours.things['token']}"
    assert (await site.client.delete(path, headers=ours.headers)).status_code == 204
    assert (await site.client.get("/api/admin", headers=ours.headers)).json()["code"] == "unauthorized"


async def test_no_token_makes_a_stronger_one(site: Site, store: SqlStore) -> None:
    weak = await furnish(site, store, "exemple", frozenset({Scope.TOKENS_WRITE}))
    reply = await site.client.post(
        "/api/admin/tokens", json={"name": "More", "scopes": ["people:write"], "days": 1},
        headers=weak.headers,
    )  # fmt: skip
    assert reply.json()["code"] == "scope_missing"


async def test_a_program_that_may_block_may_not_make_administrators(site: Site, store: SqlStore) -> None:
    house = await furnish(site, store, "exemple", frozenset({Scope.PEOPLE_WRITE, Scope.PEOPLE_READ}))
    path = f"/api/admin/people/{house.things['subject']}"
    reply = await site.client.patch(path, json={"rights": ["admin"]}, headers=house.headers)
    assert reply.json()["code"] == "scope_missing"
    assert (await site.client.get(path, headers=house.headers)).json()["rights"] == []


@pytest.mark.parametrize("down", [True, False])
async def test_what_cannot_be_noted_is_not_done(
    site: Site, store: SqlStore, ours: House, down: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> int:
        raise StoreUnavailable("down")

    if down:
        monkeypatch.setattr(SqlStore, "append_audit", fail)
    path = f"/api/admin/people/{ours.things['subject']}"
    reply = await site.client.patch(path, json={"blocked": True}, headers=ours.headers)
    account = await store.of("exemple").account(ours.things["subject"])
    assert account is not None
    assert (reply.status_code, account.blocked) == ((503, False) if down else (200, True))


async def test_every_change_is_noted_with_who_and_from_where(
    site: Site, store: SqlStore, ours: House
) -> None:
    path = f"/api/admin/people/{ours.things['subject']}"
    await site.client.patch(path, json={"blocked": True, "rights": ["auditor"]}, headers=ours.headers)
    found = await store.of("exemple").audit_events(AuditFilter(), after=0, limit=10)
    assert [(one.action, one.object) for one in found] == [
        ("account.rights_given", ours.things["subject"]),
        ("account.blocked", ours.things["subject"]),
    ]
    assert {(one.actor_kind, one.actor, one.address) for one in found} == {
        ("service", ours.things["token"], "127.0.0.1")
    }
    assert await store.of("exemple").account_sessions(ours.things["subject"]) == []
