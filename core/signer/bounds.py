"""What the signer remembers so as to refuse: outcomes it would contradict (K4.7), and tenants that take too
much."""

from __future__ import annotations

from collections import OrderedDict

from core.errors import SignerRefused
from core.ports import Clock
from core.signer.requests import EntryFields
from core.values import EntryState

OUTCOMES_KEPT = 65_536
"""Outcomes remembered, oldest first out: a day of a busy deployment. A restart forgets; the store's index
does not."""

BURST = 2_000
"""Certificates a tenant may take at once: several full meetings that all begin at nine."""

PER_SECOND = 50.0
"""Certificates a second after that. A node gone wild cannot fill the tenant's record within an hour."""


class Outcomes:
    """What this signer has declared about attempts and epochs."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[tuple[bytes, int, int], EntryState] = OrderedDict()
        self._reached: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()

    def allow(self, entry: EntryFields) -> None:
        """Remember the entry's statement. SignerRefused when it contradicts an earlier one; repeating is
        fine."""
        if entry.state is EntryState.PROPOSED:
            return
        attempt = (entry.group, entry.epoch, entry.attempt)
        if self._attempts.get(attempt, entry.state) is not entry.state:
            raise SignerRefused("contradiction", "the attempt has another outcome already")
        epoch = (entry.group, entry.epoch)
        if entry.state is EntryState.REACHED:
            if self._reached.get(epoch, entry.commit_hash) != entry.commit_hash:
                raise SignerRefused("contradiction", "the epoch was reached by another commit")
            self._reached[epoch] = entry.commit_hash
        self._attempts[attempt] = entry.state
        for table in (self._attempts, self._reached):
            while len(table) > OUTCOMES_KEPT:
                table.popitem(last=False)


class Rate:
    """How many certificates a tenant may take: `burst` at once, `per_second` after that."""

    def __init__(self, clock: Clock, burst: int, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_second = per_second
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, tenant: str) -> None:
        """One. SignerRefused `rate_limited`."""
        now = self._clock.monotonic()
        left, then = self._left.get(tenant, (float(self._burst), now))
        left = min(float(self._burst), left + (now - then) * self._per_second)
        if left < 1:
            raise SignerRefused("rate_limited", f"{tenant} has taken too many certificates at once")
        self._left[tenant] = (left - 1, now)
