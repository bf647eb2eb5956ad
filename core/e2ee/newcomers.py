"""Who waits for a leaf: what a key package must not repeat, and which of several spoils a commit.

A key package that repeats somebody's key makes every commit that takes it invalid, and not only for itself.
What can be compared is refused; whatever else spoils commits is found by what fails without the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.e2ee.batch import HOPELESS, PORTIONS, SUSPECT
from core.e2ee.context import Context
from core.e2ee.members import Books, Certificate, Waiting
from core.e2ee.public import CheckedPackage
from core.errors import PeerError


class Newcomers:
    """Order of calls: `queue` for each key package; `suspect` after a failed attempt, `revoke` and `forget`
    at any time."""

    def __init__(self, context: Context, books: Books, revoked: Mapping[Certificate, bytes]) -> None:
        self._context = context
        self._books = books
        self._revoked = revoked
        self._seen: set[bytes] = set()
        self._troubled: dict[str, int] = {}

    def check(self, participant: str, checked: CheckedPackage, adds: Sequence[Waiting]) -> None:
        """What one key package alone does not show: that it was used, revoked, or repeats a key of somebody
        who waits or is being added. PeerError `key_package_refused`."""
        if checked.ref in self._seen:
            raise PeerError("key_package_refused", "a key package is used once")
        if checked.certificate in self._revoked:
            raise PeerError("key_package_refused", "the certificate was revoked")
        others = [w for w in self._books.waiting.values() if w.participant != participant]
        if any(checked.keys & other.keys for other in [*others, *adds]):
            raise PeerError("key_package_refused", "it repeats a key of another newcomer")

    def queue(self, participant: str, checked: CheckedPackage, key_package: bytes) -> None:
        """It waits for the next batch."""
        self._seen.add(checked.ref)
        previous = self._books.waiting.get(participant)
        # Another key package is no clean slate, or whoever hands one in after each failure spoils them all.
        failures = max(self._troubled.get(participant, 0), previous.failures if previous is not None else 0)
        self._books.waiting[participant] = Waiting(
            participant,
            checked.leaf_key,
            key_package,
            checked.ref,
            self._context.clock.monotonic(),
            checked.keys,
            checked.certificate,
            failures=failures,
        )

    def suspect(self, adds: Sequence[Waiting]) -> None:
        """Adds of a failed attempt come later and in smaller portions; one that fails alone must come
        again, and then goes last and alone from the start."""
        for waiting in adds:
            waiting.failures += 1
            current = self._books.waiting.get(waiting.participant)
            if current is not None:  # perhaps one that came meanwhile
                current.failures = max(current.failures, waiting.failures)
            if waiting.failures >= HOPELESS and self._books.waiting.get(waiting.participant) is waiting:
                del self._books.waiting[waiting.participant]
                self._troubled[waiting.participant] = SUSPECT + len(PORTIONS) - 1
                self._context.voice.rejoin(waiting.participant, "no commit took this key package")

    def revoke(self, certificate: Certificate) -> list[str]:
        """Whoever waits with this certificate waits no more; returns who."""
        found = [w.participant for w in self._books.waiting.values() if w.certificate == certificate]
        for participant in found:
            self.forget(participant)
        return found

    def forget(self, participant: str) -> None:
        """Gone for good."""
        self._books.waiting.pop(participant, None)
        self._troubled.pop(participant, None)

    def seated(self, participant: str) -> None:
        """In the tree: whatever was wrong before is over."""
        self._troubled.pop(participant, None)
