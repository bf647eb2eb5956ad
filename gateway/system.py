"""The real clock and the real randomness. Only `gateway/app.py` and the signer's main make them."""

from __future__ import annotations

import asyncio
import secrets
import time

from core.values import UnixMillis


class SystemClock:
    """`core.ports.Clock` of the machine."""

    def now(self) -> UnixMillis:
        """See the port."""
        return UnixMillis(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """See the port."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See the port."""
        await asyncio.sleep(seconds)


class SystemRng:
    """`core.ports.Rng` of the operating system."""

    def bytes(self, count: int) -> bytes:
        """See the port."""
        return secrets.token_bytes(count)

    def below(self, bound: int) -> int:
        """See the port."""
        return secrets.randbelow(bound)
