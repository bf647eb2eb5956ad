"""What happens to an epoch after it was reached: later receipts, and the word that everybody has confirmed.

Every later receipt is stored, relayed and compared by the clients (K4.4); a burst of them travels together,
because n members give n receipts that n members want.
"""

from __future__ import annotations

from math import inf

from core.e2ee.attempt import Attempt, Receipt
from core.e2ee.context import Context
from core.e2ee.members import Books
from core.errors import StoreConflict, StoreUnavailable
from core.values import ReceiptRecord
from core.wire.events import GroupReceiptsRelayed, GroupSettled

WINDOW = 5.0
"""Seconds for which members can compare: they keep past epochs as long. Later receipts are stored only."""
GATHER = 0.1
"""Seconds over which receipts are gathered; a third of what a sender waits for them (K4.5)."""

AGAIN = 1.0
"""Seconds until receipts are stored again that the store did not take."""


class Settling:
    """One reached epoch's receipts. Order of calls: `add` and `check` as things happen, `flush` when due."""

    def __init__(self, context: Context, books: Books, group: bytes, done: Attempt, known: set[int]) -> None:
        self._context = context
        self._books = books
        self._group = group
        self._confirmed = dict(done.receipts)
        self._late = [receipt for leaf, receipt in done.receipts.items() if leaf not in known]
        self._unstored: list[Receipt] = []
        self._settled = False
        self._reached = context.clock.monotonic()
        self.epoch = done.epoch
        self.attempt = done.number
        self.entry_hash = done.entry.hash if done.entry else b""
        self.flush_at = context.clock.monotonic() + GATHER if self._late else inf

    def add(self, receipt: Receipt) -> None:
        """A verified receipt for this epoch; the same again is ignored, another of the same leaf is relayed
        as well, for clients to notice (K4.7)."""
        known = self._confirmed.get(receipt.leaf)
        if known is not None and known.data == receipt.data:
            return
        self._confirmed.setdefault(receipt.leaf, receipt)
        self._late.append(receipt)
        self.flush_at = min(self.flush_at, self._context.clock.monotonic() + GATHER)
        self.check()

    def check(self) -> None:
        """Say `settled` once, when every connected member has confirmed (K4.5)."""
        connected = [m for m in self._books.members.values() if m.connected]
        if self._settled or not connected or any(m.leaf not in self._confirmed for m in connected):
            return
        self._settled = True
        for member in self._books.members.values():
            self._context.voice.tell(member.participant, GroupSettled(epoch=self.epoch))

    def supersede(self) -> None:
        """A later epoch was reached: nobody waits for this one to settle any more."""
        self._settled = True

    async def flush(self) -> None:
        """Relay and store what was gathered; what the store does not take now is stored later."""
        late, self._late, self.flush_at = self._late, [], inf
        event = GroupReceiptsRelayed(receipts=[receipt.data for receipt in late])
        fresh = self._context.clock.monotonic() - self._reached <= WINDOW
        for member in self._books.members.values():
            if late and fresh and member.joined <= self.epoch:
                self._context.voice.tell(member.participant, event)
        self._unstored += late
        while self._unstored:
            receipt = self._unstored[0]
            record = ReceiptRecord(self._group, self.epoch, self.attempt, receipt.leaf, receipt.data)
            try:
                await self._context.store.add_receipt(record)
            except StoreUnavailable:
                self.flush_at = self._context.clock.monotonic() + AGAIN
                return
            except StoreConflict:
                pass  # the first stays stored; the second has reached the clients, who name it
            self._unstored.pop(0)
