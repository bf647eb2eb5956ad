"""The database of the development login."""

from __future__ import annotations

from typing import Protocol

from core.values import LoginSession


class SessionStore(Protocol):
    """Who is logged in."""

    async def add_session(self, session: LoginSession, most: int) -> None:
        """Store a session's hash; of more than `most` the oldest go."""
        ...

    async def session(self, token_hash: bytes) -> LoginSession | None:
        """The session with this hash, over or not."""
        ...

    async def end_session(self, token_hash: bytes) -> None:
        """Forget it; does nothing when there is none."""
        ...

    async def end_sessions(self) -> int:
        """Forget every session; returns how many."""
        ...

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        """Forget this person's sessions and unused join tokens; returns how many. A tenant's view ends what
        leads to its own rooms, the node's everything."""
        ...
