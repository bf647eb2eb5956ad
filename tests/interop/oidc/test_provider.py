"""Logins at a certified OpenID provider with ProConnect's shape of claims: in, up a level, out at both ends,
and with its keys changed in the middle. The application is the whole one, over a real socket and a real
clock."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from joserfc.jwk import ECKey

from core.store import SqlStore, open_store
from core.tenants.sessions import Sessions
from core.values import Assurance, TenantRules
from gateway.http.build import build_app
from gateway.http.cookies import SESSION
from gateway.settings import Settings
from gateway.system import SystemClock
from tests.interop.oidc.walk import Walker, running_provider
from tests.support import people
from tests.support.services import NoMeetings, built_client, services
from tests.unit.gateway.login.support import tenants

SCOPES = ["openid", "given_name", "usual_name", "email", "siret", "uid", "idp_id", "organizational_unit"]
LEVELS = {"eidas1": "low", "eidas2": "substantial", "eidas3": "high"}


@dataclass
class House:
    """A running application and its provider."""

    base: str
    issuer: str
    store: SqlStore

    async def log_in(self, walker: Walker, provider: str = "proconnect", **form: str) -> str:
        """A whole login; returns where it ends."""
        await walker.walk(f"{self.base}/api/login/start?provider={provider}&return_to=/me")
        assert walker.url.startswith(self.issuer), walker.url
        return await walker.fill(**{"name": "angela", "level": "eidas1"} | form)

    async def who(self, walker: Walker) -> dict[str, Any] | None:
        """Who the walker is by now."""
        said = await walker.json(self.base, "GET", "/api/me")
        return said["person"]  # type: ignore[return-value]


def configured(issuer: str) -> dict[str, object]:
    """ProConnect's configuration, as docs/login.md gives it."""
    one = {
        "id": "proconnect",
        "name": "ProConnect",
        "issuer": issuer,
        "client_id": "entente",
        "secret": "proconnect",
        "scopes": SCOPES,
        "acr_values": ["eidas1"],
        "user_info": True,
        "claims": {"name": ["given_name", "usual_name"], "verified": "", "assurance": LEVELS},
    }
    return tenants(one, {**one, "id": "by-key", "client_id": "entente-key", "secret": "key.pem"})


def secrets(folder: Path, key: ECKey) -> None:
    """The two files that prove us."""
    own = folder / "login/exemple"
    own.mkdir(parents=True)
    for name, content in (("proconnect", b"not-a-secret-at-all"), ("key.pem", key.as_pem(private=True))):
        (own / name).write_bytes(content)
        (own / name).chmod(0o600)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        key = ECKey.generate_key("P-256", {"kid": "ours", "use": "sig", "alg": "ES256"}, private=True)
        secrets(tmp_path, key)
        async with running_provider(base, key.as_dict(private=False)) as issuer:
            store = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
            for tenant in people.TENANTS:
                await store.put_tenant(tenant)
            ports = replace(services(store), clock=SystemClock())
            settings = Settings(
                folder=tmp_path,
                static=built_client(tmp_path / "static"),
                deployment=configured(issuer),  # type: ignore[arg-type]
            )
            sessions = Sessions(store, ports.clock, ports.rng, [one.id for one in people.TENANTS])
            app = build_app(settings, ports, sessions, NoMeetings(ports), None)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
            serving = asyncio.create_task(server.serve([listening]))
            yield House(base, issuer, store)
            server.should_exit = True
            await serving
            await store.close()


async def test_a_login_takes_proconnects_claims_from_signed_user_info(house: House) -> None:
    walker = Walker()
    assert await house.log_in(walker) == "/me"
    me = await house.who(walker)
    assert me is not None
    assert (me["name"], me["assurance"], me["rights"]) == ("Angela Dubois", "low", [])
    account = await house.store.of("exemple").account(me["subject"])
    assert account is not None and account.email == "angela@exemple.example"
    assert not any("siret" in str(value) for value in (account, me))


async def test_a_login_by_private_key_instead_of_a_secret(house: House) -> None:
    walker = Walker()
    assert await house.log_in(walker, "by-key", name="bruno") == "/me"
    me = await house.who(walker)
    assert me is not None and me["name"] == "Bruno Le Goff"


async def test_a_step_up_by_acr(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = Walker()
    assert await house.log_in(walker, level="eidas1") == "/me"
    strict = replace(people.TENANTS[0], policy=TenantRules(assurance=Assurance.SUBSTANTIAL))
    monkeypatch.setattr("core.store.rows.tenant", lambda _row: strict)
    refused = await walker.json(house.base, "GET", "/api/me/certificates")
    assert refused["code"] == "assurance_low"
    await walker.walk(f"{house.base}/api/login/start?provider=proconnect&return_to=/me&level=high")
    assert '<p id="asked">eidas3</p>' in walker.page
    # Asked as essential, so this provider does not let a lower level through and asks again.
    await walker.fill(name="angela", level="eidas2")
    assert walker.url.startswith(house.issuer)
    assert await walker.fill(name="angela", level="eidas3") == "/me"
    me = await house.who(walker)
    assert me is not None and me["assurance"] == "high"
    assert "certificates" in await walker.json(house.base, "GET", "/api/me/certificates")


async def test_the_providers_keys_change_in_the_middle(house: House) -> None:
    first, second = Walker(), Walker()
    assert await house.log_in(first) == "/me"
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(f"{house.issuer}/control/rotate")).text == "rotated"
    assert await house.log_in(second, name="bruno") == "/me"
    assert await house.who(first) is not None and await house.who(second) is not None


async def test_logout_here_ends_it_there_and_there_ends_it_here(house: House) -> None:
    here, elsewhere = Walker(), Walker()
    await house.log_in(here)
    provider = urlsplit(house.issuer).netloc
    elsewhere.cookies[provider] = dict(here.cookies[provider])
    # A second browser of the same provider's session, without asking again: single sign-on.
    await elsewhere.walk(f"{house.base}/api/login/start?provider=proconnect&return_to=/me")
    assert urlsplit(elsewhere.url).path == "/me"
    assert await house.who(elsewhere) is not None
    said = await here.json(house.base, "POST", "/api/login/logout")
    assert await house.who(here) is None
    assert await house.who(elsewhere) is not None
    # Here: our own session is over, and the browser is sent to end the provider's.
    await here.walk(str(said["redirect"]))
    assert await here.fill(logout="yes") == "/" or urlsplit(here.url).netloc == urlsplit(house.base).netloc
    # There: the provider told us of it behind the browser's back.
    assert await house.who(elsewhere) is None
    await here.walk(f"{house.base}/api/login/start?provider=proconnect&return_to=/me")
    assert here.url.startswith(house.issuer), "the provider must ask again"


async def test_a_code_used_twice_is_refused_by_both(house: House) -> None:
    walker = Walker()
    await house.log_in(walker)
    back = next(url for url in walker.trail if "/api/login/callback/" in url)
    cookie = walker.cookies[urlsplit(house.base).netloc][SESSION]
    ended = await walker.walk(back)
    assert parse_qs(urlsplit(ended).query)["problem"] == ["login_replayed"]
    assert walker.cookies[urlsplit(house.base).netloc][SESSION] == cookie
