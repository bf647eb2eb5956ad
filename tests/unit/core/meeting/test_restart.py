"""A node that is started again: its people come back into the same meeting and make a new group, which cites
the old one (K3.1); what nobody comes back to ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgpack
import pytest

from core.errors import PeerError, UserError
from core.meeting.registry import RETURN
from core.values import EntryState, RevocationRecord
from core.wire import events, requests
from gateway.meetings import open_registry
from tests.support.people import person
from tests.support.world import Client, World, inline, open_world, together


async def crash(world: World) -> None:
    """As a killed process: nothing is told, nothing is put in order."""
    tasks = [*world.tasks, *(client.task for client in world.clients)]
    for meeting in world.registry._meetings.values():
        tasks += meeting._tasks  # type: ignore[arg-type]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def start_again(world: World) -> World:
    """Another node over the same store, in the same time."""
    registry, joint = open_registry(world.services, inline)
    await registry.recover()
    return World(world.services, registry, joint)


@pytest.fixture
async def before(tmp_path: Path) -> AsyncIterator[World]:
    world = await open_world(tmp_path)
    yield world
    await crash(world)


async def meet(world: World) -> list[Client]:
    clients = [await world.join(person("x-1"))]
    await world.run(0.3)
    clients.append(await world.join(person("b-1", tenant="beispiel", name="Jonas Weber")))
    await world.run(1.5)
    assert together(*clients)
    return clients


def prior(client: Client) -> dict[str, object] | None:
    member = client.membership.member
    assert member is not None
    found: dict[str, object] | None = msgpack.unpackb(member.params())["prior"]
    return found


@pytest.mark.parametrize("orderly", [True, False])
async def test_people_come_back_into_the_same_meeting_and_their_group_cites_the_old(
    before: World, orderly: bool
) -> None:
    old = await meet(before)
    record = old[0].session.meeting.record
    group = (await before.store.groups(record.id))[-1]
    head = await before.store.head(group.id)
    if orderly:
        await before.registry.close()
        assert [client.hung_up for client in old] == ["restarting", "restarting"]
        assert not any(client.of(events.Ended) or client.of(events.Removed) for client in old)
    await crash(before)
    after = await start_again(before)
    with pytest.raises(UserError, match="resume_expired"):
        after.registry.resume(requests.Resume(id=1, participant=old[0].id, last_seq=0))
    back = await meet(after)
    again = back[0].session.meeting.record
    assert (again.id, again.serial, again.label) == (record.id, record.serial, record.label)
    assert head is not None
    assert prior(back[0]) == prior(back[1]) == {
        "group": group.id, "head_hash": head.hash, "reason": "restart",
    }  # fmt: skip
    assert (await after.store.groups(record.id))[-1].prior == group.id
    left = {one.id: one.left for one in await after.store.participants(record.id)}
    assert all(left[client.id] is not None for client in old)
    assert all(left[client.id] is None for client in back)
    await after.close()


async def test_a_crash_between_proposed_and_its_outcome_is_cited_as_it_was_stored(before: World) -> None:
    clients = await meet(before)
    for client in clients:
        client.ignore = {requests.GroupReceipt}
    await before.join()
    await before.run(0.5)
    record = clients[0].session.meeting.record
    group = (await before.store.groups(record.id))[-1]
    head = await before.store.head(group.id)
    assert head is not None and head.state is EntryState.PROPOSED
    await crash(before)
    after = await start_again(before)
    back = await meet(after)
    cited = prior(back[0])
    assert cited is not None and cited["head_hash"] == head.hash
    await after.close()


async def test_whose_group_was_never_made_cites_nothing(before: World) -> None:
    await before.hello()
    await crash(before)
    after = await start_again(before)
    assert prior((await meet(after))[0]) is None
    await after.close()


async def test_a_meeting_that_nobody_comes_back_to_ends_and_a_second_start_gives_it_no_more_time(
    before: World,
) -> None:
    clients = await meet(before)
    record = clients[0].session.meeting.record
    await crash(before)
    second = await start_again(before)
    await second.run(RETURN / 1000 - 60, step=30)
    assert [one.id for one in await second.store.live_meetings()] == [record.id]
    await crash(second)
    third = await start_again(second)
    await third.run(58, step=29)
    assert await third.store.live_meetings()
    await third.run(4, step=1)
    assert not await third.store.live_meetings()
    fresh = await meet(third)
    assert fresh[0].session.meeting.record.serial == record.serial + 1 and prior(fresh[0]) is None
    await third.close()


async def test_what_was_over_when_the_node_was_started_ends_at_once(before: World) -> None:
    await meet(before)
    await crash(before)
    second = await start_again(before)
    await crash(second)
    await second.clock.advance(RETURN / 1000 + 1)
    third = await start_again(second)
    assert not await third.store.live_meetings()
    await third.close()


async def test_who_came_back_in_time_has_all_the_time_again(before: World) -> None:
    await meet(before)
    await crash(before)
    second = await start_again(before)
    await second.run(RETURN / 1000 - 60, step=60)
    await meet(second)
    await second.run(120, step=10)
    assert len(await second.store.live_meetings()) == 1
    await crash(second)
    third = await start_again(second)
    await third.run(RETURN / 1000 - 60, step=60)
    assert len(await third.store.live_meetings()) == 1
    await third.close()


async def test_a_stopping_node_takes_nobody_in_and_ends_what_everybody_has_left(before: World) -> None:
    clients = await meet(before)
    for client in clients:
        await client.ask(requests.Leave(id=0))
    await before.registry.close()
    assert not await before.store.live_meetings()
    with pytest.raises(UserError, match="restarting"):
        await before.hello()


async def test_a_socket_that_closes_after_the_node_said_so_is_not_waited_for(before: World) -> None:
    clients = await meet(before)
    meeting = clients[0].session.meeting
    await before.registry.close()
    await clients[0].lose_socket()
    assert not meeting._tasks and not meeting._expiries


async def test_a_revoked_certificate_is_refused_after_a_restart_as_well(before: World) -> None:
    await meet(before)
    await crash(before)
    after = await start_again(before)
    newcomer = await after.hello(person("x-7"))
    reply = await newcomer.ask(newcomer.membership.certify(newcomer.hello.nonce))
    assert isinstance(reply, requests.CertifyReply)
    fingerprint = newcomer.session.participant.certificate
    assert fingerprint is not None
    data = await after.services.signer.sign_revocation("exemple", fingerprint, "key lost")
    await after.store.add_revocation(RevocationRecord("exemple", fingerprint, data, after.clock.now()))
    friend = await after.join(person("x-8"))
    await after.run(0.5)
    with pytest.raises(PeerError, match="revoked"):
        await newcomer.ask(newcomer.membership.certified(reply.chain, after.clock.now()))
    assert friend.epoch == 0
    await after.close()
