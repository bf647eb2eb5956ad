"""What an operator gives a ministry so that it can run its own house: the first administrator, the first
token.

It works on the database, with or without a running node: rights and tokens are read anew by every request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.actions import Action
from core.audit import OPERATOR, Auditor
from core.errors import OperatorError, UserError
from core.ports import Clock, Rng
from core.records import Account, Right, ServiceToken
from core.store import SqlStore, open_store
from core.values import UnixMillis
from gateway.admin.door import hash_of, new_service_token
from gateway.admin.scopes import Scope
from gateway.admin.tokens import DAY, TOKENS_MAX
from gateway.settings import Settings
from observability.node import NodeTelemetry

FOUND_MAX = 20
"""Accounts with one address of e-mail that are looked at; more than one is refused anyway."""


@asynccontextmanager
async def _house(settings: Settings, tenant: str) -> AsyncIterator[SqlStore]:
    """The database as this ministry sees it. OperatorError when there is no such ministry."""
    store = await open_store(settings.within(settings.store.url))
    try:
        if tenant not in {one.id for one in await store.tenants()}:
            raise OperatorError(f"There is no ministry {tenant} in this database.")
        yield store.of(tenant)
    finally:
        await store.close()


async def _account(store: SqlStore, subject: str | None, email: str | None) -> Account:
    if subject is not None:
        found = await store.account(subject)
        if found is None:
            raise OperatorError(f"Nobody of this ministry has logged in as {subject}.")
        return found
    assert email is not None
    people = await store.people(email, "", FOUND_MAX)
    exact = [one for one in people if one.email.lower() == email.lower()]
    if not exact:
        raise OperatorError("Nobody of this ministry has this address; let the person log in first.")
    if len(exact) > 1:
        subjects = ", ".join(one.subject for one in exact)
        raise OperatorError(f"Several accounts have this address: {subjects}. Name one with --subject.")
    return exact[0]


async def grant(
    settings: Settings,
    clock: Clock,
    tenant: str,
    right: str,
    *,
    subject: str | None,
    email: str | None,
    take: bool,
) -> str:
    """Give or take a right; a sentence that says whose. OperatorError."""
    async with _house(settings, tenant) as store:
        account = await _account(store, subject, email)
        given = frozenset({Right(right)})
        rights = account.rights - given if take else account.rights | given
        action = Action.RIGHTS_TAKEN if take else Action.RIGHTS_GIVEN
        auditor = Auditor(store, clock, NodeTelemetry())
        async with auditor.act(tenant, OPERATOR, action, account.subject, rights=right):
            await store.change_account(account.subject, rights=rights)
        verb = "is no longer" if take else "is now"
        return f"{account.subject} {verb} {right} of {tenant}."


async def make_token(
    settings: Settings, clock: Clock, rng: Rng, tenant: str, name: str, scopes: Sequence[str], days: int
) -> str:
    """A new token as text. OperatorError."""
    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise OperatorError(f"{unknown[0]} is no scope; these are: {', '.join(Scope)}.")
    if not 1 <= days <= 366 or not 1 <= len(name) <= 120:
        raise OperatorError("A token is valid for 1 to 366 days, and its name has 1 to 120 characters.")
    text, now = new_service_token(rng), clock.now()
    token = ServiceToken(
        id="t-" + rng.bytes(10).hex(),
        tenant=tenant,
        name=name,
        hash=hash_of(text),
        scopes=frozenset(scopes),
        created_by=OPERATOR.id,
        created=now,
        expires=UnixMillis(now + days * DAY),
    )
    async with _house(settings, tenant) as store:
        auditor = Auditor(store, clock, NodeTelemetry())
        detail = {"scopes": f"{len(token.scopes)} scopes"}
        try:
            async with auditor.act(tenant, OPERATOR, Action.TOKEN_CREATED, token.id, **detail):
                await store.add_service_token(token, TOKENS_MAX)
        except UserError as error:
            raise OperatorError(f"The token was not made: {error.facts.title}.") from error
    return text
