"""The order of application messages, together with that of commits (K6.1). Nothing here can be read."""

from __future__ import annotations

from collections import deque

from core.e2ee.context import Context
from core.e2ee.members import Books
from core.errors import PeerError
from core.wire.events import MessageRelayed
from core.wire.values import MessageKind

WINDOW = 5.0
"""Seconds for which a message of an epoch that is over is still taken; members keep past epochs as long."""
EPOCHS_KEPT = 256
"""Ends of epochs remembered: more than 5 s of batches."""


class MessageOrder:
    """Numbers messages and relays each to the members that were in its epoch."""

    def __init__(self, context: Context, books: Books) -> None:
        self._context = context
        self._books = books
        self._epoch = 0
        self._ended: deque[tuple[int, float]] = deque(maxlen=EPOCHS_KEPT)
        self._order = 0

    def superseded(self, by: int) -> None:
        """Epoch `by` was reached now."""
        self._ended.append((self._epoch, self._context.clock.monotonic()))
        self._epoch = by

    def relay(self, participant: str, data: bytes, epoch: int, kind: MessageKind) -> None:
        """Give it its place. PeerError `stale_epoch` when older than the window, `out_of_order` from somebody
        who is not in the group or for an epoch nobody has reached."""
        sender = self._books.members.get(participant)
        if sender is None or epoch > self._epoch or epoch < sender.joined:
            raise PeerError("out_of_order", "not in this epoch of the group")
        if epoch < self._epoch and not self._recent(epoch):
            raise PeerError("stale_epoch")
        self._order += 1
        event = MessageRelayed(data=data, epoch=epoch, order=self._order, kind=kind)
        for member in self._books.present():
            if member is not sender and member.joined <= epoch:
                self._context.voice.tell(member.participant, event)

    def _recent(self, epoch: int) -> bool:
        now = self._context.clock.monotonic()
        return any(ended == epoch and now - when <= WINDOW for ended, when in self._ended)
