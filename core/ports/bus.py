"""What nodes tell each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Lease(Protocol):
    """Sole ownership of a name until `ttl` passes without `renew`. `fence` grows with each new holder."""

    @property
    def name(self) -> str:
        """What is owned."""
        ...

    @property
    def fence(self) -> int:
        """Compare before a write that an earlier holder could also attempt: the greater one wins."""
        ...

    async def renew(self) -> None:
        """Start the lease's time afresh. LeaseLost when it already ended."""
        ...

    async def release(self) -> None:
        """Give it back; does nothing when it already ended."""
        ...


class Bus(Protocol):
    """What nodes tell each other. Losing all of it loses nothing that matters: it is rebuilt from the
    store."""

    async def publish(self, topic: str, message: bytes) -> int:
        """Give the message to everyone subscribed now; returns to how many. Order per topic is kept."""
        ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Messages published inside the context. SlowSubscriber from the iterator after an overflow."""
        ...

    async def lease(self, name: str, ttl: float) -> Lease:
        """Own `name` for `ttl` seconds. LeaseHeld when somebody does."""
        ...

    async def register(self, kind: str, key: str, value: bytes, ttl: float) -> None:
        """Put or refresh an entry of the registry for `ttl` seconds."""
        ...

    async def unregister(self, kind: str, key: str) -> None:
        """Take an entry out; does nothing when it is not there."""
        ...

    async def registered(self, kind: str) -> dict[str, bytes]:
        """Every live entry of this kind."""
        ...

    async def enter(self, place: str, who: str, value: bytes, ttl: float) -> None:
        """Be present in `place`, or refresh it, for `ttl` seconds."""
        ...

    async def depart(self, place: str, who: str) -> None:
        """Be present no more."""
        ...

    async def present(self, place: str) -> dict[str, bytes]:
        """Who is present, in order of entering."""
        ...

    async def close(self) -> None:
        """End subscriptions and give everything back."""
        ...
