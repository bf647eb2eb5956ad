"""Attack 21: commands on other participants, by people who are no hosts, in other meetings, or gone."""

from __future__ import annotations

import msgpack
import pytest

from core.wire import codec, events, requests
from core.wire.requests import Request
from tests.attacks.test_14_ghosts import pair, refused
from tests.support.people import person, room
from tests.support.world import World

HOST_COMMANDS = (
    lambda target: requests.Remove(id=0, participant=target),
    lambda target: requests.Mute(id=0, participant=target, source="microphone"),
)


@pytest.mark.parametrize("command", HOST_COMMANDS)
async def test_only_a_host_commands_others(world: World, command: object) -> None:
    assert callable(command)
    host, other = await pair(world)
    asked: Request = command(host.id)
    assert (await refused(other, asked)).startswith("not_host")
    assert not host.of(events.Removed) and not host.of(events.Muted)
    itself: Request = command(other.id)
    assert (await refused(other, itself)).startswith("not_host")


@pytest.mark.parametrize("command", HOST_COMMANDS)
async def test_a_host_commands_nobody_of_another_meeting(world: World, command: object) -> None:
    assert callable(command)
    host, _ = await pair(world)
    await world.store.create_room(room("r2"))
    stranger = await world.hello(person("x-50"), "r2")
    asked: Request = command(stranger.id)
    assert (await refused(host, asked)).startswith("participant_unknown")
    assert not stranger.of(events.Removed)


async def test_who_is_gone_commands_nobody(world: World) -> None:
    host, other = await pair(world)
    await host.ask(requests.Leave(id=0))
    command = requests.Remove(id=0, participant=other.id)
    assert (await refused(host, command)).startswith("out_of_order")
    await world.settle()
    assert not other.of(events.Removed)


async def test_a_mute_is_told_to_its_target_and_carried_out(world: World) -> None:
    host, other = await pair(world)
    await host.ask(requests.Mute(id=0, participant=other.id, source="microphone"))
    await world.run(1)
    assert other.of(events.Muted)
    line = [e for e in host.of(events.Participants)][-1]
    assert isinstance(line, events.Participants)
    muted = next(p for p in line.people if p.participant == other.id)
    assert muted.sources == {"microphone": "muted"}


async def test_a_guest_who_comes_first_is_no_host(world: World) -> None:
    from dataclasses import replace

    from core.values import Assurance, Role

    guest = replace(person("g-1"), role=Role.GUEST, name_checked=False, assurance=Assurance.LOW)
    first = await world.hello(guest)
    second = await world.hello(person("x-8"))
    assert not first.session.participant.host and second.session.participant.host


async def test_attack_21_a_host_that_was_removed_commands_nobody(world: World) -> None:
    host, other = await pair(world)
    owner = await world.join(person("x-1"))
    await world.run(1)
    await owner.ask(requests.Remove(id=0, participant=host.id))
    for command in HOST_COMMANDS:
        asked: Request = command(other.id)
        assert (await refused(host, asked)).startswith("out_of_order")
    await world.settle()
    assert not other.of(events.Removed) and not other.of(events.Muted)


@pytest.mark.parametrize("kind", ["revoke", "ended", "group.removing", "end"])
async def test_attack_21_what_only_the_operator_or_the_node_says_is_no_request(kind: str) -> None:
    with pytest.raises(codec.MessageRefused) as caught:
        codec.decode_request(msgpack.packb({"id": 1, "type": kind, "tenant": "exemple"}))
    assert caught.value.code == "unknown_type"
