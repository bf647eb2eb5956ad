"""Who is logged in: bearer tokens, kept in the store over a restart and forgotten after a working day.

The token is random and only its hash is kept, so a core dump, a log or the database logs nobody in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection

from core.errors import UserError
from core.ports import Clock, Rng, SessionStore
from core.values import LoginSession, Person, UnixMillis

SESSION_LIFE = 12 * 3600 * 1000
"""Milliseconds. Longer spares a second login on a long day; shorter limits a token left in a tab."""

SESSIONS_MAX = 100_000
"""Oldest first out beyond this, so that a login loop cannot fill the disk."""

TOKEN_BYTES = 32

TOKEN_LIFE = 60 * 1000
"""Milliseconds of a join token: time for a page to open its socket, on a bad line too."""


def new_token(rng: Rng) -> str:
    """A random token as text: base64url without padding."""
    return base64.urlsafe_b64encode(rng.bytes(TOKEN_BYTES)).rstrip(b"=").decode()


def token_hash(token: str) -> bytes | None:
    """SHA-256 of a token's 32 bytes; None when the text is no token at all."""
    if len(token) != 43 or not token.isascii():
        return None
    try:
        decoded = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return hashlib.sha256(decoded).digest()


class Sessions:
    """Who is logged in, of `tenants`, which may change meanwhile. `open` after a login, `person` on each
    request, `close`. All may raise StoreError."""

    def __init__(self, store: SessionStore, clock: Clock, rng: Rng, tenants: Collection[str]) -> None:
        self._tenants = tenants
        self._store = store
        self._clock = clock
        self._rng = rng

    async def open(self, person: Person) -> str:
        """Log the person in; returns the bearer token."""
        token = new_token(self._rng)
        hashed = token_hash(token)
        assert hashed is not None
        expires = UnixMillis(self._clock.now() + SESSION_LIFE)
        await self._store.add_session(LoginSession(hashed, person, expires), SESSIONS_MAX)
        return token

    async def person(self, token: str) -> Person:
        """Who holds this token. UserError unauthorized when nobody does, or no longer."""
        hashed = token_hash(token)
        held = await self._store.session(hashed) if hashed is not None else None
        if held is None or held.expires <= self._clock.now():
            raise UserError("unauthorized")
        if held.person.tenant not in self._tenants:
            # Suspended, or of the settings before: nothing here vouches for this person.
            raise UserError("unauthorized")
        return held.person

    async def close(self, token: str) -> None:
        """Log out; does nothing when nobody is logged in with it."""
        if (hashed := token_hash(token)) is not None:
            await self._store.end_session(hashed)
