"""The delivery service of one meeting: who creates the group, one thing at a time, and a new group when the
old one has lost everybody (K3.1).

Start it with `run` as a task of its own; every other method may be called from anywhere. Requests and timers
take turns, in the order in which they came.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import msgpack

from core._native import e2ee
from core.e2ee.context import Context
from core.e2ee.entries import Chain
from core.e2ee.group import GroupRun, Submission
from core.e2ee.members import Certificate, Member
from core.e2ee.public import PublicTree, refused
from core.errors import PeerError, SignerError, StoreError
from core.values import EntryState, GroupRecord, PublicStateRecord, UnixMillis
from core.wire.events import Event, GroupCreate
from core.wire.values import MessageKind

log = logging.getLogger("entente.e2ee")

CREATE = 5.0
"""Seconds the first client has to create the group before the next one is asked."""
RETRY = 1.0
"""Seconds to wait when the signer or the store failed."""


@dataclass(slots=True)
class Candidate:
    """Somebody whose key package came before there was a group."""

    leaf_key: bytes
    key_package: bytes
    uri: tuple[str, str, str]
    connected: bool = True


@dataclass(frozen=True, slots=True)
class Creating:
    """Who was asked to create which group."""

    participant: str
    group_id: bytes
    params: bytes
    prior: e2ee.Prior | None
    deadline: float


class Delivery:
    """Families: `key_package`, `created`, `submit`, `receipt`, `failed`, `message` carry out requests;
    `connect`, `remove`, `revoke`, `catch_up` follow the meeting; `run` keeps the time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._group: GroupRun | None = None
        self._creating: Creating | None = None
        self._candidates: dict[str, Candidate] = {}
        self._prior: e2ee.Prior | None = None
        self._retry_at = -inf
        self._uris: dict[str, tuple[str, str, str]] = {}
        self._revoked: dict[Certificate, bytes] = {}
        self._restored = False

    @property
    def epoch(self) -> int | None:
        """The last reached epoch; None before there is a group."""
        return self._group.epoch if self._group else None

    # ---- time ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep batches, deadlines and receipts on time until cancelled."""
        while True:
            self._wake.clear()
            async with self._turn:
                try:
                    await self._step()
                except (SignerError, StoreError) as error:
                    log.warning("the group waits: %s", type(error).__name__)
                    self._retry_at = self._context.clock.monotonic() + RETRY
                except Exception:
                    # A bug here must not leave a meeting without a clock; it is loud, and tried again.
                    log.exception("a step of the group failed")
                    self._retry_at = self._context.clock.monotonic() + RETRY
                due = max(self._next_due(), self._retry_at)
            await self._wait(due - self._context.clock.monotonic())

    async def _wait(self, seconds: float) -> None:
        """Until `seconds` have passed or something happened."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._wake.wait())]
        if seconds < inf:
            waits.append(asyncio.ensure_future(self._context.clock.sleep(max(0.0, seconds))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            for wait in waits:
                with contextlib.suppress(asyncio.CancelledError):
                    await wait

    def _next_due(self) -> float:
        if self._creating is not None:
            return self._creating.deadline
        return self._group.next_due() if self._group is not None else inf

    async def _step(self) -> None:
        if self._group is not None and self._group.deserted and self._group.books.waiting:
            self._replace(self._group)
        if self._group is not None:
            await self._group.step()
            return
        creating = self._creating
        if creating is not None:
            asked = self._candidates.get(creating.participant)
            late = self._context.clock.monotonic() >= creating.deadline
            if asked is not None and asked.connected and not late:
                return
            self._pass_over(creating.participant, gone=asked is None)
        await self._ask_to_create()

    def _replace(self, old: GroupRun) -> None:
        """Everybody of the old group is gone: those who wait make a new one, which cites it (K3.1)."""
        for waiting in old.books.waiting.values():
            uri = self._uris[waiting.participant]
            self._candidates[waiting.participant] = Candidate(
                waiting.leaf_key, waiting.key_package, uri, waiting.connected
            )
        self._prior = {"group": old.group_id, "head_hash": old.head_hash, "reason": "everybody_left"}
        self._group = None

    def _pass_over(self, participant: str, gone: bool) -> None:
        """The one who was asked did not create: it goes to the end of the row."""
        candidate = self._candidates.pop(participant, None)
        if candidate is not None and not gone:
            self._candidates[participant] = candidate
        self._creating = None

    async def _ask_to_create(self) -> None:
        chosen = next((p for p, c in self._candidates.items() if c.connected), None)
        if chosen is None:
            return
        group_id = self._context.rng.bytes(32)
        params = self._context.keys.params(group_id, self._prior)
        deadline = self._context.clock.monotonic() + CREATE
        self._creating = Creating(chosen, group_id, params, self._prior, deadline)
        self._context.voice.tell(chosen, GroupCreate(params=params))

    # ---- requests -----------------------------------------------------------------------------------------

    async def key_package(
        self, participant: str, leaf_key: bytes, data: bytes, uri: tuple[str, str, str]
    ) -> None:
        """A key package of a certified leaf key; `uri` is what its certificate must say (K2.2)."""
        async with self._turn:
            await self._restore()
            self._uris[participant] = uri
            if self._group is not None:
                await self._group.admit(participant, leaf_key, data, uri)
            elif participant in self._candidates:
                raise PeerError("already_done", "one key package waits already")
            else:
                self._candidates[participant] = Candidate(leaf_key, data, uri)
        self._wake.set()

    async def created(self, participant: str, group_info: bytes, tree: bytes) -> bytes:
        """The new group, checked and stored; returns its first entry. PeerError `out_of_order`,
        `commit_refused`."""
        async with self._turn:
            creating = self._creating
            if creating is None or creating.participant != participant:
                raise PeerError("out_of_order", "nobody asked for this group")
            candidate = self._candidates[participant]
            public = await self._open(creating, candidate, group_info, tree)
            chain = await self._store_group(creating, group_info, tree)
            member = Member(
                participant, candidate.leaf_key, 0, candidate.connected, 0, 0, self._context.clock.monotonic()
            )
            self._group = GroupRun(
                self._context, creating.group_id, creating.params, public, chain, member, self._revoked
            )
            self._creating, self._prior = None, None
            del self._candidates[participant]
            self._context.voice.leaves_changed({participant: 0}, 0)
            await self._admit_candidates(self._group)
            head = chain.head
        self._wake.set()
        return head.data if head else b""

    async def submit(self, participant: str, submission: Submission) -> None:
        """See GroupRun.submit."""
        async with self._turn:
            try:
                await self._running().submit(participant, submission)
            finally:
                self._wake.set()

    async def receipt(self, participant: str, data: bytes) -> None:
        """See GroupRun.receipt."""
        async with self._turn:
            await self._running().receipt(participant, data)
        self._wake.set()

    async def failed(self, participant: str, epoch: int, attempt: int, report: bytes) -> None:
        """See GroupRun.failed."""
        async with self._turn:
            await self._running().failed(participant, epoch, attempt, report)
        self._wake.set()

    async def message(self, participant: str, data: bytes, epoch: int, kind: MessageKind) -> None:
        """See MessageOrder.relay."""
        async with self._turn:
            self._running().messages.relay(participant, data, epoch, kind)

    # ---- the meeting --------------------------------------------------------------------------------------

    async def connect(self, participant: str, connected: bool) -> None:
        """A participant's socket came back or was lost."""
        async with self._turn:
            if participant in self._candidates:
                self._candidates[participant].connected = connected
            if self._group is not None:
                await self._group.connect(participant, connected)
        self._wake.set()

    async def remove(self, participant: str, reason: str, urgent: bool) -> None:
        """A participant is gone for good."""
        async with self._turn:
            self._candidates.pop(participant, None)
            self._uris.pop(participant, None)
            if self._group is not None:
                await self._group.remove(participant, reason, urgent)
        self._wake.set()

    async def revoke(self, data: bytes) -> list[str]:
        """A CA's revocation: told to everybody, and its leaves are removed at once (K2.4). Returns whose.
        PeerError `commit_refused` when no CA has signed it."""
        certificate = self._open_revocation(data)
        async with self._turn:
            self._revoked[certificate] = data
            found = await self._group.revoke(data, certificate) if self._group is not None else []
        self._wake.set()
        return found

    def _open_revocation(self, data: bytes) -> Certificate:
        try:
            fields = msgpack.unpackb(self._context.trust.open_revocation(data))
        except e2ee.E2eeError as error:
            raise refused("commit_refused", error) from None
        return fields["deployment"], fields["tenant"], fields["fingerprint"]

    async def catch_up(self, participant: str, after_epoch: int, ready: Callable[[], None]) -> None:
        """Tell a returning member what it missed, between two events of the group: `ready` is called right
        before the first is told."""
        async with self._turn:
            events: list[Event] = []
            creating = self._creating
            if self._group is not None:
                events = await self._group.catch_up(participant, after_epoch)
            elif creating is not None and creating.participant == participant:
                events = [GroupCreate(params=creating.params)]
            ready()
            for event in events:
                self._context.voice.tell(participant, event)

    # ---- creation -----------------------------------------------------------------------------------------

    async def _restore(self) -> None:
        """What the store knows of this meeting, once and before its first group here: certificates that were
        revoked, and the group that an earlier run of the node led, which the new one cites (K3.1). Its last
        entry may be one without an outcome. StoreError."""
        if self._restored:
            return
        context = self._context
        since = UnixMillis(context.clock.now() - e2ee.MAX_CERTIFICATE_MS)
        for record in await context.store.revocations(since):
            with contextlib.suppress(PeerError):  # of a deployment that is not enrolled any more
                self._revoked[self._open_revocation(record.data)] = record.data
        for group in await context.store.groups(context.keys.meeting):
            head = await context.store.head(group.id)
            if head is not None:
                self._prior = {"group": group.id, "head_hash": head.hash, "reason": "restart"}
        self._restored = True

    def _running(self) -> GroupRun:
        if self._group is None:
            raise PeerError("group_unknown")
        return self._group

    async def _open(
        self, creating: Creating, candidate: Candidate, group_info: bytes, tree: bytes
    ) -> PublicTree:
        context = self._context
        now = context.clock.now()
        public = await PublicTree.open(group_info, tree, creating.params, context.trust, now, context.offload)
        if public.epoch != 0 or public.size() != 1 or public.leaf_of(candidate.leaf_key) != 0:
            raise PeerError("commit_refused", "a new group holds its creator alone")
        if public.certificates() & self._revoked.keys():
            raise PeerError("commit_refused", "the creator's certificate was revoked")
        return public

    async def _store_group(self, creating: Creating, group_info: bytes, tree: bytes) -> Chain:
        """The group's record and its first entry; a crash between the two leaves a group without
        epochs, which nothing refers to."""
        keys, context = self._context.keys, self._context
        await context.store.create_group(
            GroupRecord(
                creating.group_id,
                keys.meeting,
                keys.term,
                keys.suite,
                creating.params,
                context.clock.now(),
                creating.prior["group"] if creating.prior else None,
            )
        )
        chain = Chain(
            keys.label,
            creating.group_id,
            keys.term,
            context.store,
            context.signer,
            context.clock,
            context.rng,
        )
        state = PublicStateRecord(creating.group_id, 0, 0, group_info, tree)
        digest = hashlib.sha256(group_info).digest()
        await chain.append(EntryState.REACHED, 0, 0, digest, public_state=state)
        return chain

    async def _admit_candidates(self, group: GroupRun) -> None:
        """Those who came meanwhile; their key packages could not be checked before there was a group."""
        candidates, self._candidates = self._candidates, {}
        for participant, candidate in candidates.items():
            try:
                await group.admit(participant, candidate.leaf_key, candidate.key_package, candidate.uri)
            except PeerError as error:
                self._context.voice.rejoin(participant, error.detail)
                continue
            await group.connect(participant, candidate.connected)
