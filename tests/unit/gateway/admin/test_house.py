"""What an administrator changes: the profile, the policy, login services, rooms, meetings, events."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import httpx
import msgpack
import pytest

from core._native import e2ee
from core.federation.statements import declare
from core.meeting.admission import Way
from core.store import SqlStore
from core.tenants.account_sessions import AccountSessions
from core.tenants.policy import TenantPolicy
from core.tenants.profile import contrast
from core.tenants.sessions import Sessions
from core.tenants.standing import Standing
from core.values import Access, Assurance, Deployment, TenantRules
from gateway.admin.policy import Suite
from gateway.admin.preview import _way, keys, preview
from gateway.admin.sentences import SENTENCES, Language
from gateway.http.build import build_app
from gateway.login.notes import LoginNotes
from tests.support.house import House, tag
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.signer import LocalSigner
from tests.unit.gateway.conftest import Site
from tests.unit.gateway.login.support import with_cookie

TENANT = "/api/admin/tenant"
POLICY = "/api/admin/policy"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


async def test_a_profile_changes_only_from_what_was_read(site: Site, ours: House, theirs: House) -> None:
    headers = await tag(site.client, TENANT, ours.headers)
    change = {"colour": "#8a1538", "names": {"de": "Beispielamt"}, "languages": ["fr", "en"]}
    first = await site.client.patch(TENANT, json=change, headers=headers)
    assert first.status_code == 200 and first.json()["names"] == {"de": "Beispielamt"}
    assert (await site.client.get(TENANT, headers=ours.headers)).json() == first.json()
    stale = await site.client.patch(TENANT, json={"short": "X"}, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    blind = await site.client.patch(TENANT, json={"short": "X"}, headers=ours.headers)
    assert (blind.status_code, blind.json()["code"]) == (400, "bad_request")
    other = await site.client.get(TENANT, headers=theirs.headers)
    assert other.json()["id"] == "beispiel" and other.json()["names"] == {}


async def test_a_colour_that_nobody_can_read_on_is_refused_with_its_contrast(site: Site, ours: House) -> None:
    headers = await tag(site.client, TENANT, ours.headers)
    reply = await site.client.patch(TENANT, json={"colour": "#ffee00"}, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert "1.20" in reply.json()["detail"]
    assert contrast("#000000") == pytest.approx(21) and contrast("#ffffff") == pytest.approx(1)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("sent", "status"),
    [(PNG, 200), (b"GIF89a" + bytes(32), 422), (PNG + bytes(40 * 1024), 422), (None, 422)],
)
async def test_a_logo_is_a_small_png(site: Site, ours: House, sent: bytes | None, status: int) -> None:
    headers = await tag(site.client, TENANT, ours.headers)
    text = "not base64!" if sent is None else base64.b64encode(sent).decode()
    reply = await site.client.put(f"{TENANT}/logo", json={"png": text}, headers=headers)
    assert reply.status_code == status, reply.text
    shown = await site.client.get(f"{TENANT}/logo", headers=ours.headers)
    assert (shown.content == sent) if status == 200 else (shown.json()["code"] == "not_found")


async def test_a_quota_shows_limits_and_use(site: Site, ours: House, theirs: House) -> None:
    said = (await site.client.get("/api/admin/quota", headers=ours.headers)).json()
    assert said["used"] == {"rooms": 1, "accounts": 2, "people": 0, "meetings": 0}
    assert said["limits"]["people"] == 300


@pytest.fixture
async def signing(site: Site, store: SqlStore, tmp_path: Path) -> AsyncIterator[Site]:
    """The application over a signer with keys."""
    signer = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, site.clock)

    async def declared() -> Deployment:
        given = {one.id: await store.of(one.id).own_policy() for one in TENANTS}
        allowed = {name: TenantPolicy(one.suites, one.guests) for name, one in given.items() if one}
        return await declare(signer, site.clock, tmp_path, TENANTS, allowed, ())

    standing = Standing(await declared(), declared)
    ports = replace(site.services, signer=signer, standing=standing)
    sessions = Sessions(ports.store, site.clock, ports.rng, ["exemple", "beispiel"])
    app = build_app(site.settings, ports, sessions, site.meetings, None)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8400") as client:
        yield replace(site, client=client, services=ports, app=app)


async def test_a_policy_is_signed_anew_and_holds_for_new_meetings(signing: Site, ours: House) -> None:
    headers = await tag(signing.client, POLICY, ours.headers)
    before = signing.services.deployment.policies["exemple"]
    other = signing.services.deployment.policies["beispiel"]
    change: dict[str, Any] = {"guests": False, "suites": [0x4F, 1], "assurance": "substantial"}
    reply = await signing.client.patch(POLICY, json=change, headers=headers)
    assert reply.status_code == 200 and reply.json()["applies"] == "new_meetings"
    after = signing.services.deployment.policies["exemple"]
    key = (await signing.services.signer.info()).policy_keys["exemple"]
    said = msgpack.unpackb(e2ee.signed_open("policy", after, key))
    old = msgpack.unpackb(e2ee.signed_open("policy", before, key))
    assert (said["guests"], said["suites"], said["serial"]) == (False, [0x4F, 1], old["serial"] + 1)
    assert signing.services.deployment.suites["exemple"] == (0x4F, 1)
    assert signing.services.deployment.policies["beispiel"] == other
    assert (await signing.client.get(POLICY, headers=ours.headers)).json() == reply.json()
    stale = await signing.client.patch(POLICY, json={"guests": True}, headers=headers)
    assert stale.json()["code"] == "conflict"


@pytest.mark.parametrize("language", get_args(Language))
async def test_a_preview_says_in_each_language_what_the_door_does(
    site: Site, ours: House, language: Language
) -> None:
    reply = await site.client.post(
        f"{POLICY}/preview?language={language}", json={"guests": False}, headers=ours.headers
    )
    said = reply.json()["sentences"]
    assert said[0] == SENTENCES["guest.with_pin.login"][language]
    assert len({sentence for sentence in said}) == len(said) >= 5
    unchanged = await site.client.get(POLICY, headers=ours.headers)
    assert unchanged.json()["guests"] is True


def test_every_policy_has_its_sentences_and_they_follow_the_verdict() -> None:
    """All combinations; each sentence about guests ends in the word of `decide`."""
    used: set[str] = set()
    for guests in (True, False):
        for without in (True, False):
            for public in (True, False):
                for assurance in Assurance:
                    for suites in ((0x4F,), (0x4F, 1), (1,)):
                        rules = TenantRules(suites, guests, without, public, assurance)
                        found = keys(rules)
                        used |= set(found)
                        way = _way(rules, Access.PUBLIC, guest=True, pin=True)
                        assert found[0].endswith(way)
                        assert (way == Way.LOGIN) == (not guests)
                        assert all(preview(rules, language) for language in get_args(Language))
    assert used == set(SENTENCES)
    assert all(set(said) == set(get_args(Language)) for said in SENTENCES.values())
    assert set(get_args(Suite)) == {0x4F, 1}


async def test_a_login_service_is_added_changed_and_removed_but_takes_no_domain_by_itself(
    site: Site, ours: House
) -> None:
    path, fields = "/api/admin/providers", {
        "name": "ProConnect", "issuer": "https://fca.example.org/api/v2", "client_id": "entente",
        "claims": {"name": ["given_name", "usual_name"], "assurance": {"eidas2": "substantial"}},
    }  # fmt: skip
    made = await site.client.post(path, json=fields, headers=ours.headers)
    assert made.status_code == 201, made.text
    one = f"{path}/{made.json()['id']}"
    headers = {**ours.headers, "If-Match": made.headers["ETag"]}
    grabbed = await site.client.put(one, json={**fields, "domains": ["beispiel.example"]}, headers=headers)
    assert (grabbed.status_code, grabbed.json()["code"]) == (422, "invalid")
    changed = await site.client.put(one, json={**fields, "enabled": False}, headers=headers)
    assert changed.json()["enabled"] is False and changed.json()["claims"]["assurance"] == {
        "eidas2": "substantial"
    }
    assert (await site.client.delete(one, headers=ours.headers)).status_code == 204
    assert (await site.client.get(one, headers=ours.headers)).json()["code"] == "provider_unknown"


async def test_rooms_are_found_page_by_page_and_closed_for_good(site: Site, ours: House) -> None:
    for number in range(5):
        await site.make_room(f"Budget {number}")
        await site.clock.advance(1)
    seen: list[str] = []
    after = ""
    while after is not None:
        page = await site.client.get(
            f"/api/admin/rooms?search=BUDGET&limit=2&after={after}", headers=ours.headers
        )
        seen += [room["title"] for room in page.json()["rooms"]]
        after = page.json()["next"]
    assert seen == [f"Budget {number}" for number in (4, 3, 2, 1, 0)]
    path = f"/api/admin/rooms/{ours.things['room']}"
    headers = await tag(site.client, path, ours.headers)
    closed = await site.client.patch(path, json={"closed": True}, headers=headers)
    assert closed.json()["closed"] == site.clock.now()
    again = await tag(site.client, path, ours.headers)
    assert (await site.client.patch(path, json={"title": "x"}, headers=again)).json()["code"] == "room_closed"


async def test_a_search_reads_nothing_as_a_pattern(site: Site, ours: House) -> None:
    for search, count in (("%", 0), ("_", 0), ("NAME OF U-EXEMPLE", 1), ("@exemple", 2), ("nobody", 0)):
        reply = await site.client.get("/api/admin/people", params={"search": search}, headers=ours.headers)
        assert len(reply.json()["people"]) == count, search


async def test_running_meetings_are_shown_without_a_name_and_ended(site: Site, ours: House) -> None:
    said = await site.client.get("/api/admin/meetings", headers=ours.headers)
    (one,) = said.json()["meetings"]
    assert one["people"][0]["subject"] == ours.things["subject"] and "Name of" not in said.text
    ended = await site.client.delete(f"/api/admin/meetings/{one['id']}", headers=ours.headers)
    assert ended.status_code == 204
    assert (await site.client.get("/api/admin/meetings", headers=ours.headers)).json() == {"meetings": []}


async def test_events_are_read_and_exported_and_both_are_events(site: Site, ours: House) -> None:
    await site.client.delete(f"/api/admin/people/{ours.things['subject']}/sessions", headers=ours.headers)
    read = await site.client.get("/api/admin/audit?action=session&limit=1", headers=ours.headers)
    assert [one["action"] for one in read.json()["events"]] == ["session.ended"]
    exported = await site.client.get("/api/admin/audit/export?format=ocsf", headers=ours.headers)
    lines = [json.loads(line) for line in exported.text.splitlines()]
    assert [line["metadata"]["event_code"] for line in lines] == [
        "session.ended", "audit.read", "audit.exported",
    ]  # fmt: skip


async def test_nobody_locks_himself_out_and_a_page_of_another_site_changes_nothing(
    site: Site, store: SqlStore, ours: House
) -> None:
    account = await store.of("exemple").account("u-admin-exemple")
    assert account is not None
    notes = LoginNotes(site.telemetry, site.services.audit)
    logins = AccountSessions(store, site.clock, site.services.rng, notes.stolen)
    cookie = await logins.open(account, "i-exemple", sid=None, acr=None, assurance=Assurance.HIGH)
    path = "/api/admin/people/u-admin-exemple"
    for change in ({"rights": []}, {"blocked": True}):
        reply = await site.client.patch(path, json=change, headers=with_cookie(cookie))
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    other = {**with_cookie(cookie), "Sec-Fetch-Site": "cross-site"}
    path = f"/api/admin/people/{ours.things['subject']}"
    crossed = await site.client.patch(path, json={"blocked": True}, headers=other)
    assert crossed.json()["code"] == "cross_site"
    assert (await site.client.get(path, headers=with_cookie(cookie))).json()["blocked"] is False
