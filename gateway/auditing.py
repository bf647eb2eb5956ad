"""Audit events on their way out of the database: to the file that follows them, and to who exports them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from core.actions import Action
from core.audit import OPERATOR, Auditor
from core.errors import EntenteError, OperatorError, StartError
from core.ports import AuditFilter, AuditStore, Clock
from core.records import AuditEvent
from core.store import open_store
from core.values import UnixMillis
from gateway.services import Services
from gateway.settings import AuditSettings, Settings
from observability.audit import FORMATS, AuditSink
from observability.node import NodeTelemetry

log = logging.getLogger("entente.audit")

PAGE = 500
"""Events of one reading, about 200 kB."""

PAUSE = 2.0
"""Seconds between two looks, and the age of an event that is taken along: of two transactions at one time the
one with the lower id may end last, and would be left out of a file that had gone past it already."""


async def pages(store: AuditStore, wanted: AuditFilter, after: int = 0) -> AsyncIterator[list[AuditEvent]]:
    """Every event, oldest first."""
    while found := await store.audit_events(wanted, after=after, limit=PAGE):
        yield found
        after = found[-1].id


async def follow(settings: AuditSettings, services: Services, stack: AsyncExitStack) -> None:
    """Keep the auditor's time, and the file where one is set. StartError when it cannot be written."""
    tasks = [asyncio.create_task(services.audit.run(), name="audit events")]
    if settings.file is not None:
        try:
            sink = AuditSink(settings.file, settings.format)
        except OSError as error:
            where = f"audit.file {settings.file}"
            raise StartError(f"{where} cannot be written: {error.strerror}.") from error
        stack.callback(sink.close)
        tasks.append(asyncio.create_task(_copy(services.store, services.clock, sink), name="audit file"))

    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(end)


async def _copy(store: AuditStore, clock: Clock, sink: AuditSink) -> None:
    """Until cancelled. What fails is tried again: the position stands until the events are on the disk."""
    while True:
        try:
            await copy_once(store, clock, sink)
        except (EntenteError, OSError) as error:
            log.error("audit events wait to be copied: %s", type(error).__name__)
        await clock.sleep(PAUSE)


async def copy_once(store: AuditStore, clock: Clock, sink: AuditSink) -> None:
    """Every event that is old enough and not yet in the file."""
    until = UnixMillis(clock.now() - round(PAUSE * 1000))
    async for found in pages(store, AuditFilter(until=until), sink.position):
        await asyncio.to_thread(sink.write, found)


def moment(text: str) -> UnixMillis:
    """A day or a moment of ISO 8601, in UTC where it names no zone. OperatorError."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise OperatorError(f"{text} is no day such as 2026-01-31 and no moment.") from error
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return UnixMillis(round(parsed.timestamp() * 1000))


async def export(
    settings: Settings,
    clock: Clock,
    tenant: str,
    since: str | None,
    form: str,
    write: Callable[[bytes], object],
) -> int:
    """One tenant's events to `write`; how many. The export is an event itself. OperatorError."""
    wanted = AuditFilter(since=moment(since) if since else None)
    store = await open_store(settings.within(settings.store.url))
    try:
        if tenant not in {one.id for one in await store.tenants()}:
            raise OperatorError(f"There is no ministry {tenant} in this database.")
        auditor = Auditor(store, clock, NodeTelemetry())
        count = 0
        async with auditor.act(tenant, OPERATOR, Action.AUDIT_EXPORTED, tenant, format=form):
            async for found in pages(store.of(tenant), wanted):
                for event in found:
                    write(FORMATS[form](event))
                count += len(found)
        return count
    finally:
        await store.close()
