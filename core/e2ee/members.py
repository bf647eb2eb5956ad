"""Who is in the tree, who waits for a place and who must leave it: the delivery service's own books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Certificate = tuple[str, str, bytes]
"""Deployment, tenant and SHA-256 of a leaf certificate: what a revocation names (K2.4)."""


@dataclass(slots=True)
class Member:
    """A participant with a leaf. `joined` is its first epoch, `confirmed` the last it gave a receipt for,
    `seated` the monotonic time of its first."""

    participant: str
    leaf_key: bytes
    leaf: int
    connected: bool
    joined: int
    confirmed: int
    seated: float


@dataclass(slots=True)
class Waiting:
    """A checked key package; `since` in monotonic seconds. `ref` finds its part of a Welcome, `failures`
    counts the attempts that added it and came to nothing."""

    participant: str
    leaf_key: bytes
    key_package: bytes
    ref: bytes
    since: float
    keys: frozenset[bytes]
    certificate: Certificate
    connected: bool = True
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Removal:
    """A leaf that must go. `urgent` for a host's removal or a revocation (K3.3)."""

    leaf: int
    reason: str
    urgent: bool
    since: float


@dataclass(slots=True)
class Books:
    """All of it. Keys of `members` and `waiting` are participants, those of `removals` leaves."""

    members: dict[str, Member] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    removals: dict[int, Removal] = field(default_factory=dict)
    last_committer: int = -1
    fresh: set[int] = field(default_factory=set)
    """Leaves that have not committed with a path since they were added (K3.4)."""

    def by_leaf(self, leaf: int) -> Member | None:
        """The member that has this leaf."""
        return next((m for m in self.members.values() if m.leaf == leaf), None)

    def present(self) -> list[Member]:
        """Members that hold their leaf: who has handed in another key package has dropped the old one, and
        can do nothing with what is said to it."""
        return [m for m in self.members.values() if m.participant not in self.waiting]

    def staying(self) -> list[Member]:
        """Members that are connected and not about to be removed, by leaf."""
        found = (m for m in self.members.values() if m.connected and m.leaf not in self.removals)
        return sorted(found, key=lambda m: m.leaf)

    def committer(self, epoch: int, avoid: Iterable[int] = ()) -> Member | None:
        """The next one in rotation among those that stay; those that confirmed `epoch` come first, and those
        in `avoid` last, because they were silent for this epoch already."""
        avoided = set(avoid)

        def rank(member: Member) -> tuple[bool, bool, bool, int]:
            behind = member.confirmed < epoch
            return (member.leaf in avoided, behind, member.leaf <= self.last_committer, member.leaf)

        return min(self.staying(), key=rank, default=None)
