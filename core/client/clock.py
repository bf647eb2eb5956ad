"""The real clock of a headless participant, which is a program's edge of its own and not part of a node."""

from __future__ import annotations

import asyncio
import time

from core.values import UnixMillis


class SystemClock:
    """`core.ports.Clock` over the machine's clocks. One reading of the wall clock, then the monotonic one: a
    step back of the wall clock must not lengthen what K4.5 and K4.6 allow."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> UnixMillis:
        """Wall time as of the start; never jumps."""
        return UnixMillis(int((self._offset + time.monotonic()) * 1000))

    def monotonic(self) -> float:
        """Seconds since an unspecified start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)
