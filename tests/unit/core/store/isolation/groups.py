"""A group of A with a reached epoch, an open attempt and a withdrawn one, and leaves of the log."""

from __future__ import annotations

from typing import Any

from core.values import EntryState, LogLeaf, PublicStateRecord, RevocationRecord
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import A, Probe

ORDER = 2
FIRST = people.entry(0, 0, 0, EntryState.REACHED)
PROPOSED = people.entry(1, 1, 0, EntryState.PROPOSED, FIRST.hash)
REACHED = people.entry(2, 1, 0, EntryState.REACHED, PROPOSED.hash)
NEXT = people.entry(3, 2, 0, EntryState.PROPOSED, REACHED.hash)
LABEL = b"l" * 32


def leaf(name: bytes) -> LogLeaf:
    """A certificate's leaf."""
    return LogLeaf(LABEL, "certificate", name * 32, bytes(32), b"certificate", START)


async def seed(store: Any) -> None:
    """Everything that a group leaves behind."""
    await store.create_group(people.group())
    await store.append_entry(FIRST)
    state = PublicStateRecord(b"g1", 1, 0, b"info", b"tree")
    await store.append_entry(PROPOSED, commit=people.commit(1, 0), state=state)
    await store.add_receipt(people.receipt(1, 0))
    await store.append_entry(REACHED)
    await store.add_leaves([leaf(b"a")])
    await store.add_revocation(RevocationRecord(A, b"f" * 32, b"signed", START))


PROBES = {
    "create_group": Probe(lambda store: store.create_group(people.group(b"g2"))),
    "group": Probe(lambda store: store.group(b"g1")),
    "groups": Probe(lambda store: store.groups("m1"), foreign=[]),
    "append_entry": Probe(
        lambda store: store.append_entry(NEXT, commit=people.commit(2, 0), receipts=[people.receipt(2, 0)])
    ),
    "head": Probe(lambda store: store.head(b"g1")),
    "last_reached": Probe(lambda store: store.last_reached(b"g1")),
    "entries": Probe(lambda store: store.entries(b"g1"), foreign=[]),
    "commit": Probe(lambda store: store.commit(b"g1", 1, 0)),
    "handshakes": Probe(lambda store: store.handshakes(b"g1", 0), foreign=[]),
    "public_state": Probe(lambda store: store.public_state(b"g1", 1, 0)),
    "add_receipt": Probe(lambda store: store.add_receipt(people.receipt(1, 0, leaf=1))),
    "receipts": Probe(lambda store: store.receipts(b"g1", 1, 0), foreign=[]),
    "add_leaves": Probe(
        lambda store: store.add_leaves([leaf(b"b")]), public="names no row; the view says whose it will be"
    ),
    "leaves": Probe(lambda store: store.leaves(LABEL), foreign=[]),
    "certificates": Probe(lambda store: store.certificates(START), foreign=[]),
    "add_revocation": Probe(
        lambda store: store.add_revocation(RevocationRecord(A, b"e" * 32, b"signed", START))
    ),
    "revocations": Probe(
        lambda store: store.revocations(START), public="what is void is void in every meeting (K2.4)"
    ),
}
