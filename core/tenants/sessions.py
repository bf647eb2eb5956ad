"""Who is logged in: bearer tokens of this node, held in memory and forgotten after a working day.

The token is random and only its hash is kept, so a core dump or a log of this table logs nobody in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict

from core.errors import UserError
from core.ports import Clock, Rng
from core.values import Person, UnixMillis

SESSION_LIFE = 12 * 3600 * 1000
"""Milliseconds. Longer spares a second login on a long day; shorter limits a token left in a tab."""

SESSIONS_MAX = 100_000
"""Oldest first out beyond this, so that a login loop cannot fill the memory."""

TOKEN_BYTES = 32


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
    """The table of who is logged in on this node. `open` after a login, `person` on each request, `close`."""

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._people: OrderedDict[bytes, tuple[Person, UnixMillis]] = OrderedDict()

    def open(self, person: Person) -> str:
        """Log the person in; returns the bearer token."""
        token = new_token(self._rng)
        hashed = token_hash(token)
        assert hashed is not None
        self._people[hashed] = (person, UnixMillis(self._clock.now() + SESSION_LIFE))
        while len(self._people) > SESSIONS_MAX:
            self._people.popitem(last=False)
        return token

    def person(self, token: str) -> Person:
        """Who holds this token. UserError unauthorized when nobody does, or no longer."""
        hashed = token_hash(token)
        held = self._people.get(hashed) if hashed is not None else None
        if hashed is None or held is None:
            raise UserError("unauthorized")
        if held[1] <= self._clock.now():
            del self._people[hashed]
            raise UserError("unauthorized")
        return held[0]

    def close(self, token: str) -> None:
        """Log out; does nothing when nobody is logged in with it."""
        if (hashed := token_hash(token)) is not None:
            self._people.pop(hashed, None)

    def __repr__(self) -> str:
        """How many, never who."""
        return f"Sessions({len(self._people)})"
