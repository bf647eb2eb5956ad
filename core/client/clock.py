"""The real clock of a headless participant, which is a program's edge of its own and not part of a node."""

from __future__ import annotations

import asyncio
import time

from core.values import UnixMillis


class SystemClock:
    """`core.ports.Clock` over the machine's clocks."""

    def now(self) -> UnixMillis:
        """Wall time; may jump."""
        return UnixMillis(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Seconds since an unspecified start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)
