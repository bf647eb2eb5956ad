"""The delivery service with real native members in virtual time: joins, batches, silence, removal, return."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from core.e2ee.delivery import Delivery
from core.errors import StoreConflict, StoreUnavailable, WireError
from core.values import EntryRecord, EntryState, ReceiptRecord
from core.wire import events, requests
from tests.support.people import person
from tests.support.world import Client, World, together


async def meeting_of(world: World, count: int) -> list[Client]:
    """So many people in one epoch."""
    clients = []
    for _ in range(count):
        clients.append(await world.join())
        await world.run(0.3)
    await world.run(1.5)
    assert together(*clients)
    return clients


async def states(world: World) -> list[tuple[int, int, str]]:
    """Epoch, attempt and state of each entry of the newest group."""
    meeting = (await world.store.live_meetings())[0]
    group = (await world.store.groups(meeting.id))[-1]
    return [(e.epoch, e.attempt, e.state.value) for e in await world.store.entries(group.id)]


async def test_two_members_reach_an_epoch(world: World) -> None:
    first = await world.join()
    await world.run(0.1)
    assert first.epoch == 0
    second = await world.join()
    await world.run(0.5)
    assert (first.epoch, second.epoch) == (1, 1)
    assert together(first, second)
    assert not first.alarms and not second.alarms and not first.refused and not second.refused
    assert len(first.of(events.GroupSettled)) == len(second.of(events.GroupSettled)) == 1
    assert await states(world) == [(0, 0, "reached"), (1, 0, "proposed"), (1, 0, "reached")]


async def test_an_add_after_quiet_goes_at_once_and_a_second_within_250_ms(world: World) -> None:
    first = await world.join()
    await world.run(2)
    second = await world.join()
    await world.settle()
    assert together(first, second), "an add after a second of quiet waits for nothing"
    third = await world.join()
    await world.settle()
    assert third.epoch is None
    await world.run(0.3)
    assert together(first, second, third)


async def test_a_storm_is_batched_and_ends_in_one_epoch_with_one_code(world: World) -> None:
    clients = await meeting_of(world, 2)
    before = clients[0].epoch or 0
    clients += [await world.join() for _ in range(40)]
    await world.run(4)
    assert together(*clients)
    assert (clients[0].epoch or 0) - before <= 3, "forty joins are a few commits"
    assert not any(client.alarms or client.refused for client in clients)


async def test_a_silent_committer_is_passed_over_and_nothing_is_withdrawn(world: World) -> None:
    clients = await meeting_of(world, 3)
    for client in clients:
        client.ignore = {requests.GroupCommit}
    joiner = await world.join()
    await world.settle()
    named = [event.committer for event in clients[0].of(events.GroupPropose)][-1]  # type: ignore[attr-defined]
    for client in clients:
        client.ignore = set()
    await world.run(2)
    assert together(*clients, joiner)
    last = clients[0].of(events.GroupPropose)[-1]
    assert isinstance(last, events.GroupPropose)
    assert last.attempt == 1 and last.committer != named
    assert not clients[0].of(events.GroupWithdrawn), "an attempt that was never stored is not withdrawn"


async def test_a_commit_nobody_confirms_is_withdrawn_and_the_next_committer_named(world: World) -> None:
    clients = await meeting_of(world, 3)
    joiner = await world.hello()
    for client in [*clients, joiner]:
        client.ignore = {requests.GroupReceipt}
    await joiner.begin()
    await world.settle()
    for client in [*clients, joiner]:
        client.ignore = set()
    await world.run(5)
    assert together(*clients, joiner)
    assert (3, 0, "withdrawn") in await states(world)
    assert len(clients[0].of(events.GroupWithdrawn)) == 1
    assert not any(client.alarms for client in [*clients, joiner])


async def test_reached_needs_the_committer_and_one_more(world: World) -> None:
    clients = await meeting_of(world, 3)
    for client in clients:
        client.ignore = {requests.GroupReceipt}
    joiner = await world.join()
    await world.run(0.5)
    assert joiner.epoch is None, "a joiner's receipt alone is not enough"
    assert (3, 0, "proposed") in await states(world) and (3, 0, "reached") not in await states(world)


async def test_a_joiners_receipt_counts(world: World) -> None:
    clients = await meeting_of(world, 3)
    committer = clients[0]
    for client in clients:
        client.ignore = {requests.GroupReceipt}
    joiner = await world.join()
    await world.settle()
    named = [e.committer for e in committer.of(events.GroupStaged)][-1]  # type: ignore[attr-defined]
    for client in clients:
        member = client.membership.member
        assert member is not None
        if member.leaf == named:
            client.ignore = set()
            await client.ask(client.withheld[-1])
    await world.settle()
    assert together(*clients, joiner)


async def test_a_removed_person_is_out_at_once_and_its_keys_open_nothing(world: World) -> None:
    host, *others = await meeting_of(world, 4)
    target = others[0]
    await host.ask(requests.Remove(id=0, participant=target.id))
    await world.settle()
    rest = [client for client in (host, *others) if client is not target]
    assert together(*rest)
    assert target.hung_up == "removed" and target.of(events.Removed)
    assert target.epoch != host.epoch
    assert all(client.of(events.GroupRemoving) for client in rest)
    await host.say({"t": "chat", "text": "alone at last"})
    await world.settle()
    assert len(others[1].said) == 1 or len(rest[1].news) > 0
    assert host.membership.member is not None and target.membership.member is not None
    for kind in ("microphone", "camera"):
        sender = host.membership.member.frame_sender(kind, world.clock.now())
        assert sender
    with pytest.raises(WireError) as caught:
        await target.ask(requests.Ping(id=0))
    assert caught.value.code == "out_of_order"


async def test_a_voluntary_leave_waits_for_company_but_not_longer_than_2_s(world: World) -> None:
    clients = await meeting_of(world, 4)
    leaver = clients.pop()
    epoch = clients[0].epoch or 0
    await leaver.ask(requests.Leave(id=0))
    await world.run(1.8)
    assert clients[0].epoch == epoch
    await world.run(0.4)
    assert clients[0].epoch == epoch + 1 and together(*clients)
    assert len(clients[0].membership.roster) == 3


async def test_a_leave_goes_with_the_next_add(world: World) -> None:
    clients = await meeting_of(world, 4)
    leaver = clients.pop()
    await world.run(1)
    epoch = clients[0].epoch or 0
    await leaver.ask(requests.Leave(id=0))
    joiner = await world.join()
    await world.settle()
    assert together(*clients, joiner) and clients[0].epoch == epoch + 1
    assert len(clients[0].membership.roster) == 4


async def test_the_last_of_two_waits_and_a_newcomer_brings_the_removal(world: World) -> None:
    first, second = await meeting_of(world, 2)
    await second.ask(requests.Leave(id=0))
    await world.run(10)
    assert first.epoch == 1, "alone nobody could confirm (K3.3)"
    third = await world.join()
    await world.run(0.3)
    assert together(first, third) and len(first.membership.roster) == 2


async def test_a_lost_socket_returns_with_nothing_lost(world: World) -> None:
    clients = await meeting_of(world, 3)
    away = clients[1]
    await away.lose_socket()
    joiner = await world.join()
    await world.run(1)
    await clients[0].say({"t": "hand", "up": True})
    await world.run(0.2)
    assert together(clients[0], clients[2], joiner) and away.epoch == 2
    assert await away.return_() > 0
    await world.run(0.5)
    assert together(*clients, joiner)
    assert len(away.said) == 1 and not away.alarms


async def test_a_member_whose_events_are_gone_catches_up_from_the_store(world: World) -> None:
    clients = await meeting_of(world, 3)
    away = clients[1]
    await clients[0].say({"t": "chat", "text": "before"})
    await world.settle()
    await away.lose_socket()
    joined = []
    for _ in range(3):
        joined.append(await world.join())
        await world.run(1.2)
    for _ in range(20):
        await clients[0].say({"t": "chat", "text": "x" * 60_000})
    await world.settle()
    assert away.session.participant.stream.missed(away.last_seq) is None
    await away.return_()
    await world.run(0.5)
    assert together(*clients, *joined)
    await clients[0].say({"t": "chat", "text": "y"})
    await world.settle()
    assert set(away.alarms) == {"message_missed"}, "what was lost is named, the rest goes on (K6.1)"


async def test_a_member_away_for_30_s_is_removed(world: World) -> None:
    clients = await meeting_of(world, 3)
    away = clients.pop()
    await away.lose_socket()
    await world.run(29, step=0.5)
    assert len(clients[0].membership.roster) == 3
    await world.run(4, step=0.5)
    assert together(*clients) and len(clients[0].membership.roster) == 2
    with pytest.raises(WireError) as caught:
        await away.return_()
    assert caught.value.code == "resume_expired"


async def test_when_everybody_of_a_group_is_gone_a_new_group_cites_the_old(world: World) -> None:
    first, second = await meeting_of(world, 2)
    await first.lose_socket()
    await second.lose_socket()
    third = await world.join()
    await world.run(5, step=0.5)
    assert third.epoch is None, "those who are away may still return"
    await world.run(40, step=0.5)
    fourth = await world.join()
    await world.run(2, step=0.1)
    assert together(third, fourth)
    meeting = (await world.store.live_meetings())[0]
    old, new = await world.store.groups(meeting.id)
    assert new.prior == old.id


async def test_a_member_that_cannot_process_a_commit_rejoins_as_a_fresh_leaf(world: World) -> None:
    clients = await meeting_of(world, 3)
    broken = clients[1]
    member = broken.membership.member
    assert member is not None
    key = broken.session.participant.leaf_key
    report = member.failure_report(member.epoch, 0, bytes(32), "commit_invalid")
    await broken.ask(requests.GroupFailed(id=0, epoch=member.epoch, attempt=0, report=report))
    await world.run(4)
    assert together(*clients) and len(clients[0].membership.roster) == 3
    assert broken.session.participant.leaf_key != key
    assert broken.of(events.GroupRejoin)


async def test_an_entry_kept_but_reported_lost_is_neither_doubled_nor_denied(world: World) -> None:
    clients = await meeting_of(world, 2)
    world.store.fail = ["lost", "kept", "lost", "kept"]
    joiner = await world.join()
    await world.run(6)
    assert together(*clients, joiner)
    assert await states(world) == [
        (0, 0, "reached"),
        (1, 0, "proposed"),
        (1, 0, "reached"),
        (2, 0, "proposed"),
        (2, 0, "reached"),
    ]


async def test_what_the_log_will_hold_is_written_with_each_outcome(world: World) -> None:
    await meeting_of(world, 3)
    meeting = (await world.store.live_meetings())[0]
    kinds = [leaf.kind for leaf in await world.store.leaves(meeting.label)]
    assert kinds.count("certificate") == 3 and kinds.count("entry_reached") == 3
    assert all(len(leaf.hash) == 32 and len(leaf.salt) == 32 for leaf in await world.store.leaves())


async def test_every_receipt_reaches_everybody(world: World) -> None:
    clients = await meeting_of(world, 5)
    for client in clients[:-1]:
        seen = {
            receipt
            for event in client.of(events.GroupReceiptsRelayed)
            for receipt in event.receipts  # type: ignore[attr-defined]
        }
        assert len(seen) >= 3
    meeting = (await world.store.live_meetings())[0]
    group = (await world.store.groups(meeting.id))[0]
    assert len(await world.store.receipts(group.id, 4, 0)) == 5


async def test_guests_and_two_ministries_share_a_group(world: World) -> None:
    first = await world.join(person("x-1"))
    await world.run(0.5)
    second = await world.join(person("b-1", tenant="beispiel", name="Jonas Weber"))
    await world.run(1)
    assert together(first, second)
    tenants = {line.tenant for line in first.membership.roster.values()}
    assert tenants == {"exemple", "beispiel"}


async def test_the_store_double_refuses_what_the_rules_refuse(world: World) -> None:
    await meeting_of(world, 2)
    meeting = (await world.store.live_meetings())[0]
    group = (await world.store.groups(meeting.id))[0]
    last = (await world.store.entries(group.id))[-1]
    assert last.state is EntryState.REACHED
    with pytest.raises(StoreConflict):
        await world.store.create_group(group)


async def test_after_a_storm_members_update_their_leaf_in_turn(world: World) -> None:
    """K3.4: as many fresh leaves as keep a removal below 64 kB stay, the others get a path of their own."""
    clients = await meeting_of(world, 2)
    clients += [await world.join() for _ in range(54)]
    await world.run(3)
    assert together(*clients)
    epoch = clients[0].epoch or 0
    await world.run(25, step=0.25)
    assert together(*clients)
    updates = (clients[0].epoch or 0) - epoch
    assert 4 <= updates <= 8, "six leaves too many, one update each three seconds"
    committers = [
        event.committer
        for event in clients[0].of(events.GroupPropose)
        if isinstance(event, events.GroupPropose) and not event.proposals
    ]
    assert len(set(committers)) == len(committers), "each member in its turn"
    await world.run(10, step=0.25)
    assert (clients[0].epoch or 0) - epoch <= 8, "then it stops"


async def test_a_message_of_an_old_epoch_is_taken_for_5_s_and_then_is_stale(world: World) -> None:
    """K6.1: the sender then encrypts again; nobody outside the epoch is given it."""
    clients = await meeting_of(world, 3)
    epoch = clients[0].epoch or 0
    old = [clients[0].membership.say({"t": "hand", "up": up}, world.clock.now()) for up in (True, False)]
    joiner = await world.join()
    await world.run(0.5)
    assert joiner.epoch == epoch + 1
    await clients[0].ask(old[0])
    await world.run(6)
    with pytest.raises(WireError) as caught:
        await clients[0].ask(old[1])
    assert caught.value.code == "stale_epoch"
    assert len(clients[1].said) == len(clients[2].said) == 1 and not joiner.of(events.MessageRelayed)
    with pytest.raises(WireError) as future:
        await clients[0].ask(old[1].model_copy(update={"epoch": 99}))
    assert future.value.code == "out_of_order"


async def test_an_outage_at_reached_only_delays_the_epoch(world: World) -> None:
    """Signed as reached and not stored, it is never withdrawn (K4.7): the signer would refuse."""
    clients = await meeting_of(world, 2)
    joiner = await world.hello()
    for client in [*clients, joiner]:
        client.ignore = {requests.GroupReceipt}
    await joiner.begin()
    await world.settle()
    world.store.fail = ["lost"] * 8
    named = [e.committer for e in clients[0].of(events.GroupStaged)][-1]  # type: ignore[attr-defined]
    for client in (
        *(c for c in clients if c.membership.member and c.membership.member.leaf == named),
        joiner,
    ):
        receipt = client.withheld[-1]
        try:
            await world.do(client.ask(receipt))
        except StoreUnavailable:
            pass
    assert len(world.store.fail) < 8
    await world.run(8)
    assert together(*clients, joiner)
    assert (await states(world))[-2:] == [(2, 0, "proposed"), (2, 0, "reached")]


@pytest.mark.parametrize("fail", [["kept", "lost"], ["kept"]])
@pytest.mark.parametrize("unanswered", [2, 7])
async def test_a_kept_entry_that_could_not_be_looked_up_is_found_later(
    world: World, monkeypatch: pytest.MonkeyPatch, fail: list[Literal["kept", "lost"]], unanswered: int
) -> None:
    """Its next write breaks the chain, which is no reason to deny it."""
    clients = await meeting_of(world, 2)
    head = world.store.head

    async def out(group: bytes) -> EntryRecord | None:
        nonlocal unanswered
        if unanswered:
            unanswered -= 1
            raise StoreUnavailable("out")
        return await head(group)

    monkeypatch.setattr(world.store.of("exemple"), "head", out)
    world.store.fail = list(fail)
    joiner = await world.join()
    await world.run(12)
    assert together(*clients, joiner)
    assert (await states(world))[-1][2] == "reached"
    later = await world.join()
    await world.run(2)
    assert together(*clients, joiner, later)


async def test_receipts_are_relayed_and_stored_though_the_store_was_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = await meeting_of(world, 3)
    add, failures = world.store.add_receipt, 0

    async def out(receipt: ReceiptRecord) -> None:
        nonlocal failures
        if receipt.epoch == 3 and receipt.leaf not in made:
            failures += 1
            if failures <= 2:
                raise StoreUnavailable("out")
        await add(receipt)

    made: set[int] = set()
    append = world.store.append_entry

    async def appending(entry: EntryRecord, **more: Any) -> None:
        made.update(receipt.leaf for receipt in more.get("receipts", ()))
        await append(entry, **more)

    monkeypatch.setattr(world.store.of("exemple"), "add_receipt", out)
    monkeypatch.setattr(world.store.of("exemple"), "append_entry", appending)
    joiner = await world.join()
    await world.run(5)
    assert together(*clients, joiner) and clients[0].epoch == 3 and failures > 2
    meeting = (await world.store.live_meetings())[0]
    group = (await world.store.groups(meeting.id))[0]
    assert len(await world.store.receipts(group.id, 3, 0)) == 4
    assert any(c.of(events.GroupReceiptsRelayed) for c in clients)


async def test_one_who_rejoins_does_not_speak_for_the_leaf_it_leaves(world: World) -> None:
    """Its old key still signs, and the leaf is leaving in the very commit that adds it anew."""
    clients = await meeting_of(world, 4)
    back = clients[1]
    old = back.membership.member
    assert old is not None
    for client in clients:
        client.ignore = {requests.GroupReceipt}
    report = old.failure_report(old.epoch, 0, bytes(32), "commit_invalid")
    await back.ask(requests.GroupFailed(id=0, epoch=old.epoch, attempt=0, report=report))
    await world.run(0.5)
    ordering = back.session.meeting.ordering
    assert isinstance(ordering, Delivery) and ordering._group is not None
    group = ordering._group
    attempt = group._attempt
    assert attempt is not None and attempt.entry is not None
    assert old.leaf in {removal.leaf for removal in attempt.batch.removals}
    new = group._tree.leaf_of(attempt.batch.adds[0].leaf_key)
    assert new is not None
    group._check_receipt(back.id, new, attempt)
    for leaf in {0, 1, 2, 3, 4, 9} - {new}:
        with pytest.raises(WireError):
            group._check_receipt(back.id, leaf, attempt)


async def test_a_group_of_which_everybody_must_rejoin_is_replaced(world: World) -> None:
    clients = await meeting_of(world, 2)
    for client in clients:
        member = client.membership.member
        assert member is not None
        report = member.failure_report(member.epoch, 0, bytes(32), "commit_invalid")
        await client.ask(requests.GroupFailed(id=0, epoch=member.epoch, attempt=0, report=report))
    await world.run(10)
    meeting = (await world.store.live_meetings())[0]
    assert len(await world.store.groups(meeting.id)) == 2
    assert together(*clients) and len(clients[0].membership.roster) == 2


async def test_a_host_removes_somebody_who_is_just_being_added_at_once(world: World) -> None:
    clients = await meeting_of(world, 3)
    joiner = await world.hello()
    for client in [*clients, joiner]:
        client.ignore = {requests.GroupReceipt}
    await joiner.begin()
    await world.settle()
    await clients[0].ask(requests.Remove(id=0, participant=joiner.id))
    for client in clients:
        client.ignore = set()
        await client.ask(client.withheld[-1])
    await world.settle()
    assert together(*clients) and len(clients[0].membership.roster) == 3
    assert clients[0].epoch == 4 and clients[1].of(events.GroupRemoving)


@pytest.mark.parametrize("kept", [True, False])
async def test_when_no_answer_of_the_store_came_the_proposed_entry_is_found_or_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Clients follow the chain entry by entry, so one that was kept is announced, however late (K4.2)."""
    clients = await meeting_of(world, 3)
    head, out = world.store.head, True

    async def silent(group: bytes) -> EntryRecord | None:
        if out:
            raise StoreUnavailable("out")
        return await head(group)

    monkeypatch.setattr(world.store.of("exemple"), "head", silent)
    world.store.fail = ["kept" if kept else "lost", *["lost"] * 40]
    joiner = await world.join()
    await world.run(6, step=0.25)
    assert joiner.epoch is None and (await states(world))[-1] == (
        (3, 0, "proposed") if kept else (2, 0, "reached")
    )
    named = [e.committer for e in clients[0].of(events.GroupPropose)][-1]  # type: ignore[attr-defined]
    host = clients[0]
    target = next(c for c in clients[1:] if c.membership.member and c.membership.member.leaf != named)
    removing = asyncio.create_task(host.ask(requests.Remove(id=0, participant=target.id)))
    await world.run(0.5)
    out, world.store.fail = False, []
    await world.run(3, step=0.1)
    await removing
    left = [client for client in clients if client is not target]
    assert together(*left, joiner) and len(host.membership.roster) == 3
    assert not any(client.alarms for client in [*left, joiner]), "no gap in the entries"
    assert ((3, 0, "reached") in await states(world)) == kept


async def test_an_entry_found_late_that_adds_somebody_who_was_removed_is_withdrawn_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = await meeting_of(world, 3)
    head, out = world.store.head, True

    async def silent(group: bytes) -> EntryRecord | None:
        if out:
            raise StoreUnavailable("out")
        return await head(group)

    monkeypatch.setattr(world.store.of("exemple"), "head", silent)
    world.store.fail = ["kept", *["lost"] * 40]
    joiner, doomed = await world.join(), await world.join()
    await world.run(6, step=0.25)
    assert (await states(world))[-1] == (3, 0, "proposed")
    removing = asyncio.create_task(clients[0].ask(requests.Remove(id=0, participant=doomed.id)))
    await world.run(0.5)
    out, world.store.fail = False, []
    await world.run(4, step=0.1)
    await removing
    assert (3, 0, "withdrawn") in await states(world) and (3, 0, "reached") not in await states(world)
    assert together(*clients, joiner) and len(clients[0].membership.roster) == 4
    assert not any(client.alarms for client in [*clients, joiner]), "no gap in the entries"
