"""The bus of a node that runs alone: dictionaries, and a bounded queue per subscriber.

Time to live is read from the clock when something is looked at, so no task runs and virtual time works.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.errors import LeaseHeld, LeaseLost, SlowSubscriber
from core.ports import Clock

QUEUE_LENGTH = 1024
"""Messages that may wait for one subscriber. Higher hides a stuck reader longer; lower drops bursts of a
join storm."""


@dataclass(slots=True)
class _Held:
    fence: int
    until: float


@dataclass(slots=True)
class _Subscriber:
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH + 1))
    overflowed: bool = False

    def offer(self, message: bytes | None) -> None:
        """Queue a message; after an overflow nothing more is queued, since the order would have a hole."""
        if self.overflowed:
            return
        if message is not None and self.queue.qsize() >= QUEUE_LENGTH:
            self.overflowed = True
            message = None
        self.queue.put_nowait(message)

    async def messages(self) -> AsyncIterator[bytes]:
        """What was queued, until the bus closes. SlowSubscriber after an overflow."""
        while (message := await self.queue.get()) is not None:
            yield message
        if self.overflowed:
            raise SlowSubscriber(f"more than {QUEUE_LENGTH} messages waited")


class MemoryLease:
    """A lease of `MemoryBus`; see `core.ports.Lease`."""

    def __init__(self, bus: MemoryBus, name: str, ttl: float, fence: int) -> None:
        self._bus = bus
        self._ttl = ttl
        self._name = name
        self._fence = fence

    @property
    def name(self) -> str:
        """See the port."""
        return self._name

    @property
    def fence(self) -> int:
        """See the port."""
        return self._fence

    async def renew(self) -> None:
        """See the port."""
        self._bus.renew(self._name, self._fence, self._ttl)

    async def release(self) -> None:
        """See the port."""
        self._bus.release(self._name, self._fence)


class MemoryBus:
    """`core.ports.Bus` inside one process. One event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subscribers: dict[str, list[_Subscriber]] = {}
        self._leases: dict[str, _Held] = {}
        self._fences: dict[str, int] = {}
        self._kept: dict[tuple[str, str], dict[str, tuple[bytes, float]]] = {}

    async def publish(self, topic: str, message: bytes) -> int:
        """See the port."""
        listening = self._subscribers.get(topic, [])
        for subscriber in listening:
            subscriber.offer(message)
        return len(listening)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See the port."""
        subscriber = _Subscriber()
        self._subscribers.setdefault(topic, []).append(subscriber)
        try:
            yield subscriber.messages()
        finally:
            listening = self._subscribers.get(topic, [])
            if subscriber in listening:
                listening.remove(subscriber)
            if not listening:
                self._subscribers.pop(topic, None)

    async def lease(self, name: str, ttl: float) -> MemoryLease:
        """See the port."""
        held = self._leases.get(name)
        if held is not None and held.until > self._clock.monotonic():
            raise LeaseHeld(name)
        # Fences outlive their lease: a later holder must always have the greater number.
        fence = self._fences[name] = self._fences.get(name, 0) + 1
        self._leases[name] = _Held(fence, self._clock.monotonic() + ttl)
        return MemoryLease(self, name, ttl, fence)

    def renew(self, name: str, fence: int, ttl: float) -> None:
        """For `MemoryLease`."""
        held = self._leases.get(name)
        now = self._clock.monotonic()
        if held is None or held.fence != fence or held.until <= now:
            raise LeaseLost(name)
        held.until = now + ttl

    def release(self, name: str, fence: int) -> None:
        """For `MemoryLease`."""
        held = self._leases.get(name)
        if held is not None and held.fence == fence:
            del self._leases[name]

    async def register(self, kind: str, key: str, value: bytes, ttl: float) -> None:
        """See the port."""
        self._put(("registry", kind), key, value, ttl)

    async def unregister(self, kind: str, key: str) -> None:
        """See the port."""
        self._kept.get(("registry", kind), {}).pop(key, None)

    async def registered(self, kind: str) -> dict[str, bytes]:
        """See the port."""
        return self._live(("registry", kind))

    async def enter(self, place: str, who: str, value: bytes, ttl: float) -> None:
        """See the port."""
        self._put(("presence", place), who, value, ttl)

    async def depart(self, place: str, who: str) -> None:
        """See the port."""
        self._kept.get(("presence", place), {}).pop(who, None)

    async def present(self, place: str) -> dict[str, bytes]:
        """See the port."""
        return self._live(("presence", place))

    async def close(self) -> None:
        """See the port."""
        for listening in self._subscribers.values():
            for subscriber in listening:
                subscriber.offer(None)
        self._subscribers.clear()
        self._leases.clear()
        self._kept.clear()

    def _put(self, shelf: tuple[str, str], key: str, value: bytes, ttl: float) -> None:
        # A refreshed key keeps its place, an expired one that returns goes to the end.
        self._live(shelf)
        self._kept.setdefault(shelf, {})[key] = (value, self._clock.monotonic() + ttl)

    def _live(self, shelf: tuple[str, str]) -> dict[str, bytes]:
        now = self._clock.monotonic()
        kept = {key: held for key, held in self._kept.get(shelf, {}).items() if held[1] > now}
        if kept:
            self._kept[shelf] = kept
        else:
            self._kept.pop(shelf, None)
        return {key: value for key, (value, _) in kept.items()}
