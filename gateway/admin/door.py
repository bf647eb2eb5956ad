"""Who comes into the administration: an account with a right by its session, a program by its service
token."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from starlette.requests import Request

from core.audit import Actor
from core.errors import PeerError, UserError
from core.ports import Clock, Rng, Store
from core.records import ServiceToken
from gateway.admin.scopes import Scope, scopes_of
from gateway.http.who import Who

PREFIX = "ent_"
"""Stands before a service token, so that scanners for secrets that were left lying about find it."""

SEEN = 60_000
"""Milliseconds between two notes of a token's last use: exact enough to see what is unused, and no write for
each request."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who was let in."""

    tenant: str
    actor: Actor
    scopes: frozenset[Scope]
    account: str | None


def new_service_token(rng: Rng) -> str:
    """A token as its holder keeps it: 256 random bits."""
    return PREFIX + base64.urlsafe_b64encode(rng.bytes(32)).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).digest()


def address_of(request: Request) -> str:
    """Where a request comes from, for the audit event alone."""
    return request.client.host if request.client else ""


class Door:
    """`enter` lets in or refuses."""

    def __init__(self, store: Store, clock: Clock, who: Who) -> None:
        self._store = store
        self._clock = clock
        self._who = who

    async def enter(self, request: Request) -> Entry:
        """UserError unauthorized, forbidden for an account without a right, and as `Who.caller`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip().startswith(PREFIX):
            return await self._program(token.strip(), address_of(request))
        caller = await self._who.needed(request)
        scopes = scopes_of(caller.rights)
        if not scopes:
            raise UserError("forbidden", "This needs an administrator or an auditor of your ministry")
        person = caller.person
        return Entry(person.tenant, Actor.of(person, address_of(request)), scopes, person.subject)

    async def _program(self, text: str, address: str) -> Entry:
        found = await self._store.service_token(hash_of(text)) if len(text) == len(PREFIX) + 43 else None
        now = self._clock.now()
        if found is None or found.revoked is not None or found.expires <= now:
            raise UserError("unauthorized")
        await self._still_served(found)
        if found.used is None or found.used <= now - SEEN:
            await self._store.of(found.tenant).use_service_token(found.id, now)
        scopes = frozenset(Scope(scope) for scope in found.scopes if scope in set(Scope))
        return Entry(found.tenant, Actor("service", found.id, address), scopes, None)

    async def _still_served(self, token: ServiceToken) -> None:
        tenant = await self._store.of(token.tenant).profile()
        if tenant is None:
            raise UserError("unauthorized")
        if tenant.suspended:
            raise UserError("tenant_suspended")


def needs(scopes: frozenset[Scope], scope: Scope | None) -> None:
    """PeerError scope_missing."""
    if scope is not None and scope not in scopes:
        raise PeerError("scope_missing", f"This needs {scope.value}")
