"""Rows to values and back, shared by the queries of rooms and of groups."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import msgpack
from sqlalchemy import Row

from core.values import (
    Access,
    Assurance,
    CommitRecord,
    EntryRecord,
    EntryState,
    GroupRecord,
    JoinToken,
    LoginSession,
    LogLeaf,
    Meeting,
    ParticipantRecord,
    Person,
    PublicStateRecord,
    Quota,
    ReceiptRecord,
    RevocationRecord,
    Role,
    Room,
    RoomRole,
    RoomRules,
    Tenant,
    TenantRules,
)

AnyRow = Row[Any]


def person_columns(person: Person) -> dict[str, object]:
    """The columns that `tables._person` makes."""
    return {
        "deployment": person.deployment,
        "tenant": person.tenant,
        "subject": person.subject,
        "name": person.name,
        "name_checked": person.name_checked,
        "role": person.role.value,
        "assurance": person.assurance.value,
    }


def person(row: AnyRow) -> Person:
    """A person from those columns."""
    return Person(
        deployment=row.deployment,
        tenant=row.tenant,
        subject=row.subject,
        name=row.name,
        name_checked=row.name_checked,
        role=Role(row.role),
        assurance=Assurance(row.assurance),
    )


def tenant(row: AnyRow) -> Tenant:
    """A tenant."""
    return replace(bare_tenant(row), logo=row.logo)


def bare_tenant(row: AnyRow) -> Tenant:
    """A tenant without its logo."""
    return Tenant(
        id=row.id,
        deployment=row.deployment,
        name=row.name,
        short=row.short,
        colour=row.colour,
        names=tuple(sorted(row.names.items())),
        languages=tuple(row.languages),
        retention_days=row.retention_days,
        suspended=row.suspended,
        created=row.created,
        policy=tenant_rules(row.policy),
        quota=quota(row.quota),
    )


def tenant_rules(policy: dict[str, Any]) -> TenantRules:
    """A tenant's rules from its column; what the column leaves out is as by default."""
    known = {key: value for key, value in policy.items() if key in TenantRules.__dataclass_fields__}
    if "suites" in known:
        known["suites"] = tuple(known["suites"])
    if "assurance" in known:
        known["assurance"] = Assurance(known["assurance"])
    return TenantRules(**known)


def quota(column: dict[str, Any]) -> Quota:
    """A tenant's quota from its column; what the column leaves out is as by default."""
    return Quota(**{key: value for key, value in column.items() if key in Quota.__dataclass_fields__})


def profile_columns(tenant: Tenant) -> dict[str, object]:
    """The columns of a tenant that may change."""
    return {
        "name": tenant.name,
        "short": tenant.short,
        "colour": tenant.colour,
        "names": dict(tenant.names),
        "languages": list(tenant.languages),
        "retention_days": tenant.retention_days,
        "suspended": tenant.suspended,
        "policy": asdict(tenant.policy),
        "quota": asdict(tenant.quota),
        "logo": tenant.logo,
    }


def room(row: AnyRow) -> Room:
    """A room."""
    return Room(
        id=row.id,
        slug=row.slug,
        title=row.title,
        tenant=row.tenant,
        owner=row.owner,
        guests=row.guests,
        secret=row.secret,
        created=row.created,
        rules=RoomRules(
            access=Access(row.access),
            share=row.share,
            chat=row.chat,
            unmute=row.unmute,
            audience=row.audience,
        ),
        pin=row.pin,
        guests_until=row.guests_until,
        closed=row.closed,
    )


def room_columns(room: Room) -> dict[str, object]:
    """The columns of a room."""
    return {
        "id": room.id,
        "slug": room.slug,
        "title": room.title,
        "tenant": room.tenant,
        "owner": room.owner,
        "guests": room.guests,
        "secret": room.secret,
        "created": room.created,
        "pin": room.pin,
        "guests_until": room.guests_until,
        "closed": room.closed,
        **rule_columns(room.rules),
    }


def rule_columns(rules: RoomRules) -> dict[str, object]:
    """The columns of a room's rules."""
    return {
        "access": rules.access.value,
        "share": rules.share,
        "chat": rules.chat,
        "unmute": rules.unmute,
        "audience": rules.audience,
    }


def meeting(row: AnyRow) -> Meeting:
    """A meeting."""
    return Meeting(
        id=row.id,
        room=row.room,
        serial=row.serial,
        label=row.label,
        started=row.started,
        ended=row.ended,
        awaited=row.awaited,
        tenant=row.tenant,
        locked=row.locked,
        guests_knock=row.guests_knock,
    )


def meeting_columns(meeting: Meeting) -> dict[str, object]:
    """The columns of a meeting."""
    return {
        "id": meeting.id,
        "tenant": meeting.tenant,
        "room": meeting.room,
        "serial": meeting.serial,
        "label": meeting.label,
        "started": meeting.started,
        "ended": meeting.ended,
        "awaited": meeting.awaited,
        "locked": meeting.locked,
        "guests_knock": meeting.guests_knock,
    }


def join_token(row: AnyRow) -> JoinToken:
    """A join token."""
    return JoinToken(
        hash=row.hash,
        room=row.room,
        person=person(row),
        expires=row.expires,
        tenant=row.room_tenant,
        admitted=row.admitted,
    )


def session(row: AnyRow) -> LoginSession:
    """A login session."""
    return LoginSession(hash=row.hash, person=person(row), expires=row.expires)


def participant(row: AnyRow) -> ParticipantRecord:
    """A participant."""
    return ParticipantRecord(
        id=row.id,
        meeting=row.meeting,
        person=person(row),
        joined=row.joined,
        left=row.left,
        leaf_key=row.leaf_key,
        tenant=row.room_tenant,
        room_role=RoomRole(row.room_role),
    )


def group(row: AnyRow) -> GroupRecord:
    """A group."""
    return GroupRecord(
        id=row.id,
        meeting=row.meeting,
        term=row.term,
        suite=row.suite,
        params=row.params,
        prior=row.prior,
        created=row.created,
    )


def entry(row: AnyRow) -> EntryRecord:
    """An entry."""
    return EntryRecord(
        group=row.group_id,
        seq=row.seq,
        epoch=row.epoch,
        attempt=row.attempt,
        state=EntryState(row.state),
        hash=row.hash,
        prev_hash=row.prev_hash,
        data=row.data,
        time=row.time,
    )


def commit(row: AnyRow) -> CommitRecord:
    """A commit. `row.commit` is a method of rows, hence the mapping."""
    columns = row._mapping
    return CommitRecord(
        group=columns["group_id"],
        epoch=columns["epoch"],
        attempt=columns["attempt"],
        committer=columns["committer"],
        proposals=tuple(msgpack.unpackb(columns["proposals"])),
        commit=columns["commit"],
        signature=columns["signature"],
        welcome=columns["welcome"],
    )


def pack_proposals(proposals: tuple[bytes, ...]) -> bytes:
    """The proposals of a commit in one column, in order."""
    packed: bytes = msgpack.packb(list(proposals))
    return packed


def public_state(row: AnyRow) -> PublicStateRecord:
    """A public state."""
    return PublicStateRecord(
        group=row.group_id, epoch=row.epoch, attempt=row.attempt, group_info=row.group_info, tree=row.tree
    )


def receipt(row: AnyRow) -> ReceiptRecord:
    """A receipt."""
    return ReceiptRecord(
        group=row.group_id, epoch=row.epoch, attempt=row.attempt, leaf=row.leaf, data=row.data
    )


def leaf(row: AnyRow) -> LogLeaf:
    """A leaf of the log to come."""
    return LogLeaf(
        label=row.label, kind=row.kind, hash=row.hash, salt=row.salt, content=row.content, time=row.time
    )


def revocation(row: AnyRow) -> RevocationRecord:
    """A revocation."""
    return RevocationRecord(tenant=row.tenant, fingerprint=row.fingerprint, data=row.data, time=row.time)
