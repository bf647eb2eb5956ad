"""Groups and entries in the store: K4.2's uniqueness, the chain, and what is forgotten when."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.errors import ChainBroken, LibraryError, StoreConflict
from core.ports import Store
from core.values import (
    EntryRecord,
    EntryState,
    LogLeaf,
    PublicStateRecord,
    RevocationRecord,
    UnixMillis,
)
from tests.support import people
from tests.support.clock import START

PROPOSED, REACHED, WITHDRAWN = EntryState.PROPOSED, EntryState.REACHED, EntryState.WITHDRAWN


class Chain:
    """Appends entries, each citing the one before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seq = 0
        self.prev = bytes(32)

    def next(self, epoch: int, attempt: int, state: EntryState) -> EntryRecord:
        """The entry that would come next."""
        return people.entry(self.seq, epoch, attempt, state, self.prev)

    async def add(self, epoch: int, attempt: int, state: EntryState) -> EntryRecord:
        """Store it with what belongs to it."""
        entry = self.next(epoch, attempt, state)
        key = {"group": b"g1", "epoch": epoch, "attempt": attempt}
        opens = state is PROPOSED or epoch == 0
        await self.store.append_entry(
            entry,
            commit=people.commit(epoch, attempt) if state is PROPOSED else None,
            state=PublicStateRecord(**key, group_info=b"info", tree=b"tree") if opens else None,  # type: ignore[arg-type]
        )
        self.seq, self.prev = self.seq + 1, entry.hash
        return entry


@pytest.fixture
async def chain(store: Store) -> Chain:
    """A group that reached epoch 0."""
    await store.create_group(people.group())
    made = Chain(store)
    await made.add(0, 0, REACHED)
    return made


async def test_a_group_comes_back_as_it_was_stored(store: Store) -> None:
    await store.create_group(people.group())
    assert await store.group(b"g1") == people.group()
    assert await store.groups("m1") == [people.group()]
    with pytest.raises(StoreConflict):
        await store.create_group(people.group())


async def test_a_group_opens_with_its_reached_epoch_0(store: Store) -> None:
    await store.create_group(people.group())
    for epoch, state in ((0, PROPOSED), (1, REACHED), (0, WITHDRAWN)):
        with pytest.raises(StoreConflict):
            await store.append_entry(people.entry(0, epoch, 0, state))


async def test_entries_follow_each_other_k4_2(chain: Chain) -> None:
    for wrong in (
        replace(chain.next(1, 0, PROPOSED), seq=2),
        replace(chain.next(1, 0, PROPOSED), seq=0),
        replace(chain.next(1, 0, PROPOSED), prev_hash=bytes(32)),
    ):
        with pytest.raises(ChainBroken):
            await chain.store.append_entry(wrong)
    await chain.add(1, 0, PROPOSED)


async def test_an_attempt_is_proposed_once_k4_2(chain: Chain) -> None:
    await chain.add(1, 0, PROPOSED)
    with pytest.raises(StoreConflict):
        await chain.store.append_entry(chain.next(1, 0, PROPOSED))
    await chain.add(1, 1, PROPOSED)


@pytest.mark.parametrize(
    ("first", "second"), [(REACHED, WITHDRAWN), (WITHDRAWN, REACHED), (WITHDRAWN, WITHDRAWN)]
)
async def test_an_attempt_has_one_outcome_k4_7(chain: Chain, first: EntryState, second: EntryState) -> None:
    await chain.add(1, 0, PROPOSED)
    await chain.add(1, 0, first)
    with pytest.raises(StoreConflict):
        await chain.store.append_entry(chain.next(1, 0, second))


async def test_an_epoch_is_reached_once_k4_7(chain: Chain) -> None:
    await chain.add(1, 0, PROPOSED)
    await chain.add(1, 1, PROPOSED)
    await chain.add(1, 1, REACHED)
    with pytest.raises(StoreConflict):
        await chain.store.append_entry(chain.next(1, 0, REACHED))


async def test_an_outcome_needs_its_proposal(chain: Chain) -> None:
    for state in (REACHED, WITHDRAWN):
        with pytest.raises(StoreConflict):
            await chain.store.append_entry(chain.next(1, 0, state))


async def test_a_proposal_leads_to_the_next_epoch_only(chain: Chain) -> None:
    for epoch in (0, 2):
        with pytest.raises(StoreConflict):
            await chain.store.append_entry(chain.next(epoch, 3, PROPOSED), commit=people.commit(epoch, 3))


async def test_of_two_entries_at_once_one_is_kept(chain: Chain) -> None:
    one, two = chain.next(1, 0, PROPOSED), chain.next(1, 1, PROPOSED)
    outcomes = await asyncio.gather(
        chain.store.append_entry(one), chain.store.append_entry(two), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ChainBroken", "NoneType"]
    assert len(await chain.store.entries(b"g1")) == 2


async def test_a_refused_entry_leaves_nothing_behind(chain: Chain) -> None:
    wrong = people.commit(1, 5)
    with pytest.raises(StoreConflict):
        await chain.store.append_entry(
            chain.next(1, 0, PROPOSED), commit=wrong, receipts=[people.receipt(1, 0)]
        )
    assert len(await chain.store.entries(b"g1")) == 1
    assert await chain.store.commit(b"g1", 1, 5) is None
    assert await chain.store.receipts(b"g1", 1, 0) == []


async def test_welcomes_and_states_go_when_the_next_epoch_is_reached_k4_2(chain: Chain) -> None:
    store = chain.store
    await chain.add(1, 0, PROPOSED)
    assert await store.public_state(b"g1", 0, 0) is not None, "kept while epoch 1 may be withdrawn"
    await chain.add(1, 0, REACHED)
    assert await store.public_state(b"g1", 0, 0) is None
    kept = await store.commit(b"g1", 1, 0)
    assert kept is not None and kept.welcome == b"welcome", "joiners of epoch 1 may still come for it"
    await chain.add(2, 0, PROPOSED)
    await chain.add(2, 0, REACHED)
    kept = await store.commit(b"g1", 1, 0)
    assert kept is not None and kept.welcome is None and kept.commit == b"commit"
    assert await store.public_state(b"g1", 1, 0) is None
    assert await store.public_state(b"g1", 2, 0) is not None


async def test_a_withdrawn_attempt_loses_its_state(chain: Chain) -> None:
    await chain.add(1, 0, PROPOSED)
    await chain.add(1, 0, WITHDRAWN)
    assert await chain.store.public_state(b"g1", 1, 0) is None
    assert await chain.store.public_state(b"g1", 0, 0) is not None


async def test_a_returning_member_gets_every_missed_handshake_k4_2(chain: Chain) -> None:
    await chain.add(1, 0, PROPOSED)
    await chain.add(1, 0, WITHDRAWN)
    proposed = await chain.add(1, 1, PROPOSED)
    await chain.store.add_receipt(people.receipt(1, 1, leaf=3))
    await chain.store.add_receipt(people.receipt(1, 1, leaf=1))
    reached = await chain.add(1, 1, REACHED)
    await chain.add(2, 0, PROPOSED)
    await chain.add(2, 0, REACHED)
    first, second = await chain.store.handshakes(b"g1", after_epoch=0)
    assert (first.proposed, first.reached) == (proposed, reached)
    assert first.commit.proposals == (b"proposal-1", b"proposal-2")
    assert [receipt.leaf for receipt in first.receipts] == [1, 3]
    assert second.reached.epoch == 2
    assert [one.reached.epoch for one in await chain.store.handshakes(b"g1", after_epoch=1)] == [2]


async def test_head_and_last_reached_differ_while_an_attempt_is_open(chain: Chain) -> None:
    proposed = await chain.add(1, 0, PROPOSED)
    assert await chain.store.head(b"g1") == proposed
    last = await chain.store.last_reached(b"g1")
    assert last is not None and last.epoch == 0
    assert await chain.store.head(b"none") is None


async def test_a_leaf_that_gives_two_receipts_is_caught_k4_7(chain: Chain) -> None:
    await chain.add(1, 0, PROPOSED)
    await chain.store.add_receipt(people.receipt(1, 0))
    await chain.store.add_receipt(people.receipt(1, 0))
    with pytest.raises(StoreConflict):
        await chain.store.add_receipt(people.receipt(1, 0, data=b"another"))
    assert await chain.store.receipts(b"g1", 1, 0) == [people.receipt(1, 0)]


async def test_leaves_are_found_by_label_in_order(store: Store) -> None:
    leaves = [
        LogLeaf(label, "commit", bytes([i]) * 32, bytes(32), b"content", START)
        for i, label in enumerate([b"a" * 32, b"b" * 32, b"a" * 32, None])
    ]
    with pytest.raises(LibraryError):
        await store.add_leaves(leaves)
    await store.of("exemple").add_leaves(leaves)
    assert await store.leaves() == leaves
    assert await store.leaves(b"a" * 32) == [leaves[0], leaves[2]]


async def test_a_revocation_is_stored_once_and_found_by_time(store: Store) -> None:
    revocation = RevocationRecord("exemple", b"f" * 32, b"signed", START)
    await store.add_revocation(revocation)
    await store.add_revocation(revocation)
    assert await store.revocations(START) == [revocation]
    assert await store.revocations(UnixMillis(START + 1)) == []
