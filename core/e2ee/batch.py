"""When the next commit is due and what it holds (K3.3, K3.4). Pure: times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from core.e2ee.members import Books, Removal, Waiting

QUIET = 1.0
"""Seconds without a commit after which an add goes at once."""
SHORTEST = 0.25
"""Seconds an add waits for others after a recent commit."""
LONGEST = 1.0
"""The same in a storm: fewer, larger commits. Higher slows joining, lower costs every member more."""
STORM = 20
"""Waiting adds from which the wait grows."""
LEAVE = 2.0
"""Seconds within which a voluntary leave is committed."""
MAX_ADDS = 256
"""Adds in one commit: 1 MB of commit and Welcome with the hybrid suite, a quarter of the largest message."""
SUSPECT = 2
"""Failed attempts after which an add no longer goes with all others: the first may be a silent
committer's."""
PORTIONS = (16, 4, 1)
"""Adds in one commit after `SUSPECT` failures, one more, and from then on: whatever spoils commits is alone
after five of them, while everybody else has come in with fewer."""
HOPELESS = 6
"""Failed attempts after which a newcomer is asked to come again with another key package."""
FRESH_ALLOWED = 50
"""Leaves without a path of their own before members update in turn; 50 keep a removal below 64 kB (K3.4)."""
UPDATE_PAUSE = 3.0
"""Seconds between two such updates, so that they never compete with joins."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The content of one commit; without adds and removals it is a leaf update of its committer."""

    adds: tuple[Waiting, ...]
    removals: tuple[Removal, ...]

    @property
    def urgent(self) -> bool:
        """Whether somebody must go at once."""
        return any(removal.urgent for removal in self.removals)


def add_delay(waiting: int) -> float:
    """Seconds an add waits after a recent commit: 250 ms, growing to 1 s while more than 20 wait."""
    if waiting <= STORM:
        return SHORTEST
    return min(LONGEST, SHORTEST * -(-waiting // STORM))


def due(books: Books, last_commit: float) -> float:
    """The time at which the next commit is due; infinity when there is nothing to commit or nobody to confirm
    it (`reached` needs two receipts, K4.4, so alone removals wait)."""
    staying = len(books.staying())
    waiting = [w for w in books.waiting.values() if w.connected]
    if staying == 0 or staying + len(waiting) < 2:
        return inf
    times = [inf]
    if waiting:
        first = min(w.since for w in waiting)
        quiet = first - last_commit >= QUIET
        times.append(first if quiet else min(first + add_delay(len(waiting)), last_commit + QUIET))
    for removal in books.removals.values():
        times.append(removal.since if removal.urgent else removal.since + LEAVE)
    if len(books.fresh) > FRESH_ALLOWED and not waiting:
        times.append(last_commit + UPDATE_PAUSE)
    return min(times)


def take(books: Books, adds_failed: bool = False) -> Batch:
    """What the commit due now holds: every removal, and the adds that have failed least and wait longest.
    After an attempt with adds has failed, removals go without them: no newcomer can keep anybody in."""
    removals = tuple(books.removals.values())
    if removals and adds_failed and len(books.staying()) > 1:
        return Batch((), removals)
    adds = sorted((w for w in books.waiting.values() if w.connected), key=lambda w: (w.failures, w.since))
    if not adds:
        return Batch((), removals)
    failures = adds[0].failures
    return Batch(tuple([w for w in adds if w.failures == failures][: portion(failures)]), removals)


def portion(failures: int) -> int:
    """How many adds that failed so often go together."""
    if failures < SUSPECT:
        return MAX_ADDS
    return PORTIONS[min(failures - SUSPECT, len(PORTIONS) - 1)]
