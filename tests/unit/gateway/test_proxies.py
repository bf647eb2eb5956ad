"""The client's address behind reverse proxies: only what trusted hands wrote counts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from core.errors import StartError
from core.store import SqlStore
from gateway.http.proxies import HOPS_MAX, ClientGuard, hops
from gateway.settings import load
from tests.support.telemetry import RecordingTelemetry, series
from tests.unit.gateway.conftest import Site, make_site

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48"]
REFUSED = series("entente_http_refused_total", reason="forwarded_refused")


async def client_of(
    peer: str, *values: str, header: str = "x-forwarded-for", sent_as: str | None = None
) -> str:
    """Whom the guards behind see; `refused` when they see nobody."""
    seen: list[str] = []
    telemetry = RecordingTelemetry()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["client"][0])

    async def nothing(*_: object) -> None:
        return None

    guard = ClientGuard(app, telemetry, PROXIES, header)
    headers = [((sent_as or header).encode(), value.encode()) for value in values]
    scope = {"type": "http", "path": "/api/config", "client": (peer, 5), "headers": headers}
    await guard(scope, nothing, nothing)  # type: ignore[arg-type]
    assert scope["client"] == (peer, 5), "what was outside stays as it was"
    assert telemetry.counts.get(REFUSED, 0) == (0 if seen else 1)
    return seen[0] if seen else "refused"


@pytest.mark.parametrize(
    ("peer", "values", "client"),
    [
        ("10.1.2.3", ["192.0.2.7"], "192.0.2.7"),
        ("10.1.2.3", ["192.0.2.7, 10.9.9.9"], "192.0.2.7"),
        ("10.1.2.3", ["192.0.2.7", "10.9.9.9"], "192.0.2.7"),
        ("::ffff:10.1.2.3", ["::ffff:192.0.2.7"], "192.0.2.7"),
        ("2001:db8:ffff::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.1.2.3", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("10.1.2.3", ["192.0.2.7:51000"], "192.0.2.7"),
        ("10.1.2.3", ["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
        ("10.1.2.3", [], "10.1.2.3"),
    ],
)
async def test_the_right_most_untrusted_hop_is_the_client(peer: str, values: list[str], client: str) -> None:
    assert await client_of(peer, *values) == client


@pytest.mark.parametrize("peer", ["192.0.2.66", "2001:db8:fffe::1", "unix", "11.0.0.1"])
async def test_nobody_else_is_believed(peer: str) -> None:
    assert await client_of(peer, "192.0.2.7") == peer
    assert await client_of(peer, "for=192.0.2.7", header="forwarded") == peer


@pytest.mark.parametrize(
    "lie", ["203.0.113.9", "nonsense", "10.9.9.9", "203.0.113.9, " * 500, "x" * 5_000, '"', ",,,,", "\u00e9"]
)
async def test_what_a_client_wrote_to_the_left_is_not_looked_at(lie: str) -> None:
    assert await client_of("10.1.2.3", lie, "192.0.2.7, 10.9.9.9") == "192.0.2.7"
    assert await client_of("10.1.2.3", f"{lie}, 192.0.2.7") == "192.0.2.7"
    written = 'for=192.0.2.7;proto=https, for="10.9.9.9:80"'
    assert await client_of("10.1.2.3", f'for="{lie}', written, header="forwarded") == "192.0.2.7"


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ('For="[2001:db8::7]:4711";by=203.0.113.43;proto=https', "2001:db8::7"),
        ("proto=http;for=192.0.2.7;host=a, for=10.8.8.8", "192.0.2.7"),
    ],
)
async def test_forwarded_is_read_as_rfc_7239_writes_it(value: str, client: str) -> None:
    assert await client_of("10.1.2.3", value, header="forwarded") == client


async def test_the_header_that_the_proxy_does_not_write_is_the_clients_own() -> None:
    assert await client_of("10.1.2.3", "for=192.0.2.7", sent_as="forwarded") == "10.1.2.3"
    seen = await client_of("10.1.2.3", "192.0.2.7", header="forwarded", sent_as="x-forwarded-for")
    assert seen == "10.1.2.3"


@pytest.mark.parametrize(
    "value",
    ["unknown", "", "192.0.2.7:x", "[2001:db8::7", "fe80::1%eth0", "1.2.3", "192.0.2.7, ", "9" * 200, "::1]"],
)
async def test_a_hop_of_a_trusted_proxy_that_is_no_address_is_refused_by_name(value: str) -> None:
    assert await client_of("10.1.2.3", value) == "refused"
    assert await client_of("10.1.2.3", f"for={value}", header="forwarded") == "refused"


async def test_a_line_of_proxies_is_followed_so_far_and_no_farther() -> None:
    long = ", ".join(["192.0.2.7", *(["10.9.9.9"] * 5_000)])
    headers = Headers({"x-forwarded-for": long})
    assert len(list(hops(headers, "x-forwarded-for"))) == HOPS_MAX
    assert await client_of("10.1.2.3", long) == "10.9.9.9"


def behind(site: Site, address: str, proxy: str = "10.1.2.3") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(site.app, client=(proxy, 5)),
        base_url="http://localhost:8400",
        headers={"X-Forwarded-For": address},
    )


async def test_people_behind_a_proxy_have_a_rate_limit_each(store: SqlStore, tmp_path: Path) -> None:
    http = {"burst": 10, "per_second": 1, "trusted_proxies": PROXIES}
    site = make_site(store, tmp_path, http=http, development={"login": False})

    async def codes(address: str, proxy: str = "10.1.2.3") -> list[int]:
        async with behind(site, address, proxy) as client:
            return [(await client.get("/api/config")).status_code for _ in range(12)]

    limited = [200] * 10 + [429] * 2
    assert await codes("192.0.2.7") == limited
    assert await codes("192.0.2.8") == limited
    assert await codes("203.0.113.1, 192.0.2.8") == [429] * 12, "no fresh bucket by a lie"
    assert await codes("192.0.2.20", proxy="192.0.2.66") == limited
    assert await codes("192.0.2.21", proxy="192.0.2.66") == [429] * 12, "an unlisted proxy is one client"
    async with behind(site, "unknown") as client:
        reply = await client.get("/api/config")
        assert (reply.status_code, reply.json()["code"]) == (400, "forwarded_refused")


async def test_a_trusted_proxy_does_not_make_anybody_local(store: SqlStore, tmp_path: Path) -> None:
    http = {"trusted_proxies": ["127.0.0.0/8"]}
    site = make_site(store, tmp_path, http=http)
    async with behind(site, "127.0.0.1", proxy="127.0.0.1") as client:
        reply = await client.get("/api/config")
    assert (reply.status_code, reply.json()["code"]) == (421, "proxy_refused"), "the development login is on"
    served = make_site(store, tmp_path / "served", http=http, development={"login": False})
    async with behind(served, "127.0.0.1", proxy="127.0.0.1") as client:
        assert (await client.get("/metrics")).status_code == 404


@pytest.mark.parametrize("wrong", ["0.0.0.0/0", "::/0", "10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_a_list_of_proxies_that_is_no_list_of_networks_is_refused_at_start(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entente.toml").write_text(f"[http]\ntrusted_proxies = ['{wrong}']\n")
    with pytest.raises(StartError, match=r"http\.trusted_proxies"):
        load()
