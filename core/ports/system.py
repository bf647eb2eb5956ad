"""What a node has of the machine: time, randomness, and where it counts and traces."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from core.values import UnixMillis


class Clock(Protocol):
    """Time. Nothing else in the core reads a clock."""

    def now(self) -> UnixMillis:
        """Wall time; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since an unspecified start; never goes back. For durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's monotonic time."""
        ...


class Rng(Protocol):
    """Randomness, cryptographically strong in production and seeded in tests."""

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        ...

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound)."""
        ...


class Telemetry(Protocol):
    """Counts and traces by the names of the metric table; an unknown name is a LookupError."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add to a histogram, in the unit of the table."""
        ...

    def span(
        self,
        name: str,
        *,
        root_of: bytes | None = None,
        under: bytes | None = None,
        **attributes: str | int | float | bool,
    ) -> AbstractContextManager[None]:
        """A span of the current trace; an exception marks it as failed by its type alone.

        A join comes by HTTP and goes on on a socket: `root_of`, the hash of its join token, begins its trace,
        and `under`, the same hash, goes on with it.
        """
        ...
