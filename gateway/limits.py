"""How often an address may do something: token buckets by key, and what counts as one address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from core.ports import Clock

KEYS_KEPT = 50_000
"""Buckets remembered, the longest unused first out; one takes about 200 bytes."""


class Limiter:
    """A bucket for each key: `burst` at most, `per_second` back."""

    def __init__(self, clock: Clock, burst: float, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, cost: float = 1.0) -> float:
        """0 when taken; else nothing is, and the seconds after which one could be. A cost above what is left
        empties the bucket."""
        now = self._clock.monotonic()
        left, then = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        allowed = left >= 1.0
        self._buckets[key] = (max(0.0, left - cost) if allowed else left, now)
        if len(self._buckets) > KEYS_KEPT:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._per_second


def network_of(address: str | None) -> str:
    """IPv6 hosts own a /64, so that is what is counted; IPv4 addresses count whole, mapped ones too. Without
    an address, which only a test or a Unix socket has, everybody is one."""
    if address is None:
        return "local"
    if ":" not in address:
        return address
    parsed = ipaddress.IPv6Address(address.split("%")[0])
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.packed[:8].hex()
