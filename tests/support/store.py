"""A store in memory for virtual time: no thread, no file, and the same refusals as the real one.

`fail` makes the next appends fail: "lost" before anything is kept, "kept" after it was.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from core.errors import ChainBroken, StoreConflict, StoreUnavailable, UserError
from core.ports.admission import Standing, TenantState
from core.records import AuditEvent, CertificateRecord, RoomMember
from core.store.rooms import TOKEN_GRACE
from core.store.scope import Scope
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
    Quota,
    ReceiptRecord,
    RevocationRecord,
    Room,
    RoomRole,
    RoomRules,
    Tenant,
    TenantRules,
    UnixMillis,
    meeting_label,
)

Attempt = tuple[bytes, int, int]


class MemoryStore:
    """`core.ports.Store`. Every view shares one set of rows, and `fail` with it."""

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
        self._leaves: list[tuple[str, LogLeaf]] = []
        self._revocations: list[RevocationRecord] = []
        self.certificate_rows: dict[bytes, CertificateRecord] = {}
        self.audit: list[AuditEvent] = []
        self._failures: list[Literal["lost", "kept"]] = []
        self._members: dict[tuple[str, str], RoomMember] = {}
        self._excluded: set[tuple[str, str]] = set()
        self.addresses: dict[tuple[str, str], str] = {}
        """E-mail addresses that `trusted_address` tells, by tenant and subject."""
        self._scope = Scope()
        self._views: dict[str, MemoryStore] = {}

    def of(self, tenant: str) -> MemoryStore:
        """The same view each time, so that a test can put something in the way of one of its methods."""
        if tenant not in self._views:
            view = copy.copy(self)
            view._scope, view._views = self._scope.narrowed(tenant), {}
            self._views[tenant] = view
        return self._views[tenant]

    @property
    def fail(self) -> list[Literal["lost", "kept"]]:
        """What the next appends do, in whichever view."""
        return self._failures

    @fail.setter
    def fail(self, failures: list[Literal["lost", "kept"]]) -> None:
        self._failures[:] = failures

    def _whose(self, group: bytes) -> str | None:
        """The tenant of a group that is ours."""
        meeting = self._meetings[self._groups[group].meeting] if group in self._groups else None
        return meeting.tenant if meeting is not None and self._scope.sees(meeting.tenant) else None

    def _chain(self, group: bytes) -> list[EntryRecord]:
        return self._entries[group] if self._whose(group) is not None else []

    def _mine(self, meeting: str) -> bool:
        return meeting in self._meetings and self._scope.sees(self._meetings[meeting].tenant)

    async def append_audit(self, event: AuditEvent) -> int:
        self.audit.append(event)
        return len(self.audit)

    async def put_tenant(self, tenant: Tenant) -> None:
        self._scope.taking(tenant.id)
        self._tenants[tenant.id] = tenant

    async def tenants(self) -> list[Tenant]:
        mine = [tenant for tenant in self._tenants.values() if self._scope.sees(tenant.id)]
        return sorted(mine, key=lambda tenant: tenant.id)

    async def create_room(self, room: Room) -> None:
        self._scope.taking(room.tenant)
        if room.id in self._rooms or any(known.slug == room.slug for known in self._rooms.values()):
            raise StoreConflict(room.id)
        self._rooms[room.id] = room

    async def room(self, slug: str) -> Room | None:
        return next((room for room in self._seen_rooms() if room.slug == slug), None)

    def _seen_rooms(self) -> list[Room]:
        return [room for room in self._rooms.values() if self._scope.sees(room.tenant)]

    async def room_by_id(self, room: str) -> Room | None:
        return next((known for known in self._seen_rooms() if known.id == room), None)

    async def rooms_of(self, owner: str) -> list[Room]:
        return [room for room in self._seen_rooms() if room.owner == owner]

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        of = await self.room_by_id(room)
        if of is None:
            raise StoreConflict(f"no room {room}")
        for known in self._meetings.values():
            if known.room == room and known.ended is None:
                self._meetings[known.id] = replace(known, awaited=None)
                return self._meetings[known.id]
        serial = 1 + sum(known.room == room for known in self._meetings.values())
        label = meeting_label(of.secret, serial)
        self._meetings[meeting] = Meeting(meeting, room, serial, label, now, tenant=of.tenant)
        return self._meetings[meeting]

    async def live_meetings(self) -> list[Meeting]:
        return [one for one in self._meetings.values() if one.ended is None and self._mine(one.id)]

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        known = self._meetings[meeting]
        if known.ended is None and known.awaited is None and self._mine(meeting):
            self._meetings[meeting] = replace(known, awaited=until)

    async def add_session(self, session: LoginSession, most: int) -> None:
        self._scope.taking(session.person.tenant)
        self._sessions[session.hash] = session
        oldest = sorted(self._seen_sessions(), key=lambda one: one.expires)
        for old in oldest[: max(0, len(oldest) - most)]:
            del self._sessions[old.hash]

    async def session(self, token_hash: bytes) -> LoginSession | None:
        return next((one for one in self._seen_sessions() if one.hash == token_hash), None)

    def _seen_sessions(self) -> list[LoginSession]:
        return [one for one in self._sessions.values() if self._scope.sees(one.person.tenant)]

    async def end_session(self, token_hash: bytes) -> None:
        if await self.session(token_hash) is not None:
            del self._sessions[token_hash]

    async def end_sessions(self) -> int:
        gone = self._seen_sessions()
        for one in gone:
            del self._sessions[one.hash]
        return len(gone)

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        uri = f"entente://{deployment}/{tenant}/{subject}"
        if not self._scope.sees(tenant):
            return 0
        sessions = [key for key, one in self._sessions.items() if one.person.uri == uri]
        unused = [
            key
            for key, one in self._tokens.items()
            if one.person.uri == uri and key not in self._used and self._scope.sees(one.tenant)
        ]
        for key in sessions:
            del self._sessions[key]
        for key in unused:
            del self._tokens[key]
        return len(sessions) + len(unused)

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        if self._meetings[meeting].ended is None and self._mine(meeting):
            self._meetings[meeting] = replace(self._meetings[meeting], ended=now)

    async def add_join_token(self, token: JoinToken) -> None:
        self._scope.taking(token.tenant)
        if token.room not in self._rooms or self._rooms[token.room].tenant != token.tenant:
            raise StoreConflict(f"no room {token.room} of this tenant")
        self._tokens[token.hash] = token

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        token = self._tokens.get(token_hash)
        if token is None or not self._scope.sees(token.tenant):
            raise UserError("token_unknown")
        if token_hash in self._used:
            raise UserError("token_used")
        if token.expires <= now:
            raise UserError("token_expired")
        self._used.add(token_hash)
        return token

    async def add_participant(self, participant: ParticipantRecord) -> None:
        self._scope.taking(participant.tenant)
        meeting = self._meetings.get(participant.meeting)
        if meeting is None or meeting.tenant != participant.tenant:
            raise StoreConflict(f"no meeting {participant.meeting} of this tenant")
        self._people[participant.id] = participant

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        taken = any(known.leaf_key == leaf_key for known in self._people.values())
        known = self._person(participant)
        if known is None or known.leaf_key is not None or taken:
            raise StoreConflict(participant)
        self._people[participant] = replace(known, leaf_key=leaf_key)

    def _person(self, participant: str) -> ParticipantRecord | None:
        known = self._people.get(participant)
        return known if known is not None and self._scope.sees(known.tenant) else None

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        known = self._person(participant)
        if known is not None and known.left is None:
            self._people[participant] = replace(known, left=now)

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        return [one for one in self._people.values() if one.meeting == meeting and self._person(one.id)]

    async def purge(self, now: UnixMillis) -> int:
        old = [
            key
            for key, token in self._tokens.items()
            if token.expires < now - TOKEN_GRACE and self._scope.sees(token.tenant)
        ]
        for key in old:
            del self._tokens[key]
            self._used.discard(key)
        over = [session.hash for session in self._seen_sessions() if session.expires <= now]
        for key in over:
            del self._sessions[key]
        return len(old) + len(over)

    async def trusted_address(self, tenant: str, subject: str, room_tenant: str) -> str | None:
        return self.addresses.get((tenant, subject)) if self._scope.sees(tenant) else None

    async def standing(self, room: str, whos: tuple[str, ...]) -> Standing | None:
        found = await self.room_by_id(room)
        if found is None:
            return None
        tenant = self._tenants.get(found.tenant)
        meeting = next((m for m in self._meetings.values() if m.room == room and m.ended is None), None)
        roles = {self._members[room, who].role for who in whos if (room, who) in self._members}
        role = RoomRole.OWNER if found.owner in whos[:1] else next((r for r in RoomRole if r in roles), None)
        excluded = meeting is not None and (meeting.id, whos[0] if whos else "") in self._excluded
        was = [
            p.room_role
            for p in self._people.values()
            if meeting is not None and p.meeting == meeting.id and p.person.uri in whos[:1]
        ]
        return Standing(
            room=found,
            policy=tenant.policy if tenant else TenantRules(),
            quota=tenant.quota if tenant else Quota(),
            suspended=bool(tenant and tenant.suspended),
            role=role,
            meeting=meeting,
            excluded=excluded,
            was=was[-1] if was and not excluded else None,
        )

    async def exclude(self, meeting: str, uri: str, now: UnixMillis) -> None:
        if not self._mine(meeting):
            raise StoreConflict(meeting)
        self._excluded.add((meeting, uri))

    async def set_door(self, meeting: str, *, locked: bool, guests_knock: bool) -> None:
        if self._mine(meeting):
            known = self._meetings[meeting]
            self._meetings[meeting] = replace(known, locked=locked, guests_knock=guests_knock)

    async def set_rules(self, room: str, rules: RoomRules) -> None:
        if await self.room_by_id(room) is not None:
            self._rooms[room] = replace(self._rooms[room], rules=rules)

    async def change_room(self, room: Room) -> None:
        if await self.room_by_id(room.id) is not None:
            self._rooms[room.id] = room

    async def set_participant_role(self, participant: str, role: RoomRole) -> None:
        known = self._people[participant]
        if self._mine(known.meeting):
            self._people[participant] = replace(known, room_role=role)

    async def put_member(self, member: RoomMember, most: int) -> None:
        if await self.room_by_id(member.room) is None:
            raise StoreConflict(member.room)
        self._members[member.room, member.who] = member

    async def remove_member(self, room: str, who: str) -> bool:
        ours = await self.room_by_id(room) is not None
        return ours and self._members.pop((room, who), None) is not None

    async def members(self, room: str, after: str, limit: int) -> list[RoomMember]:
        if await self.room_by_id(room) is None:
            return []
        found = sorted((m for m in self._members.values() if m.room == room), key=lambda m: m.who)
        return [member for member in found if member.who > after][:limit]

    async def tenant_state(self) -> TenantState:
        return TenantState(TenantRules(), Quota(), False)

    async def open_rooms(self, most: int) -> int:
        return min(most, sum(room.closed is None for room in self._seen_rooms()))

    async def create_group(self, group: GroupRecord) -> None:
        if group.id in self._groups:
            raise StoreConflict("group")
        if not self._mine(group.meeting):
            raise StoreConflict(f"no meeting {group.meeting}")
        self._groups[group.id] = group
        self._entries[group.id] = []

    async def group(self, group: bytes) -> GroupRecord | None:
        return self._groups[group] if self._whose(group) is not None else None

    async def groups(self, meeting: str) -> list[GroupRecord]:
        return [one for one in self._groups.values() if one.meeting == meeting and self._mine(meeting)]

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
        tenant = self._whose(entry.group)
        if tenant is None:
            raise StoreConflict("no such group")
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
        self._leaves.extend((tenant, leaf) for leaf in leaves)
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
        chain = self._chain(group)
        return chain[-1] if chain else None

    async def last_reached(self, group: bytes) -> EntryRecord | None:
        found = [e for e in self._chain(group) if e.state is EntryState.REACHED]
        return found[-1] if found else None

    async def entries(self, group: bytes, after_seq: int = -1) -> list[EntryRecord]:
        return self._chain(group)[after_seq + 1 :]

    async def commit(self, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
        return self._commits.get((group, epoch, attempt)) if self._whose(group) is not None else None

    async def handshakes(self, group: bytes, after_epoch: int) -> list[Handshake]:
        found = []
        for reached in self._chain(group):
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
        return self._states.get((group, epoch, attempt)) if self._whose(group) is not None else None

    async def add_receipt(self, receipt: ReceiptRecord) -> None:
        if self._whose(receipt.group) is None:
            raise StoreConflict("no such group")
        which = (receipt.group, receipt.epoch, receipt.attempt, receipt.leaf)
        known = self._receipts.setdefault(which, receipt)
        if known.data != receipt.data:
            raise StoreConflict(f"leaf {receipt.leaf}")

    async def receipts(self, group: bytes, epoch: int, attempt: int) -> list[ReceiptRecord]:
        given = sorted(self._receipts.items()) if self._whose(group) is not None else []
        return [r for which, r in given if which[:3] == (group, epoch, attempt)]

    async def add_leaves(self, leaves: Sequence[LogLeaf]) -> None:
        self._leaves.extend((self._scope.own, leaf) for leaf in leaves)

    async def leaves(self, label: bytes | None = None) -> list[LogLeaf]:
        return [leaf for leaf in self._seen_leaves() if label in (None, leaf.label)]

    def _seen_leaves(self) -> list[LogLeaf]:
        return [leaf for tenant, leaf in self._leaves if self._scope.sees(tenant)]

    async def certificates(self, since: UnixMillis) -> list[LogLeaf]:
        return [leaf for leaf in self._seen_leaves() if leaf.kind == "certificate" and leaf.time >= since]

    async def add_revocation(self, revocation: RevocationRecord) -> None:
        self._scope.taking(revocation.tenant)
        known = [one.tenant for one in self._revocations if one.fingerprint == revocation.fingerprint]
        if known and revocation.tenant not in known:
            raise StoreConflict("another tenant's")
        if not known:
            self._revocations.append(revocation)

    async def revocations(self, since: UnixMillis) -> list[RevocationRecord]:
        return [r for r in self._revocations if r.time >= since]

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    async def add_certificate(self, certificate: CertificateRecord) -> None:
        self._scope.taking(certificate.tenant)
        if certificate.fingerprint in self.certificate_rows:
            raise StoreConflict("known")
        self.certificate_rows[certificate.fingerprint] = certificate

    async def certificate(self, fingerprint: bytes) -> CertificateRecord | None:
        found = self.certificate_rows.get(fingerprint)
        return found if found is not None and self._scope.sees(found.tenant) else None

    async def certificates_of(
        self, subject: str | None, after: tuple[UnixMillis, bytes] | None, limit: int
    ) -> list[CertificateRecord]:
        own = self._scope.own
        mine = [one for one in self.certificate_rows.values() if one.tenant == own]
        mine = [one for one in mine if subject in (None, one.subject)]
        mine.sort(key=lambda one: (one.issued, one.fingerprint), reverse=True)
        return [one for one in mine if after is None or (one.issued, one.fingerprint) < after][:limit]

    async def mark_revoked(self, fingerprint: bytes, now: UnixMillis) -> None:
        known = await self.certificate(fingerprint)
        if known is not None and known.revoked is None:
            self.certificate_rows[fingerprint] = replace(known, revoked=now)
