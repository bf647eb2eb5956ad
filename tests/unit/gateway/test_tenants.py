"""Tenants at the operator's word: what is refused in a sentence, and whose rules count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.audit import Auditor
from core.errors import OperatorError
from core.ports.administration import AuditFilter
from core.records import StandingTenant
from core.store import SqlStore
from core.tenants.serving import Serving
from core.tenants.standing import Standing
from core.values import TenantRules, UnixMillis
from gateway.tenant_commands import CreateTenant, ListTenants, SetTenant, ShowTenant, SuspendTenant
from gateway.tenant_desk import TenantDesk
from gateway.tenants import all_tenants
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.services import deployment
from tests.support.signer import LocalSigner
from tests.support.telemetry import RecordingTelemetry
from tests.unit.gateway.conftest import store  # noqa: F401 -- a fixture

FIRST = people.TENANTS[0]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IHDR" + (64).to_bytes(4, "big") * 2 + bytes(9)
Desk = Callable[..., TenantDesk]


@pytest.fixture
def desk(store: SqlStore, tmp_path: Path) -> Desk:  # noqa: F811
    def made(limited: bool = False) -> TenantDesk:
        clock = FakeClock()
        audit = Auditor(store, clock, RecordingTelemetry())
        signer = LocalSigner(tmp_path, people.DEPLOYMENT, people.TENANTS, clock)
        standing = Standing(deployment())
        return TenantDesk(store, signer, clock, standing, audit, people.TENANTS, limited=limited)

    return made


def create(tenant: str = "exemplo", **more: Any) -> CreateTenant:
    fields = {"name": "Ministério", "short": "Exemplo", "colour": "#0f5132"} | more
    return CreateTenant(type="tenant_create", tenant=tenant, **fields)


def change(tenant: str = "exemplo", **more: Any) -> SetTenant:
    return SetTenant(type="tenant_set", tenant=tenant, **more)


async def refusal(desk: TenantDesk, command: Any) -> str:
    with pytest.raises(OperatorError) as refused:
        await desk.carry_out(command)
    return str(refused.value)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (create("exemple"), "There is a ministry exemple already."),
        (create(name=None), "A new ministry needs a name, a short name and a colour."),
        (create(colour="#ffd700"), "White text on #ffd700 has a contrast of"),
        (create(logo=b"GIF89a"), "The logo is no PNG."),
        (create(languages=["fr", "fr"]), "Name each language once"),
        (create(suites=[1, 1]), "Suites are 79 (hybrid) and 1 (classical), each once."),
        (create(suites=[2]), "Suites are 79 (hybrid) and 1 (classical), each once."),
        (create(name="a\u202eb"), "The name must have 1 to 200 printable characters."),
        (change("exemple", colour="#000000"), "Name, short name and colour of exemple stand in the settings"),
        (change("exemple"), "Say what to change."),
        (change("nobody", retention_days=3), "This node knows no ministry nobody."),
        (ShowTenant(type="tenant_show", tenant="nobody"), "This node knows no ministry nobody."),
    ],
)
async def test_what_is_wrong_is_a_sentence_and_changes_nothing(
    desk: Desk, store: SqlStore, command: Any, said: str  # noqa: F811
) -> None:
    before = await store.tenants()
    assert (await refusal(desk(), command)).startswith(said)
    assert await store.tenants() == before


async def test_a_node_of_some_ministries_makes_no_other(desk: Desk) -> None:
    assert "This node serves some ministries alone" in await refusal(desk(limited=True), create())


async def test_a_tenant_is_made_whole_changed_and_shown(desk: Desk, store: SqlStore) -> None:  # noqa: F811
    open_desk = desk()
    await open_desk.carry_out(create(logo=PNG, names={"de": "Beispiel"}, rooms=7, guests=False))
    kept = await store.tenant("exemplo")
    assert kept is not None and kept.created > 0 and kept.logo == PNG
    assert (kept.quota.rooms, kept.policy.guests, kept.names) == (7, False, (("de", "Beispiel"),))
    await open_desk.carry_out(change(names={"de": "", "fr": "Exemple"}, logo=b"", guests=True))
    await open_desk.carry_out(SuspendTenant(type="tenant_suspend", tenant="exemplo", suspended=True))
    fresh = replace(
        kept, names=(("fr", "Exemple"),), logo=None, suspended=True, policy=TenantRules(guests=True)
    )
    assert await store.tenant("exemplo") == fresh
    shown: Any = await open_desk.carry_out(ShowTenant(type="tenant_show", tenant="exemplo"))
    assert shown["used"] == {"rooms": 0, "accounts": 0, "meetings": 0} and shown["suspended"] is True
    page: Any = await open_desk.carry_out(ListTenants(type="tenant_list", after="beispiel", limit=1))
    assert [one["id"] for one in page] == ["exemple"]
    told = await store.of("exemplo").audit_events(AuditFilter(), after=0, limit=10)
    assert {(one.action, one.actor) for one in told} == {
        ("tenant.created", "operator"), ("tenant.changed", "operator"), ("tenant.suspended", "operator"),
    }  # fmt: skip


def test_settings_rule_theirs_until_they_are_given_rules() -> None:
    strict = TenantRules(guests=False)
    configured = [replace(FIRST, name="Of the settings", policy=strict)]
    stored = replace(FIRST, retention_days=30, suspended=True)
    (found,) = all_tenants(configured, [StandingTenant(stored, ruled=False)])
    assert found == replace(stored, name="Of the settings", policy=strict)
    (found,) = all_tenants(configured, [StandingTenant(stored, ruled=True)])
    assert found.policy == TenantRules()


def test_a_row_of_earlier_settings_is_no_ministry() -> None:
    earlier = replace(FIRST, id="earlier")
    made = replace(FIRST, id="made", created=UnixMillis(1))
    stored = [StandingTenant(one, ruled=False) for one in (earlier, made)]
    assert [one.id for one in all_tenants([FIRST], stored)] == [FIRST.id, "made"]


async def test_who_is_served_follows_the_deployment() -> None:
    now = deployment()

    async def declare() -> Any:
        return replace(now, tenants=(replace(FIRST, suspended=True), *now.tenants[1:]))

    standing = Standing(now, declare)
    serving = Serving(standing)
    assert set(serving) == {one.id for one in now.tenants}
    await standing.refresh()
    assert FIRST.id not in serving and len(serving) == len(now.tenants) - 1
