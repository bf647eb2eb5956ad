"""What every connection passes: host, rate, size, time and headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.store import SqlStore
from tests.support.telemetry import series
from tests.unit.gateway.conftest import Site, make_site


@pytest.mark.parametrize("host", ["localhost:8400", "fr.localhost", "127.0.0.1:9", "[::1]:8400", "LOCALHOST"])
async def test_our_names_are_served(site: Site, host: str) -> None:
    assert (await site.client.get("/api/config", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a b", "localhost:8400@evil"])
async def test_other_names_are_refused(site: Site, host: str) -> None:
    reply = await site.client.get("/api/config", headers={"Host": host})
    assert (reply.status_code, reply.json()["code"]) == (421, "host_refused")


async def test_a_socket_under_another_name_is_closed(site: Site) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/api/socket",
        "headers": [(b"host", b"evil.example")],
        "client": ("127.0.0.1", 5),
        "query_string": b"",
        "subprotocols": [],
    }
    await site.app(scope, receive, send)
    assert [(one["type"], one.get("code")) for one in sent] == [("websocket.close", 1008)]


@pytest.mark.parametrize("path", ["/", "/m/abc-defg-hij", "/api/config", "/api/rooms/none", "/nothing.js"])
async def test_security_headers_stand_on_every_answer(site: Site, path: str) -> None:
    headers = (await site.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy and "https:" not in policy
    assert "connect-src 'self' ws://localhost:8400 wss://localhost:8400" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=(self)" in headers["permissions-policy"]


async def test_a_refused_host_gets_headers_but_cannot_write_into_them(site: Site) -> None:
    reply = await site.client.get("/", headers={"Host": "x;script-src *"})
    assert reply.status_code == 421
    assert "script-src *" not in reply.headers["content-security-policy"]


async def test_another_site_reads_only_when_listed(store: SqlStore, tmp_path: Path) -> None:
    listed = "https://intranet.example.org"
    site = make_site(store, tmp_path, http={"embedders": [listed]})
    for origin, allowed in ((listed, listed), ("https://evil.example", None)):
        reply = await site.client.get("/api/config", headers={"Origin": origin})
        assert reply.headers.get("access-control-allow-origin") == allowed
        assert "Origin" in reply.headers["vary"]
    preflight = await site.client.options(
        "/api/rooms", headers={"Origin": listed, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers


async def test_a_large_body_is_refused_by_its_declared_and_by_its_real_size(site: Site) -> None:
    reply = await site.client.post("/api/rooms", content=b"x" * 70_000)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * 1024

    headers = await site.log_in()
    headers["Content-Type"] = "application/json"
    reply = await site.client.post("/api/rooms", content=pieces(), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_does_not_come_is_not_waited_for(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(store, tmp_path, http={"body_seconds": 0.05})

    async def stalls() -> AsyncIterator[bytes]:
        yield b'{"title":'
        await asyncio.sleep(30)

    headers = await site.log_in()
    headers["Content-Type"] = "application/json"
    async with asyncio.timeout(5):
        reply = await site.client.post("/api/rooms", content=stalls(), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (408, "too_slow")


async def test_a_body_of_another_type_is_refused(site: Site) -> None:
    reply = await site.client.post("/api/rooms", data={"title": "x"}, headers=await site.log_in())
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


async def test_one_address_runs_dry_and_another_does_not(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(store, tmp_path, http={"burst": 10, "per_second": 2})
    replies = [await site.client.get("/api/config") for _ in range(12)]
    assert [reply.status_code for reply in replies] == [200] * 10 + [429] * 2
    assert replies[-1].json()["retry_after"] == 1 and replies[-1].headers["retry-after"] == "1"
    other = httpx.AsyncClient(
        transport=httpx.ASGITransport(site.app, client=("10.9.8.7", 5)), base_url="http://localhost:8400"
    )
    assert (await other.get("/api/config")).status_code == 200
    await site.clock.advance(1)
    assert [(await site.client.get("/api/config")).status_code for _ in range(3)] == [200, 200, 429]
    assert (await site.client.get("/")).status_code == 200, "the page itself costs nothing"
    refused = series("entente_http_refused_total", reason="rate_limited")
    assert site.telemetry.counts[refused] == 3


async def test_guessing_runs_dry_ten_times_sooner(store: SqlStore, tmp_path: Path) -> None:
    site = make_site(store, tmp_path, http={"burst": 100, "per_second": 1})
    codes = [(await site.client.get(f"/api/rooms/guess-{i}")).status_code for i in range(12)]
    assert codes == [404] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("addresses", "shared"),
    [
        ([f"2001:db8:1:2:0:0:0:{number:x}" for number in range(12)], True),
        ([f"2001:db8::{number:x}:0:0:0:1" for number in range(1, 13)], False),
        ([f"2001:db8::{number:x}:1" for number in range(1, 13)], True),
        ([f"::ffff:192.0.2.{number}" for number in range(12)], False),
        (["::ffff:192.0.2.1", "192.0.2.1"] * 6, True),
        ([f"fe80::{number:x}%eth0" for number in range(12)], True),
    ],
)
async def test_addresses_of_one_ipv6_network_share_a_bucket(
    store: SqlStore, tmp_path: Path, addresses: list[str], shared: bool
) -> None:
    site = make_site(store, tmp_path, http={"burst": 10, "per_second": 1})
    codes = []
    for address in addresses:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(site.app, client=(address, 5)),
            base_url="http://localhost",
        )
        codes.append((await client.get("/api/config")).status_code)
    assert codes == ([200] * 10 + [429] * 2 if shared else [200] * 12)


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "Via"])
async def test_behind_a_proxy_nothing_is_local(store: SqlStore, tmp_path: Path, name: str) -> None:
    site = make_site(store, tmp_path)
    reply = await site.client.get("/api/config", headers={name: "x"})
    assert (reply.status_code, reply.json()["code"]) == (421, "proxy_refused")
    served = make_site(store, tmp_path / "served", development={"login": False})
    assert (await served.client.get("/api/config", headers={name: "x"})).status_code == 200
    assert (await served.client.get("/metrics", headers={name: "x"})).status_code == 404
    assert (await served.client.get("/metrics")).status_code == 200
