"""A live meeting: what people are told of each other, hosts, how it begins and how it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest

from core.e2ee.delivery import Delivery
from core.errors import StoreUnavailable, UserError, WireError
from core.meeting.participant import ANSWERS_KEPT
from core.values import ParticipantRecord
from core.wire import events, requests
from core.wire.values import Person, Tile
from gateway.meetings import open_registry
from tests.support.media import FakeMediaNode
from tests.support.people import person
from tests.support.telemetry import RecordingTelemetry, series
from tests.support.world import Client, World, inline, together

VECTORS = Path(__file__).parents[3] / "vectors" / "sdp"


def people(client: Client) -> dict[str, Person]:
    told = client.of(events.Participants)[-1]
    assert isinstance(told, events.Participants)
    return {line.participant: line for line in told.people}


def commands(world: World, kind: str) -> list[object]:
    media = world.services.media
    assert isinstance(media, FakeMediaNode)
    return [command[kind] for _, command in media.commands if kind in command]


async def test_states_go_from_joining_to_connected_to_reconnecting(world: World) -> None:
    first = await world.hello()
    await world.settle()
    assert people(first)[first.id].state == "joining"
    await first.begin()
    await world.run(0.5)
    assert people(first)[first.id].state == "connected" and people(first)[first.id].leaf == 0
    second = await world.join()
    await world.run(0.5)
    await second.lose_socket()
    await world.run(0.5)
    assert people(first)[second.id].state == "reconnecting"
    await second.return_()
    await world.run(0.5)
    assert people(first)[second.id].state == "connected"


async def test_lists_are_told_four_times_a_second_at_most(world: World) -> None:
    first = await world.join()
    await world.run(1)
    before = len(first.of(events.Participants))
    for n in range(40):
        await first.ask(requests.SetSource(id=0, source="camera", state="live" if n % 2 else "off"))
        await world.run(0.025, step=0.025)
    told = len(first.of(events.Participants)) - before
    assert told <= 5, "forty changes in a second"
    await world.run(0.5)
    assert people(first)[first.id].sources == {"camera": "live"}


async def test_the_rooms_owner_hosts_and_else_the_first_official(world: World) -> None:
    first = await world.hello(person("x-9"))
    owner = await world.hello(person("x-1"))
    third = await world.hello(person("x-10"))
    hosts = [client.session.participant.host for client in (first, owner, third)]
    assert hosts == [True, True, False]


async def test_a_view_becomes_slots_and_slots_are_hinted(world: World) -> None:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1)
    offer = (VECTORS / "chromium-offer.sdp").read_bytes().decode()
    for client in (first, second):
        reply = await client.ask(requests.MediaOffer(id=0, connection=0, sdp=offer))
        assert isinstance(reply, requests.MediaOfferReply) and reply.sdp.startswith("v=0")
    await first.ask(requests.SetSource(id=0, source="camera", state="live"))
    tile = Tile(participant=first.id, source="camera", height=180)
    await second.ask(requests.SetView(id=0, tiles=[tile]))
    await world.settle()
    hint = second.of(events.Slots)[-1]
    assert isinstance(hint, events.Slots)
    assert [(s.kind, s.index) for s in hint.slots if s.participant == first.id] == [("video", 0)]
    told = commands(world, "set_slots")[-1]
    assert isinstance(told, dict) and told["slots"][0]["max_layer"] == 0


async def test_leaves_reach_the_worker_and_go_with_their_owner(world: World) -> None:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1)
    offer = (VECTORS / "firefox-offer.sdp").read_bytes().decode()
    await second.ask(requests.MediaOffer(id=0, connection=0, sdp=offer))
    assert commands(world, "set_leaf")[-1] == {"peer": 1, "leaf": 1}
    await second.ask(requests.Leave(id=0))
    assert commands(world, "remove_peer") == [{"peer": 1}], "no packet of theirs from here on"
    assert together(first)


async def test_a_full_meeting_takes_nobody_more(world: World) -> None:
    services = replace(world.services, max_people=2)
    registry, joint = open_registry(services, inline)
    small = World(services, registry, joint)
    await small.hello()
    await small.hello()
    with pytest.raises(WireError) as caught:
        await small.hello()
    assert caught.value.code == "meeting_full"
    await small.close()


async def test_a_meeting_ends_with_the_last_leave_and_the_next_is_another(world: World) -> None:
    first = await world.join()
    await world.run(0.5)
    serial = first.session.meeting.record.serial
    await first.ask(requests.Leave(id=0))
    await world.run(2)
    assert not await world.store.live_meetings() and world.registry.people("r1") == 0
    assert commands(world, "remove_room")
    again = await world.join()
    await world.run(0.5)
    assert again.epoch == 0 and again.session.meeting.record.serial == serial + 1


async def test_a_revocation_is_told_to_all_and_its_leaf_is_out_at_once(world: World) -> None:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(0.3)
    third = await world.join()
    await world.run(1.5)
    line = next(line for line in first.membership.roster.values() if line.leaf == 2)
    assert line.name == third.session.participant.person.name
    member = first.membership.member
    assert member is not None
    identity = next(r for r in msgpack.unpackb(member.roster()) if r["leaf"] == 2)["identity"]
    data = await world.services.signer.sign_revocation("exemple", identity["fingerprint"], "key lost")
    await world.registry.revoke(data)
    await world.settle()
    assert third.of(events.Removed) and third.hung_up == "removed"
    assert first.of(events.GroupRevocation) and second.of(events.GroupRevocation)
    assert together(first, second) and len(first.membership.roster) == 2


async def test_joins_are_measured(world: World) -> None:
    await world.join()
    await world.run(0.5)
    telemetry = world.services.telemetry
    assert isinstance(telemetry, RecordingTelemetry)
    assert telemetry.counts[series("entente_joins_total", result="joined")] == 1


async def test_media_is_refused_by_name_and_the_meeting_goes_on(world: World) -> None:
    first = await world.join()
    await world.run(0.5)
    for sdp in ("v=0", "x" * 1000, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"):
        with pytest.raises(WireError) as caught:
            await first.ask(requests.MediaOffer(id=0, connection=0, sdp=sdp))
        assert caught.value.code == "sdp_refused"
    with pytest.raises(WireError) as caught:
        await first.ask(requests.MediaClose(id=0, connection=4))
    assert caught.value.code == "connection_unknown"
    assert first.epoch == 0


async def test_what_is_told_between_hello_and_its_socket_is_not_lost(world: World) -> None:
    """A store that takes its time lets the first list come before there is a socket."""
    add = world.store.add_participant

    async def slowly(participant: ParticipantRecord) -> None:
        await add(participant)
        for _ in range(200):
            await asyncio.sleep(0)

    world.store.of("exemple").add_participant = slowly  # type: ignore[method-assign]
    first = await world.hello()
    await world.settle()
    assert first.heard[0].seq == 1 and people(first)[first.id]


async def test_the_end_of_an_old_socket_does_not_overtake_the_return(world: World) -> None:
    """The node learns of the old socket's end while the return waits for its turn."""
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1.5)
    ordering = second.session.meeting.ordering
    assert isinstance(ordering, Delivery) and ordering._group is not None
    async with ordering._turn:
        returning = asyncio.create_task(second.return_())
        await asyncio.sleep(0)
        losing = asyncio.create_task(second.lose_socket())
        await asyncio.sleep(0)
    await asyncio.gather(returning, losing)
    await world.run(0.5)
    assert second.hung_up == "replaced"
    assert second.session.participant.state == "connected" and second.session.participant.stream.attached
    assert ordering._group.books.members[second.id].connected
    await world.run(40, step=0.5)
    assert together(first, second) and second.id in second.session.meeting.people


async def test_a_return_that_fails_may_be_tried_again(world: World) -> None:
    first = await world.join()
    second = await world.join()
    await world.run(1.5)
    ordering = second.session.meeting.ordering
    assert isinstance(ordering, Delivery)
    connect = ordering.connect

    async def fails(participant: str, connected: bool) -> None:
        raise StoreUnavailable("lost")

    ordering.connect = fails  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await second.return_()
    await world.run(0.5)
    assert people(first)[second.id].state == "reconnecting"
    ordering.connect = connect  # type: ignore[method-assign]
    await second.return_()
    await world.run(0.5)
    assert people(first)[second.id].state == "connected"


async def test_a_request_sent_again_is_answered_and_not_carried_out_again(world: World) -> None:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1)
    said = first.membership.say({"t": "chat", "text": "once"}, world.clock.now())
    said = said.model_copy(update={"id": 1000})
    answer = await first.ask(said)
    assert await first.ask(said) == answer
    await world.run(0.5)
    assert len(second.of(events.MessageRelayed)) == 1 and second.alarms == []


async def test_a_lost_certificate_is_given_again(world: World) -> None:
    client = await world.hello()
    request = client.membership.certify(client.hello.nonce).model_copy(update={"id": 1000})
    assert await client.ask(request) == await client.ask(request)


async def test_a_refusal_is_repeated_and_old_answers_are_forgotten(world: World) -> None:
    client = await world.hello()
    package = requests.KeyPackage(id=1000, data=b"x")
    with pytest.raises(WireError, match="certify first"):
        await client.ask(package)
    await client.begin()
    with pytest.raises(WireError, match="certify first"):
        await client.ask(package)
    for number in range(100):
        await client.ask(requests.Ping(id=2000 + number))
    assert len(client.session.participant.answers) == ANSWERS_KEPT
    await world.run(0.5)


async def test_of_two_returns_at_one_time_the_second_speaks_and_nobody_is_away(world: World) -> None:
    """The first one's step in the group fails after the second has begun."""
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1.5)
    await second.lose_socket()
    ordering = second.session.meeting.ordering
    assert isinstance(ordering, Delivery)
    connect, calls = ordering.connect, 0

    async def fails_once(participant: str, connected: bool) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            for _ in range(20):
                await asyncio.sleep(0)
            raise StoreUnavailable("lost")
        await connect(participant, connected)

    ordering.connect = fails_once  # type: ignore[method-assign]
    returns = await asyncio.gather(second.return_(), second.return_(), return_exceptions=True)
    assert [type(one) for one in returns] == [StoreUnavailable, int]
    await world.run(0.5)
    assert people(first)[second.id].state == "connected"
    await world.run(40, step=0.5)
    assert second.id in second.session.meeting.people and together(first, second)
    assert ordering._group is not None and ordering._group.books.members[second.id].connected


async def test_a_request_sent_again_while_it_is_carried_out_waits_for_that_answer(world: World) -> None:
    """A socket that was lost in the middle of a request; its successor sends the request again."""
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1)
    said = first.membership.say({"t": "chat", "text": "once"}, world.clock.now())
    said = said.model_copy(update={"id": 1000})
    ordering = first.session.meeting.ordering
    assert isinstance(ordering, Delivery)
    async with ordering._turn:
        both = [asyncio.create_task(first.ask(said)) for _ in range(2)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert not any(task.done() for task in both)
    assert len(await asyncio.gather(*both)) == 2
    await world.run(0.5)
    assert len(second.of(events.MessageRelayed)) == 1 and second.alarms == []


FAILURES = (StoreUnavailable("lost"), UserError("stale_epoch"), asyncio.CancelledError())


@pytest.mark.parametrize("error", FAILURES)
async def test_both_who_wait_for_one_request_learn_that_it_failed(world: World, error: BaseException) -> None:
    first = await world.join()
    await world.run(0.5)
    ordering, gate = first.session.meeting.ordering, asyncio.Event()
    assert isinstance(ordering, Delivery)

    async def fails(participant: str, data: bytes, epoch: int, kind: str) -> None:
        await gate.wait()
        raise error

    ordering.message = fails  # type: ignore[method-assign]
    request = requests.SendMessage(id=1000, data=b"x", epoch=0)
    both = [asyncio.create_task(first.ask(request)) for _ in range(2)]
    for _ in range(20):
        await asyncio.sleep(0)
    gate.set()
    told = await asyncio.gather(*both, return_exceptions=True)
    assert type(told[0]) is type(error)
    assert isinstance(told[1], UserError if isinstance(error, asyncio.CancelledError) else type(error))
    assert not first.session.participant.pending
