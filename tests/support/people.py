"""Made-up people, rooms and records for tests, each with every field filled in."""

from __future__ import annotations

from hashlib import sha256

from core.values import (
    Assurance,
    CommitRecord,
    EntryRecord,
    EntryState,
    GroupRecord,
    JoinToken,
    ParticipantRecord,
    Person,
    ReceiptRecord,
    Role,
    Room,
    Tenant,
    UnixMillis,
)
from tests.support.clock import START

DEPLOYMENT = "test.localhost"
TENANTS = (
    Tenant("exemple", DEPLOYMENT, "Ministère de l'Exemple", "Exemple", "#1d4ed8"),
    Tenant("beispiel", DEPLOYMENT, "Beispielministerium", "Beispiel", "#b45309"),
)


def person(subject: str = "x-1", tenant: str = "exemple", name: str = "Camille Durand") -> Person:
    """An official."""
    return Person(
        deployment=DEPLOYMENT,
        tenant=tenant,
        subject=subject,
        name=name,
        name_checked=True,
        role=Role.PARTICIPANT,
        assurance=Assurance.SUBSTANTIAL,
    )


def room(name: str = "r1") -> Room:
    """A room of `exemple`."""
    return Room(
        id=name,
        slug=f"slug-{name}",
        title="Réunion",
        tenant="exemple",
        owner=person().uri,
        guests=True,
        secret=sha256(name.encode()).digest(),
        created=START,
    )


def join_token(secret: bytes = b"t", room: str = "r1", life: int = 60_000) -> JoinToken:
    """A token that ends `life` milliseconds after the test's start."""
    return JoinToken(sha256(secret).digest(), room, person(), UnixMillis(START + life), "exemple")


def participant(name: str = "p1", meeting: str = "m1", leaf_key: bytes | None = None) -> ParticipantRecord:
    """Somebody in a meeting."""
    return ParticipantRecord(name, meeting, person(), START, None, leaf_key, "exemple")


def group(name: bytes = b"g1", meeting: str = "m1") -> GroupRecord:
    """A group of a meeting."""
    return GroupRecord(id=name, meeting=meeting, term=1, suite=0x4F, params=b"params", created=START)


def entry(
    seq: int, epoch: int, attempt: int, state: EntryState, prev: bytes = bytes(32), group: bytes = b"g1"
) -> EntryRecord:
    """An entry whose hash follows from everything else."""
    data = b"|".join([group, str((seq, epoch, attempt, state.value)).encode(), prev])
    return EntryRecord(group, seq, epoch, attempt, state, sha256(data).digest(), prev, data, START)


def commit(epoch: int, attempt: int, group: bytes = b"g1") -> CommitRecord:
    """A submission."""
    return CommitRecord(
        group, epoch, attempt, 0, (b"proposal-1", b"proposal-2"), b"commit", b"signature", b"welcome"
    )


def receipt(epoch: int, attempt: int, leaf: int = 0, data: bytes = b"receipt") -> ReceiptRecord:
    """A receipt."""
    return ReceiptRecord(b"g1", epoch, attempt, leaf, data)
