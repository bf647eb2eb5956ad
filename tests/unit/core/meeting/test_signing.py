"""Signing counts as speaking (M4.7): what people are told of it, and that it ends with whoever signs."""

from __future__ import annotations

from core.wire import events, requests
from tests.support.world import Client, World, together


def signing(client: Client, of: Client) -> bool:
    told = client.of(events.Participants)[-1]
    assert isinstance(told, events.Participants)
    return next(line.signing for line in told.people if line.participant == of.id)


async def pair(world: World) -> tuple[Client, Client]:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1.5)
    assert together(first, second)
    return first, second


async def test_everybody_is_told_who_signs_until_it_is_taken_back(world: World) -> None:
    first, second = await pair(world)
    await first.ask(requests.Signing(id=0, on=True))
    await world.run(0.5)
    assert signing(second, first) and not signing(second, second)
    await first.ask(requests.Signing(id=0, on=False))
    await world.run(0.5)
    assert not signing(second, first)


async def test_who_loses_the_leaf_signs_no_more_until_it_says_so_again(world: World) -> None:
    first, second = await pair(world)
    await first.ask(requests.Signing(id=0, on=True))
    first.session.meeting.leaves_changed({first.id: None}, 2)
    await world.run(0.5)
    assert not signing(second, first)
    first.session.meeting.leaves_changed({first.id: 0}, 3)
    await world.run(0.5)
    assert not signing(second, first)


async def test_a_lost_socket_alone_ends_no_signing(world: World) -> None:
    first, second = await pair(world)
    await first.ask(requests.Signing(id=0, on=True))
    await first.lose_socket()
    await world.run(0.5)
    await first.return_()
    await world.run(0.5)
    assert signing(second, first), "the picture never went away"
