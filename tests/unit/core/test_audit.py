"""Audit events: nothing is done untold, nothing is lost in silence, nothing is told that must not be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.actions import ACTIONS, Action
from core.audit import OPERATOR, SYSTEM, WAITING_MAX, Actor, Auditor
from core.errors import LibraryError, StoreUnavailable, UserError
from core.ports import AuditFilter
from core.records import AuditEvent
from core.store import SqlStore, open_store
from tests.support.clock import FakeClock
from tests.support.people import TENANTS
from tests.support.telemetry import RecordingTelemetry, series

ADMIN = Actor("account", "u-1", "192.0.2.7")
EVERY = AuditFilter()


class Stubborn:
    """A store that fails while `down` says so."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.down = False

    def of(self, tenant: str) -> Stubborn:
        return Stubborn.view(self, tenant)

    @staticmethod
    def view(whole: Stubborn, tenant: str) -> Stubborn:
        narrowed = Stubborn(whole._store.of(tenant))
        narrowed.down = whole.down
        return narrowed

    async def append_audit(self, event: AuditEvent) -> int:
        if self.down:
            raise StoreUnavailable("down")
        return await self._store.append_audit(event)

    async def audit_events(
        self, wanted: AuditFilter, *, after: int, limit: int, newest: bool = False
    ) -> list[AuditEvent]:
        return await self._store.audit_events(wanted, after=after, limit=limit, newest=newest)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in TENANTS:
        await opened.put_tenant(tenant)
    yield opened
    await opened.close()


async def kept(store: SqlStore, tenant: str = "exemple") -> list[AuditEvent]:
    return await store.of(tenant).audit_events(EVERY, after=0, limit=100)


def auditor(store: SqlStore | Stubborn) -> Auditor:
    return Auditor(store, FakeClock(), RecordingTelemetry())


def test_every_action_has_its_meaning() -> None:
    assert set(ACTIONS) == set(Action)


async def test_an_event_is_its_tenants_alone(store: SqlStore) -> None:
    made = auditor(store)
    await made.note("exemple", ADMIN, Action.ROOM_CREATED, "r-1", access="public")
    await made.note("beispiel", SYSTEM, Action.ENDED, "m-1")
    (event,) = await kept(store)
    assert (event.actor, event.address, event.action) == ("u-1", "192.0.2.7", "room.created")
    assert (event.object_kind, event.object, event.outcome) == ("room", "r-1", "success")
    assert event.detail == (("access", "public"),)
    assert [one.tenant for one in await kept(store, "beispiel")] == ["beispiel"]


async def test_an_administrative_action_that_cannot_be_told_is_not_done(store: SqlStore) -> None:
    stubborn = Stubborn(store)
    stubborn.down = True
    done = False
    with pytest.raises(UserError) as refused:
        async with auditor(stubborn).act("exemple", ADMIN, Action.POLICY_CHANGED, "exemple"):
            done = True
    assert refused.value.code == "unavailable" and not done


async def test_an_administrative_action_is_told_before_it_is_done_and_its_failure_after(
    store: SqlStore,
) -> None:
    with pytest.raises(StoreUnavailable):
        async with auditor(store).act("exemple", OPERATOR, Action.TENANT_CHANGED, "exemple", fields="name"):
            assert [event.outcome for event in await kept(store)] == ["success"]
            raise StoreUnavailable("down")
    first, second = await kept(store)
    assert (second.outcome, dict(second.detail)) == ("failed", {"fields": "name", "of": str(first.id)})


async def test_what_cannot_be_written_waits_and_follows_in_order(store: SqlStore) -> None:
    stubborn = Stubborn(store)
    telemetry = RecordingTelemetry()
    made = Auditor(stubborn, FakeClock(), telemetry)
    stubborn.down = True
    await made.note("exemple", ADMIN, Action.LOGIN, "u-1", "refused", code="assurance_low")
    await made.note("exemple", ADMIN, Action.LOGOUT, "u-1")
    assert telemetry.gauges[series("entente_audit_waiting")] == 2
    stubborn.down = False
    await made.note("exemple", ADMIN, Action.JOINED, "r-1")
    assert [event.action for event in await kept(store)] == ["login", "logout", "meeting.joined"]
    assert telemetry.gauges[series("entente_audit_waiting")] == 0


async def test_too_many_that_wait_refuse_the_next_and_are_named_when_lost(store: SqlStore) -> None:
    stubborn = Stubborn(store)
    stubborn.down = True
    telemetry = RecordingTelemetry()
    made = Auditor(stubborn, FakeClock(), telemetry)
    for _ in range(WAITING_MAX):
        await made.note("exemple", ADMIN, Action.JOINED, "r-1")
    with pytest.raises(UserError) as refused:
        await made.note("exemple", ADMIN, Action.JOINED, "r-1")
    assert refused.value.code == "unavailable"
    await made.close()
    assert telemetry.counts[series("entente_audit_lost_total")] == WAITING_MAX


@pytest.mark.parametrize("text", ["ann@example.org", "Zoë", "two\nlines", "x" * 201])
async def test_no_name_and_no_address_of_mail_can_be_told(store: SqlStore, text: str) -> None:
    made = auditor(store)
    for call in (
        lambda: made.note("exemple", ADMIN, Action.ROOM_CREATED, text),
        lambda: made.note("exemple", ADMIN, Action.ROOM_CREATED, "r-1", who=text),
        lambda: made.note("exemple", Actor("account", text), Action.ROOM_CREATED, "r-1"),
    ):
        with pytest.raises(LibraryError):
            await call()
    assert await kept(store) == []


async def test_events_are_found_by_family_actor_outcome_and_time_newest_first(store: SqlStore) -> None:
    clock = FakeClock()
    made = Auditor(store, clock, RecordingTelemetry())
    await made.note("exemple", ADMIN, Action.ROOM_CREATED, "r-1")
    await clock.advance(10)
    middle = clock.now()
    await made.note("exemple", SYSTEM, Action.ROOM_CLOSED, "r-1")
    await made.note("exemple", SYSTEM, Action.LOGIN, "u-2", "refused")
    own = store.of("exemple")

    async def found(wanted: AuditFilter) -> list[str]:
        return [event.action for event in await own.audit_events(wanted, after=0, limit=9, newest=True)]

    assert await found(AuditFilter(action="room")) == ["room.closed", "room.created"]
    assert await found(AuditFilter(action="room.closed")) == ["room.closed"]
    assert await found(AuditFilter(actor="u-1")) == ["room.created"]
    assert await found(AuditFilter(outcome="refused")) == ["login"]
    assert await found(AuditFilter(since=middle)) == ["login", "room.closed"]
    assert await found(AuditFilter(until=middle)) == ["room.created"]
    page = await own.audit_events(EVERY, after=0, limit=2, newest=True)
    rest = await own.audit_events(EVERY, after=page[-1].id, limit=2, newest=True)
    assert [event.action for event in page + rest] == ["login", "room.closed", "room.created"]
