"""Attack 22: strings that reach a shell, a configuration, a log, HTML, or a response's headers."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import SqlStore, open_store
from observability.redaction import RedactingFormatter
from tests.support import people
from tests.support.live import live
from tests.unit.gateway.conftest import Site, make_site

HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE rooms; --",
    "$(touch /tmp/owned)`id`",
    "${jndi:ldap://x}",
    "%s%s%n{0.__class__}",
    '"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    store: SqlStore = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await store.put_tenant(tenant)
    made = make_site(store, tmp_path)
    yield made
    await made.client.aclose()
    await store.close()


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_title_comes_back_as_plain_json(site: Site, text: str) -> None:
    made = await site.make_room(text)
    shown = await site.client.get(f"/api/rooms/{made['slug']}")
    assert shown.json()["title"] == text
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert len(await site.services.store.tenants()) == 2


@pytest.mark.parametrize("text", ["a\nb", "a\r\nSet-Cookie: x", "a\u0000", "\u202eabc", "\u2028", "\ud800"])
async def test_text_that_breaks_lines_or_direction_is_refused(site: Site, text: str) -> None:
    headers = {**await site.log_in(), "Content-Type": "application/json"}
    reply = await site.client.post("/api/rooms", content=json.dumps({"title": text}), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")
    made = await site.make_room()
    reply = await site.client.post(
        f"/api/rooms/{made['slug']}/join",
        content=json.dumps({"guest_name": text}),
        headers={"Content-Type": "application/json"},
    )
    assert reply.status_code == 400


async def test_what_is_refused_is_not_repeated(site: Site) -> None:
    """An error that echoed its input would write it into logs and pages."""
    headers = await site.log_in()
    for body in ({"title": "canary" * 40}, {"title": 5, "canary": 1}, {"title": ["canary"]}):
        reply = await site.client.post("/api/rooms", json=body, headers=headers)
        detail = reply.json()["detail"].replace("canary: Extra inputs", "")
        assert "canary" not in detail
    reply = await site.client.get("/api/rooms/<canary>")
    assert "canary" not in reply.text


async def test_a_forged_log_line_is_one_line(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async with live(site.app, site.settings.http) as node:
        with caplog.at_level(logging.DEBUG):
            await node.say(b"GET /%0d%0a2026-01-01%20error%20forged HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await node.say(b"GET / HTTP/1.1\r\nHost: local\x0bhost\r\n\r\n")
            await node.say(b"\xff\xfe\r\n\r\n")
    formatter = RedactingFormatter()
    for record in caplog.records:
        first = formatter.format(record).split("\n  ")[0]
        assert "\n" not in first and "\r" not in first
