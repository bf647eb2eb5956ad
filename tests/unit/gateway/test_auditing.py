"""Audit events leave the database: by the file that follows them, and by `entente audit export`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from core.actions import Action
from core.audit import SYSTEM
from core.errors import OperatorError
from core.ports import AuditFilter
from core.store import SqlStore
from gateway.auditing import PAUSE, copy_once, export, moment
from gateway.settings import Settings
from observability.audit import AuditSink
from tests.unit.gateway.conftest import Site


async def test_the_file_follows_and_leaves_out_none(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = AuditSink(path, "json")
    audit, store = site.services.audit, site.services.store
    for number in range(1200):
        await audit.note("exemple" if number % 2 else "beispiel", SYSTEM, Action.ROOM_CREATED, f"r-{number}")
    await copy_once(store, site.clock, sink)
    assert path.read_text() == "", "an event younger than a transaction may last is not taken yet"
    await site.clock.advance(PAUSE + 0.001)
    await copy_once(store, site.clock, sink)
    await copy_once(store, site.clock, sink)
    sink.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["object"]["id"] for line in lines] == [f"r-{number}" for number in range(1200)]


async def test_an_export_is_one_tenants_and_an_event_itself(
    site: Site, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    audit = site.services.audit
    await audit.note("exemple", SYSTEM, Action.ROOM_CREATED, "r-1")
    await audit.note("beispiel", SYSTEM, Action.ROOM_CREATED, "r-2")
    settings = Settings(folder=tmp_path, store={"url": "sqlite+aiosqlite:///{folder}/test.sqlite"})
    written: list[bytes] = []
    assert await export(settings, site.clock, "exemple", None, "json", written.append) == 2
    said = [json.loads(line) for line in written]
    assert [line["action"] for line in said] == ["room.created", "audit.exported"]
    assert {line["tenant"] for line in said} == {"exemple"} and said[1]["actor"]["kind"] == "operator"
    later = [json.loads(line) for line in written if b"audit.exported" in line]
    assert later[0]["detail"] == {"format": "json"}
    for tenant, since in (("nobody", None), ("exemple", "yesterday")):
        with pytest.raises(OperatorError):
            await export(settings, site.clock, tenant, since, "json", written.append)


def test_a_day_is_utc_and_a_zone_is_heard() -> None:
    assert moment("1970-01-02") == 86_400_000
    assert moment("1970-01-01T01:00:00+01:00") == 0


async def test_what_waits_is_written_while_nothing_else_happens(site: Site, store: SqlStore) -> None:
    """`run` alone brings an event out that the database did not take at first."""
    audit = site.services.audit
    task = asyncio.create_task(audit.run())
    audit._wait(audit._event("exemple", SYSTEM, Action.ENDED, "m-1", "success", {}))
    for _ in range(200):
        await site.clock.advance(5)
        if found := await store.of("exemple").audit_events(AuditFilter(), after=0, limit=1):
            break
    task.cancel()
    assert found[0].action == "meeting.ended"
