"""A meeting's epochs as metrics of the table. It looks at what the delivery service says on its way to the
meeting and changes nothing.

One event goes to each member, and again to whoever returns, so an attempt is counted by its number, once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgpack

from core._native import e2ee
from core.e2ee.voice import Voice
from core.ports import Clock, Telemetry
from core.wire.events import Event, GroupPropose, GroupWithdrawn


class GroupMeter:
    """One per meeting; implements `Voice` in front of another."""

    def __init__(self, voice: Voice, clock: Clock, telemetry: Telemetry) -> None:
        self._voice = voice
        self._clock = clock
        self._telemetry = telemetry
        self._attempt: tuple[int, int] | None = None
        self._highest = (-1, -1)
        self._since = 0.0

    def tell(self, participant: str, event: Event) -> None:
        """See Voice."""
        if isinstance(event, GroupPropose):
            self._proposed((event.epoch, event.attempt))
        elif isinstance(event, GroupWithdrawn) and self._attempt is not None:
            self._withdrawn(event.entry)
        self._voice.tell(participant, event)

    def leaves_changed(self, leaves: Mapping[str, int | None], epoch: int) -> None:
        """See Voice; said once for each epoch, when it is reached."""
        if epoch == 0:
            # A new group is created, not attempted, and counts its attempts from the start.
            self._attempt, self._highest = None, (-1, -1)
            self._voice.leaves_changed(leaves, epoch)
            return
        if self._attempt is not None and self._attempt[0] == epoch:
            self._telemetry.observe("entente_epoch_seconds", self._clock.monotonic() - self._since)
            self._attempt = None
        self._telemetry.count("entente_attempts_total", outcome="reached")
        self._voice.leaves_changed(leaves, epoch)

    def rejoin(self, participant: str, reason: str) -> None:
        """See Voice."""
        self._voice.rejoin(participant, reason)

    def _proposed(self, attempt: tuple[int, int]) -> None:
        if attempt <= self._highest:
            return  # told to one more, or again to one who was away
        self._highest = attempt
        if self._attempt is not None:
            # Another took its place before a commit came: it was never stored.
            self._telemetry.count("entente_attempts_total", outcome="dropped")
        self._attempt, self._since = attempt, self._clock.monotonic()

    def _withdrawn(self, entry: bytes) -> None:
        fields = msgpack.unpackb(e2ee.signed_peek("entry", entry))
        if self._attempt == (fields["epoch"], fields["attempt"]):
            self._telemetry.count("entente_attempts_total", outcome="withdrawn")
            self._attempt = None
