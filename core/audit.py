"""Who did what to whom: noted in the tenant's append-only events, so that nothing is lost in silence.

An administrative action is written down *before* it is carried out: `act` refuses it with `unavailable`
when it cannot be, and when it then was not carried out, a second event says so and names the first in `of`.
So nothing is ever done untold; what was told and not done is told too. Logins, joins and host commands go on
when the database does not answer, since a meeting is worth more than its trace: their events wait in memory
and follow, and only when too many wait is the action refused.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.actions import ACTIONS, Action
from core.errors import LibraryError, StoreConflict, StoreError, UserError, WireError
from core.ports import AuditStore, Clock, Telemetry
from core.records import AuditEvent
from core.values import Person, Role

log = logging.getLogger("entente.audit")

WAITING_MAX = 10_000
"""Events that wait for the database, about 5 MB; beyond it what would have to be noted is refused."""
RETRY = 5.0
"""Seconds between two tries to write down what waits."""
DETAILS_MAX = 16
TEXT_MAX = 200
_KEY = re.compile(r"[a-z][a-z_]{0,31}")
_TEXT = re.compile(r"[\x20-\x3f\x41-\x7e]{0,200}")
"""ASCII without `@`: ids, codes and URIs fit, a person's name or address of e-mail does not slip in."""

Outcome = Literal["success", "refused", "failed"]
ActorKind = Literal["account", "guest", "service", "operator", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from which address; `id` is a subject, a service token's id, `operator` or `system`."""

    kind: ActorKind
    id: str
    address: str = field(default="", repr=False)

    @classmethod
    def of(cls, person: Person, address: str = "") -> Actor:
        """A person with an account, or a guest."""
        return cls("guest" if person.role is Role.GUEST else "account", person.subject, address)


OPERATOR = Actor("operator", "operator")
"""Whoever runs the node, at its command line."""
SYSTEM = Actor("system", "system")
"""The node itself."""


class Stores(Protocol):
    """A store that has a view of each tenant."""

    def of(self, tenant: str) -> AuditStore:
        """See `core.ports.Store`."""
        ...


class Auditor:
    """`act` around an administrative action, `note` for everything else; `run` as a task, `close` last."""

    def __init__(self, store: Stores, clock: Clock, telemetry: Telemetry) -> None:
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._waiting: deque[AuditEvent] = deque()

    @asynccontextmanager
    async def act(
        self, tenant: str, actor: Actor, action: Action, object_: str, **detail: str
    ) -> AsyncIterator[None]:
        """Carry an administrative action out inside. UserError `unavailable`, and nothing done, when it
        cannot be written down first. Check what may be refused before, so that only failures are told
        twice."""
        event = self._event(tenant, actor, action, object_, "success", detail)
        try:
            first = await self._append(event)
        except StoreError as error:
            raise UserError("unavailable", retry_after=2) from error
        try:
            yield
        except BaseException as error:
            outcome: Outcome = "refused" if isinstance(error, WireError | StoreConflict) else "failed"
            self._wait(self._event(tenant, actor, action, object_, outcome, {**detail, "of": str(first)}))
            await self._flush()
            raise

    async def note(
        self,
        tenant: str,
        actor: Actor,
        action: Action,
        object_: str,
        outcome: Outcome = "success",
        **detail: str,
    ) -> None:
        """Tell what was done. UserError `unavailable` when too much waits for the database already."""
        event = self._event(tenant, actor, action, object_, outcome, detail)
        if len(self._waiting) >= WAITING_MAX:
            raise UserError("unavailable", retry_after=2)
        self._wait(event)
        await self._flush()

    async def run(self) -> None:
        """Write down what waits, until cancelled."""
        while True:
            await self._clock.sleep(RETRY)
            await self._flush()

    async def close(self) -> None:
        """The last try. What is left is counted and named as lost."""
        await self._flush()
        if self._waiting:
            log.error("%d audit events are lost: the database did not answer", len(self._waiting))
            self._telemetry.count("entente_audit_lost_total", len(self._waiting))

    def _wait(self, event: AuditEvent) -> None:
        self._waiting.append(event)

    async def _flush(self) -> None:
        """In their order. Each is taken out before it is written, so that two tasks write none twice."""
        while self._waiting:
            event = self._waiting.popleft()
            try:
                await self._append(event)
            except StoreError as error:
                self._waiting.appendleft(event)
                log.error("audit events wait for the database: %s", type(error).__name__)
                break
            except asyncio.CancelledError:
                # Perhaps after it was kept: written twice is better than not at all.
                self._waiting.appendleft(event)
                raise
            except Exception:
                # One that cannot be written must not hold up all others for good.
                log.exception("an audit event cannot be written down and is lost")
                self._telemetry.count("entente_audit_lost_total")
        self._telemetry.gauge("entente_audit_waiting", len(self._waiting))

    async def _append(self, event: AuditEvent) -> int:
        number = await self._store.of(event.tenant).append_audit(event)
        self._telemetry.count("entente_audit_events_total", outcome=event.outcome)
        return number

    def _event(
        self,
        tenant: str,
        actor: Actor,
        action: Action,
        object_: str,
        outcome: Outcome,
        detail: dict[str, str],
    ) -> AuditEvent:
        event = AuditEvent(
            id=0,
            tenant=tenant,
            time=self._clock.now(),
            actor_kind=actor.kind,
            actor=actor.id,
            action=action.value,
            object_kind=ACTIONS[action].object_kind,
            object=object_,
            outcome=outcome,
            address=actor.address,
            detail=tuple(sorted(detail.items())),
        )
        check(event)
        return event


def check(event: AuditEvent) -> None:
    """LibraryError when an event holds what it must not: a name, an address of e-mail, free text."""
    texts = [event.actor, event.object, *(value for _, value in event.detail)]
    if len(event.detail) > DETAILS_MAX or not all(_KEY.fullmatch(key) for key, _ in event.detail):
        raise LibraryError("an audit event's detail is not a few short keys")
    if not all(_TEXT.fullmatch(text) for text in texts):
        raise LibraryError(f"an audit event of {event.action} holds text that is no id and no code")

