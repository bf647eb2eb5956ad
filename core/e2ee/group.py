"""One live group: names committers, orders commits, gathers receipts, and says when an epoch is reached.

State machine of one attempt (K4.2): announced → submitted and stored as `proposed` → two receipts → stored as
`reached`; or too late or wrong → stored as `withdrawn` if it was ever stored, and the next committer is
named. All methods run one at a time; `delivery.Delivery` sees to that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from core.e2ee.attempt import Attempt, Receipt
from core.e2ee.batch import due, take
from core.e2ee.context import Context
from core.e2ee.entries import Chain
from core.e2ee.members import Books, Certificate, Member, Removal, Waiting
from core.e2ee.messages import MessageOrder
from core.e2ee.newcomers import Newcomers
from core.e2ee.proposals import Proposals
from core.e2ee.public import PublicTree, StagedCommit
from core.e2ee.replay import replay
from core.e2ee.settling import Settling
from core.errors import PeerError, StoreUnavailable
from core.values import CommitRecord, EntryState, PublicStateRecord, ReceiptRecord
from core.wire.events import (
    Event,
    GroupHead,
    GroupPropose,
    GroupReached,
    GroupRemoving,
    GroupRevocation,
    GroupStaged,
    GroupWelcome,
    GroupWithdrawn,
)

SLOWER = 0.1
"""Seconds that each failed attempt of one epoch adds before the next, up to `SLOWEST`."""
SLOWEST = 5.0
EPOCHS_SETTLING = 8
"""Reached epochs whose later receipts are still taken: 2 s of the fastest batches."""
FIRST_RECEIPT = 10.0
"""Seconds in which a joiner confirms its first epoch before it is asked to come again."""
UNSURE = 1.0
"""Seconds until a store is asked again whether it kept an entry."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What the named committer hands in (K4.1)."""

    epoch: int
    attempt: int
    commit: bytes
    welcome: bytes | None
    group_info: bytes
    signature: bytes


class GroupRun:
    """Families: `submit`, `receipt`, `failed` from members; `admit`, `connect`, `remove` from the meeting;
    `step` when `next_due` has come."""

    def __init__(
        self,
        context: Context,
        group_id: bytes,
        params: bytes,
        tree: PublicTree,
        chain: Chain,
        creator: Member,
        revoked: Mapping[Certificate, bytes],
    ) -> None:
        self._context = context
        self.group_id = group_id
        self.params = params
        self._tree = tree
        self._chain = chain
        self.books = Books(members={creator.participant: creator}, fresh={creator.leaf})
        self.messages = MessageOrder(context, self.books)
        self._attempt: Attempt | None = None
        self._number = 0
        self._silent: set[int] = set()
        self._settling: deque[Settling] = deque(maxlen=EPOCHS_SETTLING)
        self._proposals = Proposals(context, group_id)
        self._newcomers = Newcomers(context, self.books, revoked)
        self._adds_failed = False
        self._last_commit = -inf
        self._not_before = -inf
        head = chain.head
        assert head is not None, "a group begins with its reached epoch 0"
        self._reached_entry = head

    # ---- what is known ------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The last reached epoch."""
        return self._reached_entry.epoch

    @property
    def head_hash(self) -> bytes:
        """The hash a new group would cite (K3.1)."""
        return self._chain.head.hash if self._chain.head else b""

    @property
    def deserted(self) -> bool:
        """Whether every member has left for good or waits to rejoin: nobody is there to commit again."""
        open_commit = self._attempt is not None and self._attempt.stored
        return all(
            m.leaf in self.books.removals and not (m.connected and open_commit)
            for m in self.books.members.values()
        )

    def next_due(self) -> float:
        """Monotonic seconds at which `step` has something to do."""
        other = [member.seated + FIRST_RECEIPT for member in self._mute_joiners()]
        other += [settling.flush_at for settling in self._settling]
        if self._attempt is not None:
            return min([self._attempt.deadline, *other])
        return min([self._batch_due(), *other])

    def _batch_due(self) -> float:
        return max(due(self.books, self._last_commit), self._not_before)

    # ---- from the meeting ---------------------------------------------------------------------------------

    async def admit(
        self, participant: str, leaf_key: bytes, key_package: bytes, uri: tuple[str, str, str]
    ) -> None:
        """Queue a key package for the next batch. PeerError `key_package_refused` (K2.2), `already_done`."""
        checked = await self._tree.check_key_package(key_package, self._context.clock.now())
        if checked.leaf_key != leaf_key or checked.uri != uri:
            raise PeerError("key_package_refused", "it is not this participant's certified key")
        self._newcomers.check(participant, checked, self._adds())
        member = self.books.members.get(participant)
        if member is not None:
            if member.leaf_key == leaf_key:
                raise PeerError("already_done", "this leaf is in the group")
            now = self._context.clock.monotonic()
            self.books.removals.setdefault(member.leaf, Removal(member.leaf, "rejoin", False, now))
        self._newcomers.queue(participant, checked, key_package)

    def _adds(self) -> tuple[Waiting, ...]:
        """Who is being added now."""
        return self._attempt.batch.adds if self._attempt is not None else ()

    async def connect(self, participant: str, connected: bool) -> None:
        """A socket came back or was lost."""
        member, waiting = self.books.members.get(participant), self.books.waiting.get(participant)
        if member is not None:
            member.connected = connected
        if waiting is not None:
            waiting.connected = connected
        if self._settling:
            self._settling[-1].check()
        attempt = self._attempt
        if not connected and attempt is not None and attempt.committer.participant == participant:
            if not attempt.stored:
                await self._give_up()

    async def remove(self, participant: str, reason: str, urgent: bool) -> None:
        """Somebody is gone, by leaving (K3.3: within 2 s) or by a host's word or a revocation (at once)."""
        self._newcomers.forget(participant)
        attempt = self._attempt
        if urgent and attempt and attempt.adds(participant):
            if attempt.stored:
                attempt.doomed[participant] = reason
            else:
                self._drop_attempt()
        member = self.books.members.get(participant)
        if member is None:
            return
        await self.connect(participant, False)
        self._remove_leaf(member.leaf, reason, urgent)

    async def revoke(self, data: bytes, certificate: Certificate) -> list[str]:
        """A verified revocation is told to everybody, its leaves are removed at once, and who waits or is
        being added with that certificate is not proposed again: clients would refuse (K2.4). Returns whose
        it is."""
        found = [self.books.by_leaf(leaf) for leaf in self._tree.revoke(data, self._context.clock.now())]
        for participant in {**self.books.members, **self.books.waiting}:
            self._context.voice.tell(participant, GroupRevocation(data=data))
        for member in found:
            if member is not None:
                self._remove_leaf(member.leaf, "revocation", True)
        members = [member.participant for member in found if member is not None]
        return [*members, *self._revoke_newcomers(certificate)]

    def _revoke_newcomers(self, certificate: Certificate) -> list[str]:
        attempt = self._attempt
        staged = [w.participant for w in self._adds() if w.certificate == certificate]
        waiting = self._newcomers.revoke(certificate)
        if attempt is not None and staged:
            if attempt.stored:
                # Withdrawn by the next step, or if it was reached by now, gone with the next commit.
                attempt.doomed.update(dict.fromkeys(staged, "revocation"))
                attempt.deadline = self._context.clock.monotonic()
            else:
                self._drop_attempt()
        return list(dict.fromkeys([*staged, *waiting]))

    def _remove_leaf(self, leaf: int, reason: str, urgent: bool) -> None:
        known = self.books.removals.get(leaf)
        if known is not None and (known.urgent or not urgent):
            return
        self.books.removals[leaf] = Removal(leaf, reason, urgent, self._context.clock.monotonic())
        if not urgent:
            return
        for member in self.books.members.values():
            if member.leaf != leaf:
                self._context.voice.tell(member.participant, GroupRemoving(leaf=leaf, reason=reason))
        if self._attempt is not None and not self._attempt.stored:
            # Nobody has submitted: the attempt was never stored, so a new one simply takes its place.
            self._drop_attempt()
        # However often attempts failed before: a removal does not wait for that (K3.3).
        self._not_before = -inf

    # ---- attempts -----------------------------------------------------------------------------------------

    async def step(self) -> None:
        """Do what is due now."""
        now = self._context.clock.monotonic()
        for settling in self._settling:
            if now >= settling.flush_at:
                await settling.flush()
        if self._attempt is not None and now >= self._attempt.deadline:
            await self._give_up()
        for member in self._mute_joiners():
            if now >= member.seated + FIRST_RECEIPT:
                self._ask_to_rejoin(member.participant)
        if self._attempt is None and now >= self._batch_due():
            await self._begin()

    def _mute_joiners(self) -> list[Member]:
        """Connected members that never confirmed the epoch they joined at: their Welcome may not open."""
        return [
            member
            for member in self.books.members.values()
            if member.connected
            and member.confirmed < member.joined
            and member.leaf not in self.books.removals
        ]

    async def _begin(self) -> None:
        batch = take(self.books, self._adds_failed)
        committer = self.books.committer(self.epoch, self._silent)
        if committer is None:
            return
        proposals = await self._proposals.of(batch, self.epoch)
        patience = Attempt.patience(batch, len(self.books.members))
        deadline = self._context.clock.monotonic() + patience
        self._attempt = Attempt(self.epoch + 1, self._number, batch, committer, proposals, deadline)
        self.books.last_committer = committer.leaf
        self._tell_members(self._proposal_event(self._attempt, patience))

    def _proposal_event(self, attempt: Attempt, patience: float) -> GroupPropose:
        return GroupPropose(
            epoch=attempt.epoch,
            attempt=attempt.number,
            committer=attempt.committer.leaf,
            proposals=list(attempt.proposals),
            deadline_ms=round(patience * 1000),
        )

    async def submit(self, participant: str, submission: Submission) -> None:
        """The committer's commit: verified, stored, and announced to be staged (K4.1 to K4.3).

        PeerError `attempt_unknown`, `not_committer`, `already_done`, or `commit_refused`, after which the
        next committer is named.
        """
        attempt = self._attempt
        if attempt is None or (submission.epoch, submission.attempt) != (attempt.epoch, attempt.number):
            raise PeerError("attempt_unknown")
        if attempt.committer.participant != participant:
            raise PeerError("not_committer")
        if attempt.stored:
            raise PeerError("already_done")
        staged: StagedCommit | None = None
        try:
            staged = await self._stage(attempt, submission)
            attempt.welcomes = await self._welcomes(attempt.batch.adds, submission.welcome)
            attempt.commit_hash = staged.commit_hash
            await self._store_proposed(attempt, submission, staged)
        except StoreUnavailable:
            attempt.unsure = staged
            attempt.deadline = self._context.clock.monotonic() + UNSURE
            raise
        except Exception as error:
            if staged is not None:
                self._tree.discard()
            self._silent.add(attempt.committer.leaf)
            self._drop_attempt(spoiled=isinstance(error, PeerError))
            raise
        self._announce(attempt, staged.tree)

    async def _resolve(self, attempt: Attempt, staged: StagedCommit) -> None:
        """The store did not say whether it kept the entry. If it did, the attempt goes on as if it had said
        so, because clients follow the chain entry by entry; if not, there never was one."""
        try:
            entry = await self._chain.find(EntryState.PROPOSED, attempt.epoch, attempt.number)
        except StoreUnavailable:
            attempt.deadline = self._context.clock.monotonic() + UNSURE
            return
        attempt.unsure, attempt.entry = None, entry
        if entry is None:
            self._tree.discard()
            self._drop_attempt()
        else:
            self._announce(attempt, staged.tree)
            if attempt.doomed:  # told all the same, because of the chain, and withdrawn before it is reached
                await self._give_up()

    async def _stage(self, attempt: Attempt, submission: Submission) -> StagedCommit:
        return await self._tree.stage(
            attempt.epoch,
            attempt.number,
            attempt.proposals,
            submission.commit,
            submission.signature,
            attempt.committer.leaf,
            self._context.clock.now(),
        )

    async def _welcomes(self, adds: Sequence[Waiting], welcome: bytes | None) -> list[bytes]:
        if not adds:
            return []
        if welcome is None:
            raise PeerError("commit_refused", "people are added and there is no Welcome")
        return await self._tree.welcomes_for(welcome, [waiting.ref for waiting in adds])

    async def _store_proposed(self, attempt: Attempt, submission: Submission, staged: StagedCommit) -> None:
        attempt.commit = CommitRecord(
            self.group_id,
            attempt.epoch,
            attempt.number,
            attempt.committer.leaf,
            attempt.proposals,
            submission.commit,
            submission.signature,
            submission.welcome,
        )
        state = PublicStateRecord(
            self.group_id, attempt.epoch, attempt.number, submission.group_info, staged.tree
        )
        attempt.entry = await self._chain.append(
            EntryState.PROPOSED,
            attempt.epoch,
            attempt.number,
            staged.commit_hash,
            commit=attempt.commit,
            public_state=state,
        )

    def _announce(self, attempt: Attempt, tree: bytes) -> None:
        assert attempt.entry is not None and attempt.commit is not None
        patience = Attempt.receipt_patience(attempt.commit.commit)
        attempt.deadline = self._context.clock.monotonic() + patience
        self._tell_members(self._staged_event(attempt))
        head = GroupHead(entry=self._reached_entry.data, params=self.params)
        for waiting, welcome in zip(attempt.batch.adds, attempt.welcomes, strict=True):
            self._context.voice.tell(waiting.participant, head)
            event = GroupWelcome(entry=attempt.entry.data, welcome=welcome, tree=tree, params=self.params)
            self._context.voice.tell(waiting.participant, event)

    def _staged_event(self, attempt: Attempt) -> GroupStaged:
        assert attempt.entry is not None and attempt.commit is not None
        return GroupStaged(
            entry=attempt.entry.data,
            commit=attempt.commit.commit,
            signature=attempt.commit.signature,
            committer=attempt.committer.leaf,
        )

    async def receipt(self, participant: str, data: bytes) -> None:
        """A member's or joiner's receipt. PeerError `receipt_refused`, `attempt_unknown`."""
        fields = self._tree.receipt(data)
        receipt = Receipt(fields["leaf"], fields["authenticator"], data)
        which = (fields["epoch"], fields["attempt"])
        attempt = self._attempt
        settling = next((s for s in self._settling if which == (s.epoch, s.attempt)), None)
        if attempt is not None and attempt.withdrawing:
            attempt = None
        if attempt is not None and attempt.entry is not None and which == (attempt.epoch, attempt.number):
            self._check_receipt(participant, fields["leaf"], attempt)
            expected = attempt.entry.hash
        elif settling is not None:
            member = self.books.members.get(participant)
            if member is None or member.leaf != fields["leaf"]:
                raise PeerError("receipt_refused", "it is another leaf's")
            member.confirmed = max(member.confirmed, settling.epoch)
            expected = settling.entry_hash
        else:
            raise PeerError("attempt_unknown")
        if fields["group"] != self.group_id or fields["entry_hash"] != expected:
            raise PeerError("receipt_refused", "it is for another group or entry")
        if attempt is not None and which == (attempt.epoch, attempt.number):
            attempt.receipts.setdefault(receipt.leaf, receipt)
            await self._reach(attempt)
        elif settling is not None:
            settling.add(receipt)

    def _check_receipt(self, participant: str, leaf: int, attempt: Attempt) -> None:
        """A member speaks for its own leaf, a joiner for the one that the commit gives its new key: one who
        rejoins still has the key of the leaf that is leaving."""
        member = self.books.members.get(participant)
        leaving = {removal.leaf for removal in attempt.batch.removals}
        if member is not None and member.leaf not in leaving:
            allowed = member.leaf == leaf
        else:
            adds = attempt.batch.adds
            joins = next((waiting for waiting in adds if waiting.participant == participant), None)
            allowed = joins is not None and leaf == self._tree.leaf_of(joins.leaf_key)
        if not allowed:
            raise PeerError("receipt_refused", "it is another leaf's")

    async def _reach(self, attempt: Attempt) -> None:
        """Two receipts over one authenticator make the epoch (K4.4): stored first, then said."""
        pair = attempt.pair()
        if pair is None:
            return
        records = [
            ReceiptRecord(self.group_id, attempt.epoch, attempt.number, receipt.leaf, receipt.data)
            for receipt in pair
        ]
        self._reached_entry = await self._chain.append(
            EntryState.REACHED, attempt.epoch, attempt.number, attempt.commit_hash, receipts=records
        )
        self._tree.merge()
        told = [member.participant for member in self.books.present()]
        told += [w.participant for w in attempt.batch.adds if w.participant not in told]
        changed = self._seat(attempt)
        self._attempt, self._number = None, 0
        self._adds_failed = False
        self._silent.clear()
        self._proposals.clear()
        self._last_commit = self._context.clock.monotonic()
        self.messages.superseded(attempt.epoch)
        event = GroupReached(
            epoch=attempt.epoch, entry=self._reached_entry.data, receipts=[receipt.data for receipt in pair]
        )
        for participant in told:
            self._context.voice.tell(participant, event)
        self._tell_removals([waiting.participant for waiting in attempt.batch.adds])
        for participant, reason in attempt.doomed.items():
            if participant in self.books.members:
                self._remove_leaf(self.books.members[participant].leaf, reason, True)
        self._context.voice.leaves_changed(changed, attempt.epoch)
        known = {receipt.leaf for receipt in pair}
        settling = Settling(self._context, self.books, self.group_id, attempt, known)
        if self._settling:
            self._settling[-1].supersede()
        self._settling.append(settling)
        settling.check()
        for participant in attempt.failed:
            self._ask_to_rejoin(participant)

    def _tell_removals(self, joined: Sequence[str]) -> None:
        """Newcomers hear of the urgent removals that were told before they came (K4.6)."""
        for removal in self.books.removals.values():
            for participant in joined if removal.urgent else ():
                self._context.voice.tell(participant, GroupRemoving(leaf=removal.leaf, reason=removal.reason))

    def _seat(self, attempt: Attempt) -> dict[str, int | None]:
        """Bring the books to the new epoch; returns whose leaf changed."""
        changed: dict[str, int | None] = {}
        leaving = {removal.leaf for removal in attempt.batch.removals}
        for member in list(self.books.members.values()):
            if member.leaf in leaving:
                del self.books.members[member.participant]
                self.books.removals.pop(member.leaf, None)
                self.books.fresh.discard(member.leaf)
                changed[member.participant] = None
            elif member.leaf in attempt.receipts:
                member.confirmed = attempt.epoch
        for waiting in attempt.batch.adds:
            leaf = self._tree.leaf_of(waiting.leaf_key)
            assert leaf is not None, "an added leaf is in the tree"
            changed[waiting.participant] = leaf
            self._seat_one(waiting, leaf, attempt)
        if not attempt.batch.adds or leaving:
            self.books.fresh.discard(attempt.committer.leaf)
        return changed

    def _seat_one(self, waiting: Waiting, leaf: int, attempt: Attempt) -> None:
        confirmed = attempt.epoch if leaf in attempt.receipts else 0
        now = self._context.clock.monotonic()
        member = Member(
            waiting.participant, waiting.leaf_key, leaf, waiting.connected, attempt.epoch, confirmed, now
        )
        self.books.members[waiting.participant] = member
        self._newcomers.seated(waiting.participant)
        self.books.fresh.add(leaf)
        queued = self.books.waiting.get(waiting.participant)
        if queued is not None and queued.ref == waiting.ref:
            del self.books.waiting[waiting.participant]
            return
        # Gone, or back with another key, while the commit was under way: this leaf must go again.
        member.connected = queued is not None and queued.connected
        self.books.removals[leaf] = Removal(leaf, "left", False, now)

    async def failed(self, participant: str, epoch: int, attempt: int, report: bytes) -> None:
        """A member cannot process a commit and says so, signed (K4.4): it rejoins as a fresh leaf."""
        fields = self._tree.failure(report)
        member = self.books.members.get(participant)
        if member is None or fields["leaf"] != member.leaf or fields["group"] != self.group_id:
            raise PeerError("receipt_refused", "the report is another leaf's")
        if (fields["epoch"], fields["attempt"]) != (epoch, attempt):
            raise PeerError("receipt_refused", "the report is for another attempt")
        current = self._attempt
        if current is not None and (epoch, attempt) == (current.epoch, current.number):
            current.failed.add(participant)
            if current.committer.participant == participant:
                await self._give_up()
        elif epoch <= self.epoch:
            self._ask_to_rejoin(participant)
        else:
            raise PeerError("attempt_unknown")

    def _ask_to_rejoin(self, participant: str) -> None:
        member = self.books.members.get(participant)
        # Asked once: a second nonce would spoil the certificate that is under way for the first.
        if member is not None and member.leaf not in self.books.removals:
            self._remove_leaf(member.leaf, "rejoin", False)
            self._context.voice.rejoin(participant, "the last commit could not be processed")

    async def _give_up(self) -> None:
        """The attempt is too late: withdrawn without blame, the next committer comes (K4.4)."""
        attempt = self._attempt
        if attempt is None:
            return
        if attempt.unsure is not None:
            await self._resolve(attempt, attempt.unsure)
            return
        if attempt.pair() is not None and not attempt.withdrawing:
            # Reached, and perhaps signed so, but the store did not answer: it can only be said again.
            await self._reach(attempt)
            return
        self._silent.add(attempt.committer.leaf)
        if attempt.entry is None:
            self._drop_attempt(spoiled=True)
            return
        attempt.withdrawing = True
        entry = await self._chain.append(
            EntryState.WITHDRAWN, attempt.epoch, attempt.number, attempt.commit_hash
        )
        self._tree.discard()
        event = GroupWithdrawn(entry=entry.data)
        self._tell_members(event)
        present = {member.participant for member in self.books.present()}
        for waiting in attempt.batch.adds:
            if waiting.participant not in present:
                self._context.voice.tell(waiting.participant, event)
        self._drop_attempt(spoiled=True)

    def _drop_attempt(self, spoiled: bool = False) -> None:
        """Make place for the next. `spoiled` when it failed by what was in it or by whoever committed it."""
        if spoiled:
            self._adds_failed = self._adds_failed or bool(self._adds())
            self._newcomers.suspect(self._adds())
        self._attempt = None
        self._number += 1
        pause = min(SLOWEST, SLOWER * (self._number - 1))
        self._not_before = self._context.clock.monotonic() + pause

    def _tell_members(self, event: Event) -> None:
        for member in self.books.present():
            self._context.voice.tell(member.participant, event)

    # ---- for a member that returns ------------------------------------------------------------------------

    async def catch_up(self, participant: str, after_epoch: int) -> list[Event]:
        """Every handshake message this member missed, in order (K4.2); a member that never held its first
        epoch is asked to rejoin."""
        member = self.books.members.get(participant)
        if member is None:
            return []
        if member.joined > after_epoch:
            self._ask_to_rejoin(participant)
            return []
        events: list[Event] = []
        for shake in await self._context.store.handshakes(self.group_id, after_epoch):
            events += replay(shake)
        return events + self._current_events()

    def _current_events(self) -> list[Event]:
        events: list[Event] = [
            GroupRemoving(leaf=removal.leaf, reason=removal.reason)
            for removal in self.books.removals.values()
            if removal.urgent
        ]
        if self._attempt is not None:
            left = max(0.0, self._attempt.deadline - self._context.clock.monotonic())
            events.append(self._proposal_event(self._attempt, left))
            if self._attempt.entry is not None:
                events.append(self._staged_event(self._attempt))
        return events
