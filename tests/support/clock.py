"""Virtual time: `FakeClock` moves only when a test advances it, waking sleepers in order."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from core.values import UnixMillis

START = UnixMillis(1_763_769_600_000)
"""22 November 2025, 00:00 UTC; any fixed time serves."""


class FakeClock:
    """`core.ports.Clock` in virtual time."""

    def __init__(self, start: UnixMillis = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> UnixMillis:
        """Wall time."""
        return UnixMillis(self._start + round(self._elapsed * 1000))

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until a test advances this far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass; each sleeper wakes at its own time, and what it starts may sleep again within
        them."""
        await self._settle()
        until = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            self._elapsed, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._elapsed = until
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


class LeapingClock:
    """Virtual time for one task: a sleep is over at once."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def now(self) -> UnixMillis:
        """Milliseconds since the test began."""
        return UnixMillis(round(self.elapsed * 1000))

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.elapsed += max(0.0, seconds)
        await asyncio.sleep(0)
