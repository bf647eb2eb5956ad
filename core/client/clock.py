"""The real clock of a headless participant, which is a program's edge of its own and not part of a node."""

from __future__ import annotations

import asyncio
import time

from core.values import UnixMillis


class SystemClock:
    """`core.ports.Clock` over the machine's clocks, by the same rule as the browser client's `unixTime`.

    A step back of the wall clock must not lengthen what K4.5 and K4.6 allow, so this one then goes on from
    where it was; it follows a step forward, because the monotonic clock stands still while a machine sleeps.
    """

    def __init__(self) -> None:
        self._wall = time.time()
        self._at = time.monotonic()

    def now(self) -> UnixMillis:
        """Unix milliseconds that may run ahead of the wall clock, but go neither back nor slower than
        `monotonic`.
        """
        at = time.monotonic()
        self._wall = max(time.time(), self._wall + at - self._at)
        self._at = at
        return UnixMillis(int(self._wall * 1000))

    def monotonic(self) -> float:
        """Seconds since an unspecified start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)
