"""Attack 19: a removed member still receives: packets, events, messages, receipts, what was missed, a
resume."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.e2ee.delivery import Delivery
from core.errors import WireError
from core.wire import events, requests
from tests.attacks.test_14_ghosts import refused
from tests.support.media import FakeMediaNode
from tests.support.world import Client, World, together

OFFER = (Path(__file__).parents[1] / "vectors/sdp/chromium-offer.sdp").read_bytes().decode()


async def three(world: World) -> tuple[Client, Client, Client]:
    clients = []
    for _ in range(3):
        clients.append(await world.join())
        await world.run(0.3)
    await world.run(1.5)
    assert together(*clients)
    return clients[0], clients[1], clients[2]


async def remove(host: Client, target: Client) -> None:
    await host.ask(requests.Remove(id=0, participant=target.id))


async def test_attack_19_nothing_is_told_after_the_word_that_one_is_out(world: World) -> None:
    host, target, other = await three(world)
    await remove(host, target)
    heard = len(target.heard)
    assert isinstance(target.heard[-1], events.Removed)
    await world.settle()
    await host.say({"t": "hand", "up": True})
    joiner = await world.join()
    await world.run(3)
    assert together(host, other, joiner) and other.said
    assert len(target.heard) == heard, "no message, commit, receipt, list or level"
    assert target.epoch != host.epoch


async def test_attack_19_its_packets_stop_and_none_are_sent_to_it(world: World) -> None:
    host, target, other = await three(world)
    for client in (host, target, other):
        await client.ask(requests.MediaOffer(id=0, connection=0, sdp=OFFER))
        await client.ask(requests.SetSource(id=0, source="camera", state="live"))
    await world.run(0.5)
    media = world.services.media
    assert isinstance(media, FakeMediaNode)
    added = [command["add_peer"] for _, command in media.commands if "add_peer" in command]
    peer = added[1]["peer"]  # type: ignore[index]
    before = len(media.commands)
    await remove(host, target)
    assert (0, {"remove_peer": {"peer": peer}}) in media.commands[before:], "before anything is awaited"
    await world.run(2)
    later = [command for _, command in media.commands[before:]]
    assert not any(one["set_slots"]["peer"] == peer for one in later if "set_slots" in one)  # type: ignore[index]
    tracks = [
        slot["track"]
        for one in later
        if "set_slots" in one
        for slot in one["set_slots"]["slots"]  # type: ignore[index]
    ]
    assert not any(track and track["peer"] == peer for track in tracks)


async def test_attack_19_it_asks_for_nothing_more(world: World) -> None:
    host, target, _ = await three(world)
    await remove(host, target)
    for request in (
        requests.MediaOffer(id=0, connection=1, sdp=OFFER),
        requests.SetView(id=0, tiles=[]),
        requests.KeyPackage(id=0, data=b"x"),
        requests.SendMessage(id=0, data=b"x", epoch=2),
    ):
        assert (await refused(target, request)).startswith("out_of_order")


async def test_attack_19_it_does_not_resume(world: World) -> None:
    host, target, _ = await three(world)
    await remove(host, target)
    with pytest.raises(WireError, match="removed"):
        await target.return_()


@pytest.mark.parametrize("when", ["before the proof", "while it returns"])
async def test_attack_19_a_resume_that_began_before_the_removal_ends_with_it(world: World, when: str) -> None:
    host, target, other = await three(world)
    await target.lose_socket()
    heard = len(target.heard)
    if when == "before the proof":
        asked = requests.Resume(id=1, participant=target.id, last_seq=target.last_seq)
        session, reply = world.registry.resume(asked)
        await remove(host, target)
        with pytest.raises(WireError, match="removed"):
            world.registry.prove(session, reply.nonce, target.membership.sign_resume(reply.nonce))
        return
    ordering = target.session.meeting.ordering
    assert isinstance(ordering, Delivery)
    async with target.session.participant.returning:
        returning = asyncio.create_task(target.return_())
        await asyncio.sleep(0)
        await remove(host, target)
    with pytest.raises(WireError, match="removed"):
        await returning
    await world.run(1)
    assert together(host, other) and len(target.heard) == heard


async def test_attack_19_what_it_missed_is_not_made_up_for_it(world: World) -> None:
    host, target, other = await three(world)
    await remove(host, target)
    await world.run(1)
    heard, ready = len(target.heard), []
    ordering = target.session.meeting.ordering
    await ordering.catch_up(target.id, 0, lambda: ready.append(1))
    assert ready and len(target.heard) == heard and together(host, other)
    assert isinstance(ordering, Delivery) and ordering._group is not None
    assert await ordering._group.catch_up(target.id, 0) == []


async def test_attack_19_who_is_removed_while_being_added_gets_nothing_more(world: World) -> None:
    host, second, third = await three(world)
    joiner = await world.hello()
    everybody = [host, second, third]
    for client in [*everybody, joiner]:
        client.ignore = {requests.GroupReceipt}
    await joiner.begin()
    await world.settle()
    await remove(host, joiner)
    heard = len(joiner.heard)
    for client in everybody:
        client.ignore = set()
        await client.ask(client.withheld[-1])
    await world.run(2)
    assert together(*everybody) and len(joiner.heard) == heard
