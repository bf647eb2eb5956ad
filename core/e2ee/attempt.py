"""One attempt to reach one epoch: what was proposed, who commits, what came back (K4.2 to K4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from core.e2ee.batch import Batch
from core.e2ee.members import Member
from core.e2ee.public import StagedCommit
from core.values import CommitRecord, EntryRecord

CONFIRM: Final = 1.0
"""Seconds in which the named committer submits, before the time its size allows (K4.4)."""
PER_ADD: Final = 0.004
"""Seconds more for each Add: seven times what a browser's worker was measured to need."""
PER_MEMBER: Final = 0.002
"""Seconds more for each member: a path through a tree where nobody has updated."""
RECEIPTS: Final = 2.0
"""Seconds from the announcement to two receipts, before the time the commit's size allows."""
BYTES_PER_SECOND: Final = 250_000
"""The slowest line on which a meeting with pictures makes sense."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt."""

    leaf: int
    authenticator: bytes
    data: bytes


@dataclass(slots=True)
class Attempt:
    """`entry` and `commit` are None until the committer has submitted."""

    epoch: int
    number: int
    batch: Batch
    committer: Member
    proposals: tuple[bytes, ...]
    deadline: float
    commit: CommitRecord | None = None
    entry: EntryRecord | None = None
    unsure: StagedCommit | None = None
    """What was staged while it is unknown whether the store kept the entry; the attempt is then neither
    dropped nor announced until the store has answered."""
    welcomes: Sequence[bytes] = ()
    commit_hash: bytes = b""
    receipts: dict[int, Receipt] = field(default_factory=dict)
    withdrawing: bool = False
    """Whether the signer was asked to withdraw it: from then on it cannot be reached any more."""
    doomed: dict[str, str] = field(default_factory=dict)
    """Participants it adds that a host has removed or a CA revoked meanwhile, and the reason: they go at
    once."""
    failed: set[str] = field(default_factory=set)
    """Participants that reported that they cannot stage it; they rejoin if it is reached all the same."""

    @staticmethod
    def patience(batch: Batch, members: int) -> float:
        """Seconds that a committer has."""
        return CONFIRM + PER_ADD * len(batch.adds) + PER_MEMBER * members

    @staticmethod
    def receipt_patience(commit: bytes) -> float:
        """Seconds that members have to stage and confirm."""
        return RECEIPTS + len(commit) / BYTES_PER_SECOND

    @property
    def stored(self) -> bool:
        """Whether the store has its entry, or may have it: such an attempt needs an outcome (K4.2)."""
        return self.entry is not None or self.unsure is not None

    def adds(self, participant: str) -> bool:
        """Whether it adds this participant."""
        return any(waiting.participant == participant for waiting in self.batch.adds)

    def pair(self) -> tuple[Receipt, Receipt] | None:
        """The committer's receipt and one more over the very same authenticator, once both are there."""
        own = self.receipts.get(self.committer.leaf)
        if own is None:
            return None
        for receipt in self.receipts.values():
            if receipt.leaf != own.leaf and receipt.authenticator == own.authenticator:
                return own, receipt
        return None
