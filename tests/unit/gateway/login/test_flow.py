"""A login by a provider from the first page to the session, and everything the provider can be configured
to."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.records import ClaimMapping, Provider
from core.store import SqlStore
from core.values import Assurance, TenantRules
from gateway.http.cookies import HINT, SESSION
from tests.support import people
from tests.support.clock import START, FakeClock
from tests.support.forger import CLIENT, Forger, callback, key, running
from tests.unit.gateway.conftest import Site, make_site
from tests.unit.gateway.login.support import Browser, problem_of, provider, tenants, with_cookie


@pytest.fixture
async def forger() -> AsyncIterator[Forger]:
    async with running(Forger(FakeClock())) as one:
        yield one


def site_with(store: SqlStore, folder: Path, forger: Forger, **changes: object) -> Site:
    """A site whose one provider is the forger."""
    one = provider("exemple", forger.issuer, **changes)
    other = provider("beispiel", forger.issuer)
    site = make_site(store, folder, deployment=tenants(one, other))
    forger.clock = site.clock
    return site


@pytest.fixture
async def site(store: SqlStore, tmp_path: Path, forger: Forger) -> AsyncIterator[Site]:
    made = site_with(store, tmp_path, forger)
    yield made
    await made.client.aclose()


async def test_a_login_ends_in_a_session_where_one_wanted_to_be(site: Site, forger: Forger) -> None:
    browser = Browser(site)
    assert await browser.log_in(forger, return_to="/m/abc-def") == "/m/abc-def"
    asked = forger.last_query
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "http://localhost:8400/api/login/callback/exemple"
    assert "openid" in asked["scope"].split() and "prompt" not in asked
    me = (await browser.get("/api/me")).json()["person"]
    assert (me["name"], me["assurance"], me["rights"]) == ("Ada Lemoine", "substantial", [])
    assert me["subject"].startswith("u-") and me["tenant"] == "exemple"
    account = await site.services.store.of("exemple").account(me["subject"])
    assert account is not None and account.email == "ada@exemple.example"


async def test_a_later_login_is_the_same_account_with_what_is_new(site: Site, forger: Forger) -> None:
    first, second = Browser(site), Browser(site)
    await first.log_in(forger)
    before = (await first.get("/api/me")).json()["person"]
    forger.claims = {"name": "Ada Lemoine-Roy", "acr": "eidas3"}
    await second.log_in(forger)
    after = (await second.get("/api/me")).json()["person"]
    assert after == before | {"name": "Ada Lemoine-Roy", "assurance": "high"}


async def test_rights_come_from_no_token(site: Site, forger: Forger) -> None:
    forger.claims = {"rights": ["admin"], "roles": ["admin"], "groups": ["admin"], "admin": True}
    browser = Browser(site)
    await browser.log_in(forger)
    assert (await browser.get("/api/me")).json()["person"]["rights"] == []


async def test_two_ministries_with_one_provider_have_two_accounts(site: Site, forger: Forger) -> None:
    one, other = Browser(site), Browser(site)
    await one.log_in(forger)
    await other.log_in(forger, "beispiel")
    people = [(await browser.get("/api/me")).json()["person"] for browser in (one, other)]
    assert [person["tenant"] for person in people] == ["exemple", "beispiel"]
    assert people[0]["subject"] != people[1]["subject"]


@pytest.mark.parametrize(
    ("claims", "kept"),
    [
        ({}, "ada@exemple.example"),
        ({"email": "ADA@Exemple.Example"}, "ada@exemple.example"),
        ({"email_verified": False}, ""),
        ({"email_verified": "true"}, ""),
        ({"email_verified": None}, ""),
        # Another ministry's domain, and one that this provider does not have.
        ({"email": "jonas@beispiel.example"}, ""),
        ({"email": "ada@elsewhere.example"}, ""),
        ({"email": "ada"}, ""),
    ],
)
async def test_an_address_counts_only_when_verified_and_the_providers_own(
    site: Site, forger: Forger, claims: dict[str, object], kept: str
) -> None:
    forger.claims = claims
    assert await Browser(site).log_in(forger) == "/"
    account = await site.services.store.of("exemple").account_of(forger.issuer, "sub-1")
    assert account is not None and account.email == kept


async def test_the_mapping_is_proconnects_by_configuration_alone(
    store: SqlStore, tmp_path: Path, forger: Forger
) -> None:
    mapping = {
        "name": ["given_name", "usual_name"],
        "verified": "",
        "assurance": {"eidas1": "low", "eidas2": "substantial", "eidas3": "high"},
    }
    site = site_with(store, tmp_path, forger, user_info=True, claims=mapping)
    forger.claims = {"name": None, "email": None, "email_verified": None, "acr": "eidas1"}
    said = {
        "sub": "sub-1",
        "given_name": "Angela",
        "usual_name": "Claire Louise Dubois",
        "email": "angela@exemple.example",
        "siret": "13002526500013",
        "iss": forger.issuer,
        "aud": CLIENT,
    }
    forger.info = jwt.encode({"alg": "RS256", "kid": "k1"}, said, key("k1"), algorithms=["RS256"])
    browser = Browser(site)
    assert await browser.log_in(forger) == "/"
    me = (await browser.get("/api/me")).json()["person"]
    assert (me["name"], me["assurance"]) == ("Angela Claire Louise Dubois", "low")
    # Signed by nobody we know: refused, and nothing is taken from it.
    forger.info = jwt.encode({"alg": "RS256", "kid": "k1"}, said, key("k2"), algorithms=["RS256"])
    assert problem_of(await Browser(site).log_in(forger)) == "id_token_signature"


async def test_user_info_of_another_person_is_refused(
    store: SqlStore, tmp_path: Path, forger: Forger
) -> None:
    site = site_with(store, tmp_path, forger, user_info=True)
    forger.info = {"sub": "sub-2", "name": "Somebody Else"}
    assert problem_of(await Browser(site).log_in(forger)) == "login_mismatch"


async def test_a_login_below_the_ministrys_level_is_sent_to_a_higher_one(
    site: Site, forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(people.TENANTS[0], policy=TenantRules(assurance=Assurance.SUBSTANTIAL))
    monkeypatch.setattr("core.store.rows.tenant", lambda _row: strict)
    forger.claims = {"acr": "eidas1"}
    browser = Browser(site)
    refused = await browser.log_in(forger, return_to="/me")
    assert problem_of(refused) == "assurance_low"
    again = {name: values[0] for name, values in parse_qs(urlsplit(refused).query).items()}
    assert (again["provider"], again["return_to"]) == ("exemple", "/me")
    assert forger.last_query["acr_values"] == "eidas2 eidas3" and "prompt" not in forger.last_query
    assert await browser.name() is None
    forger.claims = {"acr": "eidas3"}
    assert await browser.log_in(forger, level="high", return_to="/me") == "/me"
    assert (forger.last_query["acr_values"], forger.last_query["prompt"]) == ("eidas3", "login")
    assert '"essential":true' in forger.last_query["claims"]


async def test_keys_rotate_in_the_middle(site: Site, forger: Forger) -> None:
    assert await Browser(site).log_in(forger) == "/"
    forger.kid, forger.published = "k2", ["k2"]
    assert await Browser(site).log_in(forger) == "/"
    assert forger.asked.count("/keys") == 2
    forger.kid = "k1"
    assert problem_of(await Browser(site).log_in(forger)) == "id_token_signature"


async def test_made_up_key_ids_do_not_have_us_hammer_the_provider(site: Site, forger: Forger) -> None:
    for number in range(12):
        forger.header = {"kid": f"made-up-{number}"}
        assert problem_of(await Browser(site).log_in(forger)) == "id_token_signature"
    assert forger.asked.count("/keys") == 6
    assert forger.asked.count("/.well-known/openid-configuration") == 1


async def test_the_secret_is_a_file_of_ours_alone(store: SqlStore, tmp_path: Path, forger: Forger) -> None:
    site = site_with(store, tmp_path, forger, secret="proconnect")
    file = tmp_path / "login/exemple/proconnect"
    assert problem_of(await Browser(site).log_in(forger)) == "provider_failed"
    file.parent.mkdir(parents=True)
    file.write_text("s3cret\n")
    file.chmod(0o640)
    assert problem_of(await Browser(site).log_in(forger)) == "provider_failed"
    file.chmod(stat.S_IRUSR)
    assert await Browser(site).log_in(forger) == "/"
    forger.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await site.clock.advance(3600)
    assert await Browser(site).log_in(forger) == "/"
    assert forger.last_form["client_secret"] == "s3cret"


async def test_a_private_key_signs_instead_of_a_secret(
    store: SqlStore, tmp_path: Path, forger: Forger
) -> None:
    site = site_with(store, tmp_path, forger, secret="key.pem")
    ours = RSAKey.generate_key(2048, private=True)
    file = tmp_path / "login/exemple/key.pem"
    file.parent.mkdir(parents=True)
    file.write_bytes(ours.as_pem(private=True))
    file.chmod(0o600)
    assert await Browser(site).log_in(forger) == "/"
    assertion = jwt.decode(forger.last_form["client_assertion"], ours, algorithms=["RS256"]).claims
    assert (assertion["iss"], assertion["sub"]) == (CLIENT, CLIENT)
    assert assertion["aud"] == f"{forger.issuer}/token"


async def test_a_login_expires_and_its_state_is_forgotten(site: Site, forger: Forger) -> None:
    browser = Browser(site)
    answer = forger.authorize(await browser.start("exemple"))
    await site.clock.advance(600)
    late = await browser.get(callback(forger.last_query, answer))
    assert problem_of(late.headers["location"]) == "login_expired"


async def test_no_token_and_no_verifier_outlive_a_login(site: Site, forger: Forger, tmp_path: Path) -> None:
    browser = Browser(site)
    await browser.log_in(forger)
    session = browser.cookies[SESSION]
    await site.services.store.close()
    files = [tmp_path / f"test.sqlite{end}" for end in ("", "-wal")]
    kept = b"".join(file.read_bytes() for file in files if file.exists())
    for secret in (session[25:], browser.cookies[HINT], forger.last_form["code_verifier"], "access-1"):
        assert secret.encode() not in kept


async def test_logout_ends_at_both_ends(site: Site, forger: Forger) -> None:
    browser = Browser(site)
    await browser.log_in(forger)
    headers = with_cookie(browser.cookies[SESSION])
    headers["Cookie"] += f"; {HINT}={browser.cookies[HINT]}"
    reply = await site.client.post("/api/login/logout", headers=headers)
    target = urlsplit(reply.json()["redirect"])
    asked = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert (target.path, asked["client_id"]) == ("/end", CLIENT)
    assert asked["post_logout_redirect_uri"] == "http://localhost:8400/"
    assert asked["id_token_hint"] == browser.cookies[HINT]
    assert await browser.name() is None


async def test_an_address_leads_to_its_ministry_and_says_nothing_of_people(site: Site) -> None:
    async def ask(email: str) -> object:
        return (await site.client.post("/api/login/discover", json={"email": email})).json()["provider"]

    known = {"id": "exemple", "name": "Login exemple", "tenant": "exemple"}
    assert await ask("ada@exemple.example") == await ask("nobody-at-all@EXEMPLE.example ") == known
    assert (await ask("j@beispiel.example"))["tenant"] == "beispiel"  # type: ignore[index]
    for email in ("ada@elsewhere.example", "ada", "", "@exemple.example", "a@b@exemple.example", "x" * 250):
        assert await ask(email) is None


async def test_a_provider_made_by_an_administrator_is_one_too(site: Site, forger: Forger) -> None:
    own = site.services.store.of("beispiel")
    made = Provider(
        id="made",
        tenant="beispiel",
        name="Made",
        issuer=forger.issuer,
        client_id=CLIENT,
        secret=None,
        scopes=("openid",),
        acr_values=(),
        claims=ClaimMapping(assurance=(("eidas2", Assurance.SUBSTANTIAL),)),
        domains=("*.made.example",),
        user_info=False,
        enabled=True,
        created=START,
    )
    await own.put_provider(made)
    assert await own.provider("made") == made
    listed = (await site.client.get("/api/login/providers")).json()["providers"]
    assert [one["id"] for one in listed] == ["beispiel", "made", "exemple"]
    found = await site.client.post("/api/login/discover", json={"email": "x@dep.made.example"})
    assert found.json()["provider"]["id"] == "made"
    assert await Browser(site).log_in(forger, "made") == "/"
    assert await site.services.store.of("exemple").provider("made") is None
    await own.put_provider(replace(made, enabled=False, domains=()))
    assert problem_of(await Browser(site).log_in(forger, "made")) == "provider_unknown"
    assert await own.remove_provider("made") and not await own.remove_provider("made")


async def test_quota_block_and_names(site: Site, forger: Forger) -> None:
    forger.claims = {"name": "A" * 90}
    browser = Browser(site)
    await browser.log_in(forger)
    assert await browser.name() == "A" * 64
    own = site.services.store.of("exemple")
    account = await own.account_of(forger.issuer, "sub-1")
    assert account is not None and await own.change_account(account.subject, blocked=True)
    assert problem_of(await Browser(site).log_in(forger)) == "account_blocked"
