"""Who is logged in by a provider: a cookie that rotates, kept as a hash, ended by disuse, by age, by whoever
may, and by its own reuse.

A cookie is `<session id>.<token>`. The token changes every `ROTATE`; the one before still counts for
`OVERLAP`, for requests that were under way. Any other token of a known session is a stolen or a forged one:
both ends of a theft lose the session, because nobody can tell which of them is the thief.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from core.errors import UserError
from core.ports import Clock, Rng, Store
from core.records import Account, AccountSession, HeldSession
from core.tenants.sessions import new_token, token_hash
from core.values import Assurance, UnixMillis

ROTATE = 15 * 60 * 1000
"""Milliseconds. Shorter writes more often; longer lets a copied cookie work longer before it is noticed."""

OVERLAP = 30 * 1000
"""Milliseconds: the slowest request under way. Longer gives a thief that long beside the owner."""

IDLE = 2 * 3600 * 1000
"""Milliseconds without a request: a long meeting with nothing clicked beside it."""

ABSOLUTE = 12 * 3600 * 1000
"""Milliseconds from the login: a working day, as the development login's."""

SEEN_EVERY = 60 * 1000
"""Milliseconds between two writes of when a session was last used."""

SESSIONS_EACH = 20
"""Of one person; the longest unseen goes first."""

Stolen = Callable[[AccountSession], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A cookie that counts; `fresh` is what replaces it, when its time has come."""

    held: HeldSession
    fresh: str | None = field(repr=False)


def _read(cookie: str) -> tuple[str, bytes] | None:
    session, dot, token = cookie.partition(".")
    hashed = token_hash(token)
    return (session, hashed) if dot and len(session) == 24 and hashed is not None else None


class AccountSessions:
    """`open` after a login, `check` on each request, `close` at logout. All may raise StoreError. `stolen` is
    told of every reuse."""

    def __init__(self, store: Store, clock: Clock, rng: Rng, stolen: Stolen) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._stolen = stolen

    async def open(
        self, account: Account, provider: str, *, sid: str | None, acr: str | None, assurance: Assurance
    ) -> str:
        """A new session of this account; returns its cookie."""
        now = self._clock.now()
        name, token = self._rng.bytes(12).hex(), new_token(self._rng)
        hashed = token_hash(token)
        assert hashed is not None
        session = AccountSession(
            id=name,
            hash=hashed,
            previous=None,
            previous_until=UnixMillis(0),
            tenant=account.tenant,
            subject=account.subject,
            provider=provider,
            sid=sid,
            acr=acr,
            assurance=assurance,
            authenticated=now,
            rotated=now,
            seen=now,
            expires=UnixMillis(now + ABSOLUTE),
        )
        await self._store.of(account.tenant).add_account_session(session, SESSIONS_EACH)
        return f"{name}.{token}"

    async def check(self, cookie: str) -> Checked:
        """Whose cookie this is. UserError unauthorized, account_blocked, tenant_suspended."""
        held, hashed = await self._held(cookie)
        session, now = held.session, self._clock.now()
        if session.expires <= now or session.seen + IDLE <= now:
            await self._store.of(session.tenant).end_account_session(session.id)
            raise UserError("unauthorized")
        if held.tenant.suspended:
            raise UserError("tenant_suspended")
        if held.account.blocked:
            raise UserError("account_blocked")
        current = hmac.compare_digest(session.hash, hashed)
        if current and session.rotated + ROTATE <= now:
            return Checked(held, await self._rotate(session))
        if session.seen + SEEN_EVERY <= now:
            await self._store.of(session.tenant).see_session(session.id, now)
        return Checked(held, None)

    async def _held(self, cookie: str) -> tuple[HeldSession, bytes]:
        read = _read(cookie)
        held = await self._store.held_session(read[0]) if read else None
        if read is None or held is None:
            raise UserError("unauthorized")
        session, hashed = held.session, read[1]
        if hmac.compare_digest(session.hash, hashed):
            return held, hashed
        before = session.previous is not None and hmac.compare_digest(session.previous, hashed)
        if before and self._clock.now() < session.previous_until:
            return held, hashed
        await self._store.of(session.tenant).end_account_session(session.id)
        await self._stolen(session)
        raise UserError("unauthorized")

    async def _rotate(self, session: AccountSession) -> str | None:
        token, now = new_token(self._rng), self._clock.now()
        hashed = token_hash(token)
        assert hashed is not None
        rotated = await self._store.of(session.tenant).rotate_session(
            session.id, session.hash, hashed, UnixMillis(now + OVERLAP), now
        )
        # Another request was faster: its answer carries the new cookie, and ours still counts meanwhile.
        return f"{session.id}.{token}" if rotated else None

    async def close(self, cookie: str) -> HeldSession | None:
        """Log out; returns the session that ended, None when the cookie was nobody's."""
        try:
            held, _ = await self._held(cookie)
        except UserError:
            return None
        await self._store.of(held.session.tenant).end_account_session(held.session.id)
        return held
