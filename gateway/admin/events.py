"""Audit events over the interface. Who reads them is an event itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import StreamingResponse

from core.actions import Action
from core.audit import Auditor
from core.ports import AuditFilter
from core.records import AuditEvent
from core.values import UnixMillis
from gateway.admin.operation import Call, Limit, Millis, Operation, Query, Reply
from gateway.admin.scopes import Scope
from gateway.auditing import pages
from observability.audit import FORMATS
from observability.audit.formats import plain

TYPES = {"json": "application/jsonl", "ocsf": "application/jsonl", "rfc5424": "application/octet-stream"}


class Wanted(Query):
    """Which events."""

    action: Annotated[
        str, Field(pattern=r"^[a-z_.]{0,64}$", description="An action, or what stands before its dot.")
    ] = ""
    actor: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    outcome: Literal["", "success", "refused", "failed"] = ""
    since: Millis | None = None
    until: Millis | None = None

    def filter(self) -> AuditFilter:
        """For the store."""
        return AuditFilter(
            since=None if self.since is None else UnixMillis(self.since),
            until=None if self.until is None else UnixMillis(self.until),
            action=self.action,
            actor=self.actor,
            outcome=self.outcome,
        )


class Listing(Wanted):
    """A page of them, newest first."""

    before: Annotated[int, Field(ge=0, lt=1 << 53, description="`next` of the page before.")] = 0
    limit: Limit = 50


class Export(Wanted):
    """All of them, oldest first."""

    format: Literal["json", "ocsf", "rfc5424"] = "json"


class Party(Reply):
    """Who acted, or what was acted upon."""

    kind: str
    id: str


class Event(Reply):
    """One event; `docs/audit.md` says what each action means."""

    id: int
    tenant: str
    time: int
    actor: Party
    action: str
    object: Party
    outcome: Literal["success", "refused", "failed"]
    address: str
    detail: dict[str, str]


class Events(Reply):
    """A page; `next` is None at the end."""

    events: list[Event]
    next: int | None


class EventOperations:
    """`operations` for the registration."""

    def __init__(self, audit: Auditor) -> None:
        self._audit = audit

    def operations(self) -> list[Operation]:
        """List and export."""
        return [
            Operation(
                "GET", "/api/admin/audit", "listEvents", "Audit events, newest first", self._list,
                Scope.AUDIT_READ, query=Listing, reply=Events, tag="audit",
            ),
            Operation(
                "GET", "/api/admin/audit/export", "exportEvents", "Audit events, oldest first, as a file",
                self._export, Scope.AUDIT_READ, query=Export, tag="audit",
                media=("application/jsonl", "application/octet-stream"),
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> Events:
        wanted: Listing = call.query
        async with self._audit.act(call.tenant, call.actor, Action.AUDIT_READ, call.tenant):
            found = await call.store.audit_events(
                wanted.filter(), after=wanted.before, limit=wanted.limit + 1, newest=True
            )
        more = found[wanted.limit - 1].id if len(found) > wanted.limit else None
        return Events(events=[Event.model_validate(plain(one)) for one in found[: wanted.limit]], next=more)

    async def _export(self, call: Call) -> StreamingResponse:
        wanted: Export = call.query
        form = wanted.format
        async with self._audit.act(
            call.tenant, call.actor, Action.AUDIT_EXPORTED, call.tenant, format=form
        ):
            first: list[AuditEvent] = await anext(pages(call.store, wanted.filter()), [])

        async def records() -> AsyncIterator[bytes]:
            yield _written(first, form)
            if first:
                async for found in pages(call.store, wanted.filter(), first[-1].id):
                    yield _written(found, form)

        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="audit"'}
        return StreamingResponse(records(), media_type=TYPES[form], headers=headers)


def _written(events: list[AuditEvent], form: str) -> bytes:
    return b"".join(FORMATS[form](event) for event in events)
