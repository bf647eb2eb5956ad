"""The operator gives a ministry its first administrator and its first token."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import OperatorError
from core.ports import AuditFilter
from core.records import Right
from core.store import SqlStore
from gateway.granting import grant, make_token
from gateway.settings import Settings
from tests.support.house import House
from tests.unit.gateway.conftest import Site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(folder=tmp_path, store={"url": "sqlite+aiosqlite:///{folder}/test.sqlite"})


async def test_the_first_administrator_is_given_by_address_and_taken_by_subject(
    site: Site, store: SqlStore, ours: House, settings: Settings
) -> None:
    subject = ours.things["subject"]
    said = await grant(
        settings, site.clock, "exemple", "admin", subject=None, email=f"{subject}@EXEMPLE.example", take=False
    )
    assert said == f"{subject} is now admin of exemple."
    account = await store.of("exemple").account(subject)
    assert account is not None and account.rights == {Right.ADMIN}
    await grant(settings, site.clock, "exemple", "admin", subject=subject, email=None, take=True)
    account = await store.of("exemple").account(subject)
    assert account is not None and account.rights == frozenset()
    events = await store.of("exemple").audit_events(AuditFilter(), after=0, limit=9)
    assert [(one.actor_kind, one.action) for one in events] == [
        ("operator", "account.rights_given"),
        ("operator", "account.rights_taken"),
    ]


async def test_nobody_of_another_ministry_is_found(
    site: Site, ours: House, theirs: House, settings: Settings
) -> None:
    other = theirs.things["subject"]
    for subject, email in ((other, None), (None, f"{other}@beispiel.example"), (None, "%")):
        with pytest.raises(OperatorError):
            await grant(settings, site.clock, "exemple", "admin", subject=subject, email=email, take=False)
    with pytest.raises(OperatorError):
        await grant(settings, site.clock, "nobody", "admin", subject=other, email=None, take=False)


async def test_a_token_of_the_operator_opens_what_it_was_made_for(
    site: Site, ours: House, settings: Settings
) -> None:
    text = await make_token(
        settings, site.clock, site.services.rng, "exemple", "Directory", ["people:read"], 1
    )
    headers = {"Authorization": f"Bearer {text}"}
    assert (await site.client.get("/api/admin/people", headers=headers)).status_code == 200
    assert (await site.client.get("/api/admin/rooms", headers=headers)).json()["code"] == "scope_missing"
    with pytest.raises(OperatorError, match="is no scope"):
        await make_token(settings, site.clock, site.services.rng, "exemple", "x", ["all"], 1)
