"""Attack 20, at a ministry's own login: forged, confused, replayed and mixed-up answers of a provider, each
made by real keys over real HTTP, each refused with its own code, and nothing kept of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from sqlalchemy import func, select

from core.errors import UserError
from core.store import SqlStore, open_store, tables
from core.tenants.sessions import token_hash
from gateway.http.cookies import BROWSER, SESSION
from gateway.login.fetch import SIZE_MAX, Fetch
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.forger import CLIENT, Forger, callback, key, running, text
from tests.unit.gateway.conftest import Site, make_site
from tests.unit.gateway.login.support import Browser, problem_of, provider, tenants

Bend = Callable[[Forger], None]


@pytest.fixture
async def forger() -> AsyncIterator[Forger]:
    async with running(Forger(FakeClock())) as one:
        yield one


@pytest.fixture
async def other() -> AsyncIterator[Forger]:
    async with running(Forger(FakeClock())) as one:
        yield one


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and tenants, to be copied: to migrate for each lie would take longer than
    the lie."""
    file = tmp_path_factory.mktemp("store") / "test.sqlite"

    async def make() -> None:
        store = await open_store(f"sqlite+aiosqlite:///{file}")
        for tenant in people.TENANTS:
            await store.put_tenant(tenant)
        await store.close()

    asyncio.run(make())
    return file


@pytest.fixture
async def site(tmp_path: Path, migrated: Path, forger: Forger, other: Forger) -> AsyncIterator[Site]:
    shutil.copy(migrated, tmp_path / "test.sqlite")
    store: SqlStore = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    listed = tenants(
        provider("exemple", forger.issuer, user_info=False), provider("beispiel", other.issuer)
    )
    made = make_site(store, tmp_path, deployment=listed)
    forger.clock = other.clock = made.clock
    yield made
    await made.client.aclose()
    await store.close()


async def nothing_kept(site: Site) -> bool:
    """No account, no session, and no login that could still be used."""
    store = site.services.store
    async with store._engine.connect() as connection:  # type: ignore[attr-defined]
        for table in (tables.accounts, tables.account_sessions):
            if await connection.scalar(select(func.count()).select_from(table)):
                return False
        usable = select(func.count()).select_from(tables.pending_logins)
        return not await connection.scalar(usable.where(tables.pending_logins.c.verifier != ""))


def claims(**changes: Any) -> Bend:
    """A token that lies in these claims."""

    def bend(forger: Forger) -> None:
        forger.claims = {
            name: value(forger) if callable(value) else value for name, value in changes.items()
        }

    return bend


def signed(sign: Callable[[Forger, dict[str, Any], dict[str, Any]], str]) -> Bend:
    """A token that is signed so."""

    def bend(forger: Forger) -> None:
        forger.sign = lambda header, said: sign(forger, header, said)

    return bend


def unsigned(alg: str) -> Bend:
    def sign(_forger: Forger, header: dict[str, Any], said: dict[str, Any]) -> str:
        return f"{text(json.dumps({**header, 'alg': alg}).encode())}.{text(json.dumps(said).encode())}."

    return signed(sign)


def with_the_public_key(form: str) -> Bend:
    """HS256 under what the provider publishes: whoever takes a public key for a secret believes it."""

    def sign(forger: Forger, header: dict[str, Any], said: dict[str, Any]) -> str:
        public = key(forger.kid)
        raw = public.as_pem(private=False) if form == "pem" else public.as_der(private=False)
        head = text(json.dumps({**header, "alg": "HS256"}).encode()) + "." + text(json.dumps(said).encode())
        return head + "." + text(hmac.new(raw, head.encode(), hashlib.sha256).digest())

    return signed(sign)


def by_another_key(forger: Forger, header: dict[str, Any], said: dict[str, Any]) -> str:
    return jwt.encode(header, said, key("k9"), algorithms=["RS256"])


def with_its_own_key(forger: Forger, header: dict[str, Any], said: dict[str, Any]) -> str:
    """The key comes along in the header (RFC 7515 section 4.1.3), and signs well."""
    carried = {**header, "jwk": key("k9").as_dict(private=False)}
    return jwt.encode(carried, said, key("k9"), algorithms=["RS256"])


def altered(forger: Forger, header: dict[str, Any], said: dict[str, Any]) -> str:
    head, _, end = forger._sign(header, said).split(".")
    body = jwt.encode({"alg": "RS256"}, {**said, "name": "Somebody Else"}, key("k9"), algorithms=["RS256"])
    return f"{head}.{body.split('.')[1]}.{end}"


def answers(path: str, status: int, body: bytes, **headers: str) -> Bend:
    def bend(forger: Forger) -> None:
        forger.answers[path] = (status, {"Content-Type": "application/json", **headers}, body)

    return bend


def field(name: str, value: Any) -> Bend:
    return lambda forger: setattr(forger, name, value)


LIES: dict[str, tuple[str, Bend]] = {
    "another issuer": ("id_token_issuer", claims(iss="https://evil.example")),
    "its issuer with a slash": ("id_token_issuer", claims(iss=lambda f: f.issuer + "/")),
    "for another service": ("id_token_audience", claims(aud="another")),
    "for others too, and not said by whom": ("id_token_audience", claims(aud=[CLIENT, "another"])),
    "for another, though asked for by us": ("id_token_audience", claims(aud="another", azp=CLIENT)),
    "asked for by another": ("id_token_audience", claims(aud=[CLIENT, "another"], azp="another")),
    "alg none": ("id_token_algorithm", unsigned("none")),
    "alg nOnE": ("id_token_algorithm", unsigned("nOnE")),
    "no signature under RS256": ("id_token_signature", unsigned("RS256")),
    "HS256 with the public key": ("id_token_algorithm", with_the_public_key("pem")),
    "HS256 with the public key in DER": ("id_token_algorithm", with_the_public_key("der")),
    "another key under its id": ("id_token_signature", signed(by_another_key)),
    "a key of its own in the header": ("id_token_signature", signed(with_its_own_key)),
    "altered after signing": ("id_token_signature", signed(altered)),
    "expired": ("id_token_expired", claims(exp=lambda f: f.now() - 61)),
    "of the future": ("id_token_early", claims(iat=lambda f: f.now() + 61)),
    "not valid yet": ("id_token_early", claims(nbf=lambda f: f.now() + 61)),
    "without an end": ("claims_missing", claims(exp=None)),
    "an end that is no number": ("id_token_expired", claims(exp="never")),
    "another login's nonce": ("id_token_nonce", claims(nonce="A" * 43)),
    "no nonce": ("id_token_nonce", claims(nonce=None)),
    "another access token's hash": ("id_token_signature", claims(at_hash="A" * 22)),
    "nobody": ("claims_missing", claims(sub=None)),
    "a subject that is no text": ("claims_missing", claims(sub=7)),
    "no name": ("claims_missing", claims(name=None)),
    "a name of nothing to see": ("claims_missing", claims(name="\u202e\u200b")),
    "no ID token": ("claims_missing", field("tokens", {"id_token": None})),
    "a token in a list": ("claims_missing", field("tokens", {"id_token": ["x"]})),
    "a token that is none": ("id_token_algorithm", field("tokens", {"id_token": "x.y"})),
    "keys that are right and huge": ("provider_failed", lambda f: f.padding.update({"/keys": SIZE_MAX})),
    "a huge answer": ("provider_failed", lambda f: f.padding.update({"/token": SIZE_MAX})),
    "keys that are secrets": ("id_token_signature", answers("/keys", 200, b'{"keys":[{"kty":"oct"}]}')),
    "deep JSON": ("provider_failed", answers("/token", 200, b"[" * 60_000)),
    "a failing token endpoint": ("provider_failed", answers("/token", 500, b"{}")),
    "a redirect": ("provider_failed", answers("/keys", 302, b"", Location="http://169.254.169.254/")),
    "another issuer in its answer": ("id_token_issuer", field("answer", {"iss": "https://evil.example"})),
    "no issuer in its answer": ("id_token_issuer", field("answer", {"iss": None})),
    "a refusal": ("login_denied", field("answer", {"code": None, "error": "access_denied"})),
    "no code": ("login_denied", field("answer", {"code": None})),
    "a code of its own": ("login_replayed", field("answer", {"code": "made-up"})),
    "too weak a login": ("assurance_low", field("answer", {"error": "unmet_authentication_requirements"})),
}


@pytest.mark.parametrize("lie", LIES)
async def test_each_lie_has_its_own_code_and_leaves_nothing(site: Site, forger: Forger, lie: str) -> None:
    code, bend = LIES[lie]
    bend(forger)
    browser = Browser(site)
    assert problem_of(await browser.log_in(forger)) == code
    assert SESSION not in browser.cookies
    assert await nothing_kept(site)


async def test_the_honest_token_beside_them_is_taken(site: Site, forger: Forger) -> None:
    """Else every test above would pass at a node that refuses everything; clocks may differ by a minute."""
    forger.claims = {"iat": forger.now() + 59, "exp": forger.now() - 59, "azp": CLIENT}
    assert await Browser(site).log_in(forger) == "/"
    assert not await nothing_kept(site)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
async def test_a_provider_that_never_answers_is_given_up(
    site: Site, forger: Forger, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("gateway.login.fetch.SECONDS", 0.2)
    forger.slow = {path}
    assert problem_of(await Browser(site).log_in(forger)) == "provider_failed"
    assert await nothing_kept(site)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "https://[::1]:1/keys@evil"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/"},
        {"jwks_uri": 7},
    ],
)
async def test_metadata_that_lead_elsewhere_are_refused(
    site: Site, forger: Forger, metadata: dict[str, object]
) -> None:
    forger.metadata = metadata
    assert problem_of(await Browser(site).log_in(forger)) == "provider_failed"


async def test_a_replayed_answer_is_refused(site: Site, forger: Forger) -> None:
    browser = Browser(site)
    answer = forger.authorize(await browser.start("exemple"))
    path = callback(forger.last_query, answer)
    assert (await browser.get(path)).headers["location"] == "/"
    assert problem_of((await browser.get(path)).headers["location"]) == "login_replayed"
    assert forger.asked.count("/token") == 1, "the provider is not even asked"


async def test_a_replayed_code_under_a_fresh_state_is_refused(site: Site, forger: Forger) -> None:
    victim, thief = Browser(site), Browser(site)
    stolen = forger.authorize(await victim.start("exemple"))
    await victim.get(callback(forger.last_query, stolen))
    fresh = forger.authorize(await thief.start("exemple"))
    for code in (stolen["code"], "", "x" * 5000):
        path = callback(forger.last_query, {**fresh, "code": code})
        assert problem_of((await thief.get(path)).headers["location"]) in ("login_replayed", "login_denied")
        fresh = forger.authorize(await thief.start("exemple"))
    assert SESSION not in thief.cookies


async def test_a_stolen_unused_code_is_worth_nothing_without_its_verifier(site: Site, forger: Forger) -> None:
    victim, thief = Browser(site), Browser(site)
    stolen = forger.authorize(await victim.start("exemple"))
    fresh = forger.authorize(await thief.start("exemple"))
    path = callback(forger.last_query, {**fresh, "code": stolen["code"]})
    assert problem_of((await thief.get(path)).headers["location"]) == "login_replayed"


async def test_a_login_is_finished_by_the_browser_that_began_it(site: Site, forger: Forger) -> None:
    """Login fixation: the attacker's answer in the victim's browser would log the victim in as the
    attacker."""
    attacker, victim = Browser(site), Browser(site)
    answer = forger.authorize(await attacker.start("exemple"))
    path = callback(forger.last_query, answer)
    await victim.start("exemple")
    for browser in (victim, Browser(site)):
        assert problem_of((await browser.get(path)).headers["location"]) == "login_mismatch"
        assert SESSION not in browser.cookies
    # And it used nothing up: the one who began may finish.
    assert (await attacker.get(path)).headers["location"] == "/"


async def test_a_planted_session_is_not_the_one_after_login(site: Site, forger: Forger) -> None:
    attacker, victim = Browser(site), Browser(site)
    await attacker.log_in(forger)
    victim.cookies[SESSION] = planted = attacker.cookies[SESSION]
    forger.claims = {"sub": "sub-2", "name": "The Victim"}
    await victim.log_in(forger)
    assert victim.cookies[SESSION] != planted
    assert (await victim.name(), await attacker.name()) == ("The Victim", None)


async def test_mixed_up_providers_are_refused(site: Site, forger: Forger, other: Forger) -> None:
    """RFC 9700 section 4.4: begun at one provider, answered by the other."""
    browser = Browser(site)
    begun = forger.authorize(await browser.start("exemple"))
    path = "/api/login/callback/beispiel?" + urlencode({**begun, "iss": other.issuer})
    assert problem_of((await browser.get(path)).headers["location"]) == "login_mismatch"
    begun = forger.authorize(await browser.start("exemple"))
    path = callback(forger.last_query, {**begun, "iss": other.issuer})
    assert problem_of((await browser.get(path)).headers["location"]) == "id_token_issuer"
    assert "/token" not in other.asked and "/token" not in forger.asked
    # One provider's honest token handed out by the other: wrong issuer and wrong key.
    forger.sign = lambda header, said: other._sign(header, {**said, "iss": other.issuer})
    assert problem_of(await Browser(site).log_in(forger)) in ("id_token_issuer", "id_token_signature")
    assert await nothing_kept(site)


async def test_state_that_is_none_of_ours_is_refused(site: Site) -> None:
    browser = Browser(site)
    await browser.start("exemple")
    for query in ("", "state=", "state=x", "state=" + "A" * 9000, "state=a&state=b", "code=1&error=x"):
        reply = await browser.get(f"/api/login/callback/exemple?{query}")
        assert problem_of(reply.headers["location"]) == "login_expired"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/m/x/../../evil",
        "/m/x?next=//evil",
        "/api/login/start?provider=exemple",
        "javascript:alert(1)",
        "/m/x\r\nSet-Cookie: a=b",
        "/%2f%2fevil.example",
        "m/x",
        "",
        "/m/" + "x" * 400,
    ],
)
async def test_a_login_leads_back_to_pages_of_ours_alone(site: Site, forger: Forger, target: str) -> None:
    location = await Browser(site).start("exemple", return_to=target)
    assert problem_of(location) == "invalid"
    assert "evil" not in location and "\r" not in location
    assert forger.asked == []


async def test_a_provider_at_a_private_address_is_never_asked(tmp_path: Path, forger: Forger) -> None:
    """Unless the operator lists its network: else a ministry's administrator could have us ask our own
    machines."""
    strict = Fetch()
    for url in (
        forger.issuer.replace("http", "https"),
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
    ):
        with pytest.raises(UserError, match="a private one"):
            await strict.get(url)
    for url in (forger.issuer, "https://user:secret@example.org/", "ftp://example.org/", "https:///x"):
        with pytest.raises(UserError, match="not https"):
            await strict.get(url)
    assert forger.asked == []


async def test_a_back_channel_logout_ends_exactly_whose_it_is(site: Site, forger: Forger) -> None:
    async def say(**change: Any) -> tuple[int, str]:
        body = urlencode({"logout_token": forger.logout_token(**change)})
        reply = await site.client.post(
            "/api/login/backchannel/exemple",
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        return reply.status_code, reply.json()["detail"] if reply.content else ""

    one, two, somebody = Browser(site), Browser(site), Browser(site)
    await one.log_in(forger)
    forger.claims = {"sid": "sid-2"}
    await two.log_in(forger)
    forger.claims = {"sub": "sub-2", "sid": "sid-3", "name": "Somebody"}
    await somebody.log_in(forger)
    everybody = (one, two, somebody)
    lies: dict[str, dict[str, Any]] = {
        "id_token_issuer": {"iss": "https://evil.example"},
        "id_token_audience": {"aud": "another"},
        "id_token_expired": {"iat": forger.now() - 301, "exp": None},
        "id_token_early": {"iat": forger.now() + 61},
        "id_token_nonce": {"nonce": "x"},
    }
    for code, change in lies.items():
        assert await say(**change) == (400, code)
    for change in ({"events": None}, {"events": {"x": {}}}, {"jti": None}, {"sid": None, "sub": None}):
        assert await say(**change) == (400, "claims_missing")
    assert [await browser.name() is not None for browser in everybody] == [True, True, True]
    assert await say(jti="once") == (200, "")
    assert [await browser.name() is not None for browser in everybody] == [False, True, True]
    assert await say(jti="once") == (400, "login_replayed")
    assert await say(sid=None) == (200, "")
    assert [await browser.name() is not None for browser in everybody] == [False, False, True]


async def test_a_back_channel_logout_takes_the_join_tokens_not_yet_used(site: Site, forger: Forger) -> None:
    slug = (await site.make_room())["slug"]
    browser = Browser(site)
    await browser.log_in(forger)
    cookie = f"{SESSION}={browser.cookies[SESSION]}"
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    joined = await site.client.post(f"/api/rooms/{slug}/join", json={}, headers=headers)
    body = urlencode({"logout_token": forger.logout_token()})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await site.client.post("/api/login/backchannel/exemple", content=body, headers=form)
    with pytest.raises(UserError, match="token_unknown"):
        hashed = token_hash(joined.json()["token"])
        assert hashed is not None
        await site.services.store.redeem_join_token(hashed, site.clock.now())


async def test_an_id_token_is_no_logout_token_and_the_other_way_round(site: Site, forger: Forger) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"logout_token": forger.id_token("n", "access-1")})
    reply = await site.client.post("/api/login/backchannel/exemple", content=body, headers=form)
    assert (reply.status_code, reply.json()["detail"]) == (400, "id_token_nonce")
    forger.tokens = {"id_token": forger.logout_token(name="Ada")}
    assert problem_of(await Browser(site).log_in(forger)) == "id_token_nonce"


async def test_the_browsers_binding_is_never_readable_by_a_page(site: Site) -> None:
    reply = await site.client.get("/api/login/start?provider=exemple")
    (header,) = [one for one in reply.headers.get_list("set-cookie") if one.startswith(BROWSER)]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    assert reply.headers["cache-control"] == "no-store"
