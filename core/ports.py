"""The holes in the core's wall: one Protocol per thing outside it, one double per port in `tests/support`.

Only `gateway/app.py` plugs real things in. All async methods may raise the port's error of `core.errors`;
nothing here retries by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from core.values import (
    CertificateRequest,
    CommitRecord,
    EntryRecord,
    GroupRecord,
    Handshake,
    JoinToken,
    LoginSession,
    LogLeaf,
    Meeting,
    ParticipantRecord,
    PublicStateRecord,
    ReceiptRecord,
    RevocationRecord,
    Room,
    SignerInfo,
    Tenant,
    UnixMillis,
)


class Clock(Protocol):
    """Time. Nothing else in the core reads a clock."""

    def now(self) -> UnixMillis:
        """Wall time; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since an unspecified start; never goes back. For durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's monotonic time."""
        ...


class Rng(Protocol):
    """Randomness, cryptographically strong in production and seeded in tests."""

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        ...

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound)."""
        ...


class RoomStore(Protocol):
    """Tenants, rooms, meetings, join tokens and participants."""

    async def put_tenant(self, tenant: Tenant) -> None:
        """Insert the tenant or replace its names."""
        ...

    async def tenants(self) -> list[Tenant]:
        """Every tenant, by id."""
        ...

    async def create_room(self, room: Room) -> None:
        """Store a room. StoreConflict when the id or slug is taken."""
        ...

    async def room(self, slug: str) -> Room | None:
        """The room with this slug."""
        ...

    async def room_by_id(self, room: str) -> Room | None:
        """The room with this id."""
        ...

    async def rooms_of(self, owner: str) -> list[Room]:
        """Rooms whose owner has this URI, newest first."""
        ...

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        """The room's live meeting, which waits for nobody from here on, or a new one with id `meeting`, the
        next serial and its label (K9.2)."""
        ...

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        """A live meeting whose node was started again waits for its people; does nothing when it does."""
        ...

    async def live_meetings(self) -> list[Meeting]:
        """Meetings not ended, oldest first."""
        ...

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        """Mark ended; does nothing when it already was."""
        ...

    async def add_join_token(self, token: JoinToken) -> None:
        """Store a token's hash."""
        ...

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        """Use a token, atomically once. UserError token_unknown, token_used or token_expired."""
        ...

    async def add_participant(self, participant: ParticipantRecord) -> None:
        """Store somebody who joined."""
        ...

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        """Remember the certified leaf key. StoreConflict when one was set (one leaf per join, K2.1)."""
        ...

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        """Mark somebody as gone."""
        ...

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        """Everybody who was ever in the meeting, by time of joining."""
        ...

    async def purge(self, now: UnixMillis) -> int:
        """Delete join tokens that expired more than a day ago, and sessions that are over; returns how
        many."""
        ...


class SessionStore(Protocol):
    """Who is logged in."""

    async def add_session(self, session: LoginSession, most: int) -> None:
        """Store a session's hash; of more than `most` the oldest go."""
        ...

    async def session(self, token_hash: bytes) -> LoginSession | None:
        """The session with this hash, over or not."""
        ...

    async def end_session(self, token_hash: bytes) -> None:
        """Forget it; does nothing when there is none."""
        ...

    async def end_sessions(self) -> int:
        """Forget every session; returns how many."""
        ...

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        """Forget this person's sessions and unused join tokens; returns how many."""
        ...


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
        """Store leaves for the log to come (K9.1)."""
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
        """Revocations from `since` on."""
        ...


class Store(RoomStore, SessionStore, GroupStore, Protocol):
    """The database, whichever it is."""

    async def ping(self) -> None:
        """StoreUnavailable when the database does not answer."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


class Lease(Protocol):
    """Sole ownership of a name until `ttl` passes without `renew`. `fence` grows with each new holder."""

    @property
    def name(self) -> str:
        """What is owned."""
        ...

    @property
    def fence(self) -> int:
        """Compare before a write that an earlier holder could also attempt: the greater one wins."""
        ...

    async def renew(self) -> None:
        """Start the lease's time afresh. LeaseLost when it already ended."""
        ...

    async def release(self) -> None:
        """Give it back; does nothing when it already ended."""
        ...


class Bus(Protocol):
    """What nodes tell each other. Losing all of it loses nothing that matters: it is rebuilt from the
    store."""

    async def publish(self, topic: str, message: bytes) -> int:
        """Give the message to everyone subscribed now; returns to how many. Order per topic is kept."""
        ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Messages published inside the context. SlowSubscriber from the iterator after an overflow."""
        ...

    async def lease(self, name: str, ttl: float) -> Lease:
        """Own `name` for `ttl` seconds. LeaseHeld when somebody does."""
        ...

    async def register(self, kind: str, key: str, value: bytes, ttl: float) -> None:
        """Put or refresh an entry of the registry for `ttl` seconds."""
        ...

    async def unregister(self, kind: str, key: str) -> None:
        """Take an entry out; does nothing when it is not there."""
        ...

    async def registered(self, kind: str) -> dict[str, bytes]:
        """Every live entry of this kind."""
        ...

    async def enter(self, place: str, who: str, value: bytes, ttl: float) -> None:
        """Be present in `place`, or refresh it, for `ttl` seconds."""
        ...

    async def depart(self, place: str, who: str) -> None:
        """Be present no more."""
        ...

    async def present(self, place: str) -> dict[str, bytes]:
        """Who is present, in order of entering."""
        ...

    async def close(self) -> None:
        """End subscriptions and give everything back."""
        ...


class MediaNode(Protocol):
    """The SFU engine of this node: N workers, each one thread with one UDP port. No packet comes up here."""

    @property
    def workers(self) -> int:
        """How many workers run; they are numbered from 0."""
        ...

    @property
    def node_id(self) -> int:
        """This node's id, 0 to 255; the first two hexadecimal digits of each local ufrag."""
        ...

    def fingerprint(self, worker: int) -> str:
        """The worker's DTLS certificate as in SDP: `sha-256 AA:BB:…`."""
        ...

    def addresses(self, worker: int) -> Sequence[tuple[str, int]]:
        """Advertised (address, UDP port) pairs, best first."""
        ...

    def command(self, worker: int, command: Mapping[str, object]) -> None:
        """Queue a command such as `{"add_room": {"room": 1}}`. MediaQueueFull when the queue is full."""
        ...

    def events(self) -> AsyncIterator[tuple[int, dict[str, object]]]:
        """(worker, event) pairs such as `(0, {"connected": {...}})` until the node closes; one reader
        only."""
        ...

    async def close(self) -> None:
        """Stop the workers and end `events`."""
        ...


class Signer(Protocol):
    """The process that holds the CA keys and the hub key. SignerRefused or SignerUnavailable."""

    async def info(self) -> SignerInfo:
        """Public keys and roots."""
        ...

    async def issue_certificate(self, request: CertificateRequest) -> tuple[bytes, ...]:
        """A chain of DER certificates, leaf first, without the root, which the manifest holds (K2.1)."""
        ...

    async def sign_entry(self, fields: Mapping[str, object]) -> bytes:
        """The signed entry for these fields (K4.2); its hash is `core._native.e2ee.entry_hash` of it."""
        ...

    async def external_add(self, group_id: bytes, epoch: int, key_package: bytes) -> bytes:
        """The hub's Add proposal (K3.2)."""
        ...

    async def external_remove(self, group_id: bytes, epoch: int, leaf: int) -> bytes:
        """The hub's Remove proposal (K3.2)."""
        ...

    async def sign_manifest(self, fields: Mapping[str, object]) -> bytes:
        """The deployment's signed description of itself (K2.3)."""
        ...

    async def sign_policy(self, tenant: str, fields: Mapping[str, object]) -> bytes:
        """A tenant's signed policy (K2.6)."""
        ...

    async def sign_revocation(self, tenant: str, fingerprint: bytes, reason: str) -> bytes:
        """The tenant CA's signed revocation of the certificate with this SHA-256 (K2.4)."""
        ...


class Telemetry(Protocol):
    """Counts and traces by the names of the metric table; an unknown name is a LookupError."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add to a histogram, in the unit of the table."""
        ...

    def span(
        self,
        name: str,
        *,
        root_of: bytes | None = None,
        under: bytes | None = None,
        **attributes: str | int | float | bool,
    ) -> AbstractContextManager[None]:
        """A span of the current trace; an exception marks it as failed by its type alone.

        A join comes by HTTP and goes on on a socket: `root_of`, the hash of its join token, begins its trace,
        and `under`, the same hash, goes on with it.
        """
        ...
