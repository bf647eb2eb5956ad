"""The group's chain of entries: signed by the hub, stored before anybody hears of them (K4.2).

A write whose outcome is unknown is looked up before it is repeated, so that an entry that was kept but
reported lost is neither doubled nor denied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from core._native import e2ee
from core.errors import StoreError, StoreUnavailable
from core.ports import Clock, GroupStore, Rng, Signer
from core.values import CommitRecord, EntryRecord, EntryState, LogLeaf, PublicStateRecord, ReceiptRecord

TRIES = 5
"""Writes of one entry before the failure goes up."""
PAUSE = 0.5
"""Seconds between them."""
NO_HASH = bytes(32)


class Chain:
    """Appends entries of one group. Order of calls: `append` from one task at a time."""

    def __init__(
        self,
        meeting: bytes,
        group: bytes,
        term: int,
        store: GroupStore,
        signer: Signer,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._meeting = meeting
        self._group = group
        self._term = term
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rng = rng
        self._head: EntryRecord | None = None

    @property
    def head(self) -> EntryRecord | None:
        """The last entry of any state."""
        return self._head

    async def find(self, state: EntryState, epoch: int, attempt: int) -> EntryRecord | None:
        """The stored entry that says this, if it is the head: then it was kept though no answer said so.
        StoreUnavailable."""
        head = await self._store.head(self._group)
        if head is None or (head.state, head.epoch, head.attempt) != (state, epoch, attempt):
            return None
        self._head = head
        return head

    async def append(
        self,
        state: EntryState,
        epoch: int,
        attempt: int,
        commit_hash: bytes,
        receipts: Sequence[ReceiptRecord] = (),
        commit: CommitRecord | None = None,
        public_state: PublicStateRecord | None = None,
    ) -> EntryRecord:
        """Sign and store the next entry. SignerError or StoreError when that fails for good; after
        StoreUnavailable it may have been kept all the same: `find` tells."""
        entry = await self._sign(state, epoch, attempt, commit_hash, receipts)
        for left in reversed(range(TRIES)):
            leaves = () if state is EntryState.PROPOSED else (self._leaf(entry),)
            try:
                await self._store.append_entry(
                    entry, commit=commit, state=public_state, receipts=receipts, leaves=leaves
                )
                break
            except StoreError as error:
                unknown = isinstance(error, StoreUnavailable)
                try:
                    # This entry, or the same statement of an earlier call whose outcome was unknown.
                    if (kept := await self.find(state, epoch, attempt)) is not None:
                        return kept
                except StoreUnavailable:
                    # A conflict may be with this very entry, kept by a write that was reported lost.
                    unknown = True
                if not unknown:
                    raise
                if left == 0:
                    raise StoreUnavailable(f"the outcome of a {state.value} entry is unknown") from error
                await self._clock.sleep(PAUSE)
        self._head = entry
        return entry

    async def _sign(
        self,
        state: EntryState,
        epoch: int,
        attempt: int,
        commit_hash: bytes,
        receipts: Sequence[ReceiptRecord],
    ) -> EntryRecord:
        now = self._clock.now()
        seq = 0 if self._head is None else self._head.seq + 1
        prev_hash = NO_HASH if self._head is None else self._head.hash
        data = await self._signer.sign_entry(
            {
                "meeting": self._meeting,
                "group": self._group,
                "term": self._term,
                "seq": seq,
                "epoch": epoch,
                "attempt": attempt,
                "state": state.value,
                "prev_hash": prev_hash,
                "commit_hash": commit_hash,
                "time": now,
                "receipts_hash": e2ee.receipts_hash([receipt.data for receipt in receipts]),
            }
        )
        return EntryRecord(
            self._group, seq, epoch, attempt, state, e2ee.entry_hash(data), prev_hash, data, now
        )

    def _leaf(self, entry: EntryRecord) -> LogLeaf:
        """What the public log will hold of an outcome (K9.1)."""
        salt = self._rng.bytes(32)
        digest = hashlib.sha256(salt + entry.data).digest()
        return LogLeaf(self._meeting, f"entry_{entry.state.value}", digest, salt, entry.data, entry.time)
