"""The lobby over real TCP: knocking, waiting, and coming in on one socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.values import Access, Person, RoomRules
from core.wire import events
from core.wire.values import ClientInfo
from tests.support.people import person
from tests.support.sockets import Node, Raw, open_node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with open_node(tmp_path) as served:
        yield served


async def restrict(node: Node) -> None:
    """The room lets in by itself only those it knows."""
    found = await node.world.store.room_by_id("r1")
    assert found is not None
    await node.world.store.change_room(replace(found, rules=RoomRules(access=Access.RESTRICTED)))


async def knock(raw: Raw, who: Person | None = None) -> int:
    info = ClientInfo(name="raw", version="0").model_dump()
    return await raw.send(type="knock", token=await raw.node.token(who), client=info)


async def test_a_knock_waits_is_admitted_and_says_hello_on_the_same_socket(node: Node) -> None:
    await restrict(node)
    async with node.raw() as owner, node.raw() as stranger:
        await owner.hello(person("x-1"))
        reply = await stranger.reply(await knock(stranger, person("x-70")))
        assert isinstance(reply, events.OkReply) and reply.ok["seconds"] == 600
        assert (await stranger.ask(type="ping"))["time"]
        while not any(isinstance(event, events.Lobby) for event in owner.events):
            await owner.receive()
        lobby = next(event for event in owner.events if isinstance(event, events.Lobby))
        await owner.ask(type="admit", knock=lobby.people[0].knock)
        admitted = await stranger.receive()
        assert isinstance(admitted, events.LobbyAdmitted) and admitted.seq == 0
        info = ClientInfo(name="raw", version="0").model_dump()
        greeting = await stranger.ask(type="hello", token=admitted.token, client=info)
        assert greeting["room_role"] == "member" and greeting["rules"]["access"] == "restricted"
        await node.world.clock.advance(1)
        told = await stranger.receive()
        assert isinstance(told, events.Participants)
        assert told.seq == 1, "the participant's own sequence begins with hello"


async def test_who_is_refused_is_told_and_hung_up(node: Node) -> None:
    await restrict(node)
    async with node.raw() as owner, node.raw() as stranger:
        await owner.hello(person("x-1"))
        await stranger.reply(await knock(stranger, person("x-70")))
        one = node.meetings.registry.lobbies.list("r1").people[0]
        await owner.ask(type="refuse", knock=one.knock)
        told = await stranger.receive()
        assert told == events.LobbyRefused(reason="host")
        assert await stranger.closed() == 4409


async def test_a_socket_in_the_lobby_may_do_nothing_but_wait(node: Node) -> None:
    await restrict(node)
    async with node.raw() as stranger:
        await stranger.reply(await knock(stranger, person("x-70")))
        assert await stranger.refused(type="view", tiles=[]) == "out_of_order"
        assert await stranger.refused(type="admit_all") == "out_of_order"
        reply = await stranger.reply(await knock(stranger, person("x-70")))
        assert isinstance(reply, events.ErrorReply) and reply.error.code == "already_done"
        assert await stranger.closed() == 4409, "three refusals of somebody unknown are enough"


async def test_a_lost_socket_leaves_the_lobby(node: Node) -> None:
    await restrict(node)
    async with node.raw() as stranger:
        await stranger.reply(await knock(stranger, person("x-70")))
        assert node.meetings.registry.lobbies.waiting("r1") == 1
    for _ in range(500):
        if not node.meetings.registry.lobbies.waiting("r1"):
            break
        await asyncio.sleep(0.01)
    assert node.meetings.registry.lobbies.waiting("r1") == 0


async def test_an_address_that_knocks_without_end_is_told_to_wait(node: Node) -> None:
    await restrict(node)
    codes = []
    for n in range(12):
        async with node.raw() as stranger:
            reply = await stranger.reply(await knock(stranger, person(f"x-{70 + n}")))
            codes.append(reply.error.code if isinstance(reply, events.ErrorReply) else "waits")
    assert codes == ["waits"] * 10 + ["rate_limited"] * 2


async def test_who_ends_the_meeting_gets_an_answer_and_everybody_else_a_word(node: Node) -> None:
    async with node.raw() as owner, node.raw() as other:
        await owner.hello(person("x-1"))
        await other.hello(person("x-70"))
        assert await owner.ask(type="end_for_all") == {}
        assert await owner.closed() == 4410 and await other.closed() == 4410
        assert node.meetings.registry.people("r1") == 0
