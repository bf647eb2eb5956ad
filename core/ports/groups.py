"""The database of groups and of what the public log will hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.values import (
    CommitRecord,
    EntryRecord,
    GroupRecord,
    Handshake,
    LogLeaf,
    PublicStateRecord,
    ReceiptRecord,
    RevocationRecord,
    UnixMillis,
)


class GroupStore(Protocol):
    """Groups and what the public log will hold. Every write returns only once it is durable (K4.2)."""

    async def create_group(self, group: GroupRecord) -> None:
        """Store a group. StoreConflict when the id exists."""
        ...

    async def group(self, group: bytes) -> GroupRecord | None:
        """The group with this id."""
        ...

    async def groups(self, meeting: str) -> list[GroupRecord]:
        """The meeting's groups in the order of their creation."""
        ...

    async def append_entry(
        self,
        entry: EntryRecord,
        *,
        commit: CommitRecord | None = None,
        state: PublicStateRecord | None = None,
        receipts: Sequence[ReceiptRecord] = (),
        leaves: Sequence[LogLeaf] = (),
    ) -> None:
        """Store an entry and what belongs to it in one transaction, before it is announced.

        ChainBroken unless seq and prev_hash continue the group's chain. StoreConflict when the attempt is
        proposed twice, has an outcome already, has none to conclude, or the epoch was reached (K4.2, K4.7).
        A `reached` entry drops Welcomes and public states of earlier epochs. A crash leaves all or nothing.
        """
        ...

    async def head(self, group: bytes) -> EntryRecord | None:
        """The last entry of any state."""
        ...

    async def last_reached(self, group: bytes) -> EntryRecord | None:
        """The last entry in state reached."""
        ...

    async def entries(self, group: bytes, after_seq: int = -1) -> list[EntryRecord]:
        """Entries with a greater seq, in order."""
        ...

    async def commit(self, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
        """What was submitted for this attempt."""
        ...

    async def handshakes(self, group: bytes, after_epoch: int) -> list[Handshake]:
        """Every reached epoch above `after_epoch`, in order, for a member that returns (K4.2)."""
        ...

    async def public_state(self, group: bytes, epoch: int, attempt: int) -> PublicStateRecord | None:
        """Group info and tree of an epoch, while kept."""
        ...

    async def add_receipt(self, receipt: ReceiptRecord) -> None:
        """Store a receipt; the same again is fine. StoreConflict when this leaf gave another (K4.7)."""
        ...

    async def receipts(self, group: bytes, epoch: int, attempt: int) -> list[ReceiptRecord]:
        """Receipts of an attempt by leaf."""
        ...

    async def add_leaves(self, leaves: Sequence[LogLeaf]) -> None:
        """Store leaves for the log to come (K9.1). LibraryError on the view of more than one tenant, which
        would not say whose they are."""
        ...

    async def leaves(self, label: bytes | None = None) -> list[LogLeaf]:
        """Stored leaves in order; those of one meeting when `label` is given."""
        ...

    async def certificates(self, since: UnixMillis) -> list[LogLeaf]:
        """Leaves of certificates issued from `since` on."""
        ...

    async def add_revocation(self, revocation: RevocationRecord) -> None:
        """Store a revocation; the same again is fine."""
        ...

    async def revocations(self, since: UnixMillis) -> list[RevocationRecord]:
        """Revocations from `since` on, of every tenant whatever the view: a certificate that is void is void
        in each meeting (K2.4), and its revocation is told to all of them."""
        ...
