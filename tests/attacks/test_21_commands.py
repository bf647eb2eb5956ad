"""Attack 21: commands on other participants, by people who are no hosts, in other meetings, or gone.

The commands come from the request models themselves: a new request type fails here until it is said whether
it is a host's or everybody's own, and a host's is tried by every kind of caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import msgpack
import pytest

from core.meeting.commands import Commands
from core.values import Access, RoomRules
from core.wire import codec, events, requests
from core.wire.requests import ClientRequest, Request
from tests.attacks.test_14_ghosts import pair, refused
from tests.support.people import person, room
from tests.support.world import Client, World
from tests.unit.core.meeting.test_lobby import Knocker, guest

Command = Callable[[str, str], Request]
"""A host's command on a participant or, for the lobby's, on a knock."""

HOSTS: dict[type[Request], Command] = {
    requests.Mute: lambda target, _: requests.Mute(id=0, participant=target, source="microphone"),
    requests.Remove: lambda target, _: requests.Remove(id=0, participant=target),
    requests.Admit: lambda _, knock: requests.Admit(id=0, knock=knock),
    requests.AdmitAll: lambda *_: requests.AdmitAll(id=0),
    requests.Refuse: lambda _, knock: requests.Refuse(id=0, knock=knock),
    requests.MuteAll: lambda *_: requests.MuteAll(id=0),
    requests.LowerHands: lambda target, _: requests.LowerHands(id=0, participant=target),
    requests.Rename: lambda target, _: requests.Rename(id=0, participant=target, name="Other"),
    requests.Promote: lambda target, _: requests.Promote(id=0, participant=target, room_role="cohost"),
    requests.SetRules: lambda *_: requests.SetRules(id=0, locked=True, access="public"),
    requests.EndForAll: lambda *_: requests.EndForAll(id=0),
}
OWN = frozenset(
    {
        requests.Hello, requests.Knock, requests.Resume, requests.ResumeProve, requests.Certify,
        requests.KeyPackage, requests.GroupCreated, requests.GroupCommit, requests.GroupReceipt,
        requests.GroupFailed, requests.SendMessage, requests.MediaOffer, requests.MediaClose,
        requests.SetSource, requests.SetView, requests.Signing, requests.Leave, requests.Ping, requests.Stats,
    }
)  # fmt: skip
"""What a client does for itself: it names no other participant as its object but to see it."""

TOLD = (events.Removed, events.Muted, events.HandLowered, events.RulesChanged, events.GroupRejoin,
        events.Ended, events.Lobby)  # fmt: skip
"""What anybody would be told if a command had been carried out."""

names = [kind.__name__ for kind in HOSTS]


def all_requests() -> set[type[Request]]:
    union, _ = get_args(ClientRequest)
    return set(get_args(union))


async def test_every_request_is_somebodys(world: World) -> None:
    assert all_requests() == set(HOSTS) | OWN, "say of a new request whose it is, and try it here"
    host, _ = await pair(world)
    commands = Commands(host.session.meeting, host.session.participant, world.registry._desk)
    assert set(commands.handlers) == set(HOSTS), "and a host's goes through the one check"


class Scene:
    """A meeting with one of each kind, and somebody in its lobby."""

    def __init__(self, world: World, people: dict[str, Client], knocker: Knocker) -> None:
        self.world = world
        self.people = people
        self.knocker = knocker

    def state(self) -> list[object]:
        """Everything that a command could change."""
        meeting = self.people["owner"].session.meeting
        people = [
            (one.id, one.person, one.room_role, one.held, dict(one.sources))
            for one in meeting.people.values()
        ]
        told = [[event for kind in TOLD for event in one.of(kind)] for one in self.people.values()]
        return [meeting.room, meeting.record, people, told, self.knocker.told,
                self.world.registry.lobbies.list("r1")]  # fmt: skip


async def scene(world: World) -> Scene:
    audience = replace(room(), rules=RoomRules(access=Access.PUBLIC, audience=True))
    await world.store.change_room(audience)
    people = {
        "owner": await world.hello(person("x-1")),
        "audience": await world.hello(person("x-2")),
        "guest": await world.hello(guest("Ann", "g-1")),
        "member": await world.hello(person("x-3")),
    }
    await people["owner"].ask(
        requests.Promote(id=0, participant=people["member"].id, room_role="member")
    )
    await people["owner"].ask(requests.SetRules(id=0, access="restricted"))
    knocker = Knocker(world, guest("Zoe", "g-2"))
    await knocker.knock()
    await world.run(0.5)
    return Scene(world, people, knocker)


@pytest.mark.parametrize("kind", HOSTS, ids=names)
async def test_only_a_host_commands_others(world: World, kind: type[Request]) -> None:
    made = await scene(world)
    before = made.state()
    for who in ("audience", "guest", "member"):
        for target in made.people.values():  # itself as well
            command = HOSTS[kind](target.id, made.knocker.id)
            assert (await refused(made.people[who], command)).startswith("not_host"), who
    await world.settle()
    assert made.state() == before


@pytest.mark.parametrize("kind", HOSTS, ids=names)
async def test_a_host_commands_nobody_of_another_meeting(world: World, kind: type[Request]) -> None:
    made = await scene(world)
    await world.store.create_room(room("r2"))
    stranger = await world.hello(person("x-1"), "r2")
    assert stranger.session.participant.host
    await world.run(0.5)
    before = made.state()
    command = HOSTS[kind](made.people["member"].id, made.knocker.id)
    if set(type(command).model_fields) & {"participant", "knock"}:
        assert (await refused(stranger, command)).startswith(("participant_unknown", "knock_unknown"))
    else:
        await stranger.ask(command)  # which is for its own meeting
    await world.settle()
    assert made.state() == before


@pytest.mark.parametrize("kind", HOSTS, ids=names)
async def test_who_is_gone_removed_or_no_host_any_more_commands_nobody(
    world: World, kind: type[Request]
) -> None:
    made = await scene(world)
    owner = made.people["owner"]
    await owner.ask(requests.SetRules(id=0, access="public"))
    others = {name: await world.hello(person(f"x-{name}")) for name in ("left", "out", "was")}
    for one in others.values():
        await owner.ask(requests.Promote(id=0, participant=one.id, room_role="cohost"))
    await others["left"].ask(requests.Leave(id=0))
    await owner.ask(requests.Remove(id=0, participant=others["out"].id))
    await owner.ask(requests.Promote(id=0, participant=others["was"].id, room_role="member"))
    await world.run(0.5)
    before = made.state()
    command = HOSTS[kind](made.people["member"].id, made.knocker.id)
    for name, code in (("left", "out_of_order"), ("out", "out_of_order"), ("was", "not_host")):
        assert (await refused(others[name], command)).startswith(code), name
    await world.settle()
    assert made.state() == before


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
    first = await world.hello(guest())
    second = await world.hello(person("x-8"))
    assert not first.session.participant.host and second.session.participant.host


@pytest.mark.parametrize("kind", ["revoke", "ended", "group.removing", "end", "lobby.admitted", "rules"])
async def test_attack_21_what_only_the_operator_or_the_node_says_is_no_request(kind: str) -> None:
    with pytest.raises(codec.MessageRefused) as caught:
        codec.decode_request(msgpack.packb({"id": 1, "type": kind, "tenant": "exemple"}))
    assert caught.value.code == "unknown_type"
