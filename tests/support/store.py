"""A store in memory for virtual time: no thread, no file, and the same refusals as the real one.

`fail` makes the next appends fail: "lost" before anything is kept, "kept" after it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from core.errors import ChainBroken, StoreConflict, StoreUnavailable, UserError
from core.records import AuditEvent
from core.store.rooms import TOKEN_GRACE
from core.values import (
    CommitRecord,
    EntryRecord,
    EntryState,
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
    Tenant,
    UnixMillis,
    meeting_label,
)

Attempt = tuple[bytes, int, int]


class MemoryStore:
    """`core.ports.Store`."""

    def __init__(self) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._rooms: dict[str, Room] = {}
        self._meetings: dict[str, Meeting] = {}
        self._tokens: dict[bytes, JoinToken] = {}
        self._used: set[bytes] = set()
        self._sessions: dict[bytes, LoginSession] = {}
        self._people: dict[str, ParticipantRecord] = {}
        self._groups: dict[bytes, GroupRecord] = {}
        self._entries: dict[bytes, list[EntryRecord]] = {}
        self._commits: dict[Attempt, CommitRecord] = {}
        self._states: dict[Attempt, PublicStateRecord] = {}
        self._receipts: dict[tuple[bytes, int, int, int], ReceiptRecord] = {}
        self._leaves: list[LogLeaf] = []
        self._revocations: list[RevocationRecord] = []
        self.audit: list[AuditEvent] = []
        self.fail: list[Literal["lost", "kept"]] = []

    def of(self, tenant: str) -> MemoryStore:
        return self

    async def append_audit(self, event: AuditEvent) -> int:
        self.audit.append(event)
        return len(self.audit)

    async def put_tenant(self, tenant: Tenant) -> None:
        self._tenants[tenant.id] = tenant

    async def tenants(self) -> list[Tenant]:
        return sorted(self._tenants.values(), key=lambda tenant: tenant.id)

    async def create_room(self, room: Room) -> None:
        if room.id in self._rooms or any(known.slug == room.slug for known in self._rooms.values()):
            raise StoreConflict(room.id)
        self._rooms[room.id] = room

    async def room(self, slug: str) -> Room | None:
        return next((room for room in self._rooms.values() if room.slug == slug), None)

    async def room_by_id(self, room: str) -> Room | None:
        return self._rooms.get(room)

    async def rooms_of(self, owner: str) -> list[Room]:
        return [room for room in self._rooms.values() if room.owner == owner]

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        for known in self._meetings.values():
            if known.room == room and known.ended is None:
                self._meetings[known.id] = replace(known, awaited=None)
                return self._meetings[known.id]
        if room not in self._rooms:
            raise StoreConflict(f"no room {room}")
        serial = 1 + sum(known.room == room for known in self._meetings.values())
        label = meeting_label(self._rooms[room].secret, serial)
        self._meetings[meeting] = Meeting(meeting, room, serial, label, now)
        return self._meetings[meeting]

    async def live_meetings(self) -> list[Meeting]:
        return [meeting for meeting in self._meetings.values() if meeting.ended is None]

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        known = self._meetings[meeting]
        if known.ended is None and known.awaited is None:
            self._meetings[meeting] = replace(known, awaited=until)

    async def add_session(self, session: LoginSession, most: int) -> None:
        self._sessions[session.hash] = session
        oldest = sorted(self._sessions.values(), key=lambda one: one.expires)
        for old in oldest[: max(0, len(oldest) - most)]:
            del self._sessions[old.hash]

    async def session(self, token_hash: bytes) -> LoginSession | None:
        return self._sessions.get(token_hash)

    async def end_session(self, token_hash: bytes) -> None:
        self._sessions.pop(token_hash, None)

    async def end_sessions(self) -> int:
        count = len(self._sessions)
        self._sessions.clear()
        return count

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        uri = f"entente://{deployment}/{tenant}/{subject}"
        sessions = [key for key, one in self._sessions.items() if one.person.uri == uri]
        unused = [key for key, one in self._tokens.items() if one.person.uri == uri and key not in self._used]
        for key in sessions:
            del self._sessions[key]
        for key in unused:
            del self._tokens[key]
        return len(sessions) + len(unused)

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        if self._meetings[meeting].ended is None:
            self._meetings[meeting] = replace(self._meetings[meeting], ended=now)

    async def add_join_token(self, token: JoinToken) -> None:
        self._tokens[token.hash] = token

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        token = self._tokens.get(token_hash)
        if token is None:
            raise UserError("token_unknown")
        if token_hash in self._used:
            raise UserError("token_used")
        if token.expires <= now:
            raise UserError("token_expired")
        self._used.add(token_hash)
        return token

    async def add_participant(self, participant: ParticipantRecord) -> None:
        self._people[participant.id] = participant

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        taken = any(known.leaf_key == leaf_key for known in self._people.values())
        if participant not in self._people or self._people[participant].leaf_key is not None or taken:
            raise StoreConflict(participant)
        self._people[participant] = replace(self._people[participant], leaf_key=leaf_key)

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        known = self._people.get(participant)
        if known is not None and known.left is None:
            self._people[participant] = replace(self._people[participant], left=now)

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        return [person for person in self._people.values() if person.meeting == meeting]

    async def purge(self, now: UnixMillis) -> int:
        old = [key for key, token in self._tokens.items() if token.expires < now - TOKEN_GRACE]
        for key in old:
            del self._tokens[key]
            self._used.discard(key)
        over = [key for key, session in self._sessions.items() if session.expires <= now]
        for key in over:
            del self._sessions[key]
        return len(old) + len(over)

    async def create_group(self, group: GroupRecord) -> None:
        if group.id in self._groups:
            raise StoreConflict("group")
        self._groups[group.id] = group
        self._entries[group.id] = []

    async def group(self, group: bytes) -> GroupRecord | None:
        return self._groups.get(group)

    async def groups(self, meeting: str) -> list[GroupRecord]:
        return [group for group in self._groups.values() if group.meeting == meeting]

    async def append_entry(
        self,
        entry: EntryRecord,
        *,
        commit: CommitRecord | None = None,
        state: PublicStateRecord | None = None,
        receipts: Sequence[ReceiptRecord] = (),
        leaves: Sequence[LogLeaf] = (),
    ) -> None:
        failure = self.fail.pop(0) if self.fail else None
        if failure == "lost":
            raise StoreUnavailable("lost")
        chain = self._entries[entry.group]
        self._check(entry, chain)
        which = (entry.group, entry.epoch, entry.attempt)
        for part in (commit, state):
            if part is not None and (part.group, part.epoch, part.attempt) != which:
                raise StoreConflict("it belongs to another attempt")
        chain.append(entry)
        if commit is not None:
            self._commits[which] = commit
        if state is not None:
            self._states[which] = state
        for receipt in receipts:
            await self.add_receipt(receipt)
        self._leaves += leaves
        self._forget(entry)
        if failure == "kept":
            raise StoreUnavailable("kept")

    def _check(self, entry: EntryRecord, chain: Sequence[EntryRecord]) -> None:
        """The rules of K4.2 and K4.7: a service that breaks one fails its test here."""
        if entry.seq != len(chain) or entry.prev_hash != (chain[-1].hash if chain else bytes(32)):
            raise ChainBroken(f"entry {entry.seq}")
        if not chain and entry.state is not EntryState.REACHED:
            raise StoreConflict("a group's first entry is its reached epoch 0")
        reached = [e.epoch for e in chain if e.state is EntryState.REACHED]
        if entry.epoch != (max(reached) + 1 if reached else 0):
            raise StoreConflict(f"epoch {entry.epoch} after {reached}")
        states = [e.state for e in chain if (e.epoch, e.attempt) == (entry.epoch, entry.attempt)]
        expected = [] if entry.state is EntryState.PROPOSED or entry.epoch == 0 else [EntryState.PROPOSED]
        if states != expected:
            raise StoreConflict(f"{entry.state.value} after {states}")

    def _forget(self, entry: EntryRecord) -> None:
        """What K4.2 keeps only until the next epoch is reached."""
        if entry.state is EntryState.WITHDRAWN:
            self._states.pop((entry.group, entry.epoch, entry.attempt), None)
        if entry.state is EntryState.REACHED:
            older = [key for key in self._states if key[0] == entry.group and key[1] < entry.epoch]
            for key in older:
                del self._states[key]
            for key, commit in self._commits.items():
                if key[0] == entry.group and key[1] < entry.epoch:
                    self._commits[key] = replace(commit, welcome=None)

    async def head(self, group: bytes) -> EntryRecord | None:
        return self._entries[group][-1] if self._entries.get(group) else None

    async def last_reached(self, group: bytes) -> EntryRecord | None:
        found = [e for e in self._entries.get(group, []) if e.state is EntryState.REACHED]
        return found[-1] if found else None

    async def entries(self, group: bytes, after_seq: int = -1) -> list[EntryRecord]:
        return self._entries.get(group, [])[after_seq + 1 :]

    async def commit(self, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
        return self._commits.get((group, epoch, attempt))

    async def handshakes(self, group: bytes, after_epoch: int) -> list[Handshake]:
        found = []
        for reached in self._entries[group]:
            if reached.state is not EntryState.REACHED or reached.epoch <= max(after_epoch, 0):
                continue
            which = (reached.epoch, reached.attempt)
            proposed = next(
                e
                for e in self._entries[group]
                if (e.epoch, e.attempt) == which and e.state is EntryState.PROPOSED
            )
            receipts = tuple(await self.receipts(group, *which))
            found.append(Handshake(proposed, reached, self._commits[(group, *which)], receipts))
        return found

    async def public_state(self, group: bytes, epoch: int, attempt: int) -> PublicStateRecord | None:
        return self._states.get((group, epoch, attempt))

    async def add_receipt(self, receipt: ReceiptRecord) -> None:
        which = (receipt.group, receipt.epoch, receipt.attempt, receipt.leaf)
        known = self._receipts.setdefault(which, receipt)
        if known.data != receipt.data:
            raise StoreConflict(f"leaf {receipt.leaf}")

    async def receipts(self, group: bytes, epoch: int, attempt: int) -> list[ReceiptRecord]:
        return [r for which, r in sorted(self._receipts.items()) if which[:3] == (group, epoch, attempt)]

    async def add_leaves(self, leaves: Sequence[LogLeaf]) -> None:
        self._leaves += leaves

    async def leaves(self, label: bytes | None = None) -> list[LogLeaf]:
        return [leaf for leaf in self._leaves if label in (None, leaf.label)]

    async def certificates(self, since: UnixMillis) -> list[LogLeaf]:
        return [leaf for leaf in self._leaves if leaf.kind == "certificate" and leaf.time >= since]

    async def add_revocation(self, revocation: RevocationRecord) -> None:
        if all(known.fingerprint != revocation.fingerprint for known in self._revocations):
            self._revocations.append(revocation)

    async def revocations(self, since: UnixMillis) -> list[RevocationRecord]:
        return [r for r in self._revocations if r.time >= since]

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return
