"""Lobby, audience and removal through a real node: what hosts say is so at the door and at the worker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.client import (
    Chat,
    JoinRefused,
    Participant,
    RequestRefused,
    ToneSource,
    make_room,
    open_login,
)
from tests.support.process import NodeProcess, running_node

CAMILLE, AMADOU, JONAS = ("exemple", "x-7f3k2m9q"), ("exemple", "x-4c8w1t6z"), ("beispiel", "b-2n6v8j4s")
WAIT_S = 60


async def until(holds: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


async def dropped(node: NodeProcess) -> float:
    """Packets that the worker dropped because their sender may not send them."""
    async with node.client() as client:
        text = (await client.get("/metrics")).text
    found = re.search(r'entente_media_drops_total\{reason="not_allowed"\} ([0-9.e+]+)', text)
    return float(found[1]) if found else 0.0


async def room(node: NodeProcess, access: str) -> str:
    return await make_room(await open_login(node.url, *CAMILLE), "Sitzung", access)


async def test_lobby_admission_audience_and_removal(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        link = await room(node, "restricted")
        host = await Participant.join(link, person=CAMILLE)
        await host.ready(WAIT_S)

        waiting = asyncio.create_task(Participant.join(link, guest_name="Ann"))
        await until(lambda: len(host.lobby) == 1)
        assert (host.lobby[0].name, host.lobby[0].role) == ("Ann", "guest") and not waiting.done()
        await host.host.admit(host.lobby[0].knock)
        guest = await waiting
        await guest.ready(WAIT_S)
        assert not host.lobby

        refused = asyncio.create_task(Participant.join(link, person=JONAS))
        await until(lambda: len(host.lobby) == 1)
        await host.host.refuse(host.lobby[0].knock)
        with pytest.raises(JoinRefused, match="lobby_host"):
            await refused

        await the_audience_is_silent(node, host, guest)
        await a_guest_is_renamed(host, guest)
        await who_is_removed_stays_out(link, host, guest)
        await host.host.end_for_all()
        await until(lambda: host.ended is not None)
        assert host.ended == "ended" and host.alarms == []
        await host.leave()
        await node.stop()


async def the_audience_is_silent(node: NodeProcess, host: Participant, guest: Participant) -> None:
    """A client that sends all the same: the worker drops its packets, and says so by its counter."""
    await host.host.promote(guest.id, "audience")
    await until(lambda: any(one.room_role == "audience" for one in host.people))
    with pytest.raises(RequestRefused, match="rule_refused"):
        await guest.publish("microphone", ToneSource(440))
    before = await dropped(node)
    guest._feeds["microphone"].start(ToneSource(440))

    async def more() -> bool:
        return await dropped(node) > before + 50

    await until(more)
    assert host._frames.empty(), "and nobody was sent any of it"
    guest._feeds["microphone"].stop()
    await host.host.promote(guest.id, "member")
    await guest.publish("microphone", ToneSource(440))
    async with asyncio.timeout(WAIT_S):
        async for frame in host.frames():
            if frame.kind == "microphone":
                break
    await guest.unpublish("microphone")


async def a_guest_is_renamed(host: Participant, guest: Participant) -> None:
    """The name is the tree's: a fresh certificate, a fresh leaf, in the same stay."""
    stay = guest.id
    await host.host.rename(guest.id, "Ann of Example")
    names = lambda: {one.name for one in host.roster.values()}  # noqa: E731
    await until(lambda: "Ann of Example" in names() and "Ann" not in names())
    assert guest.id == stay and guest.ended is None
    await until(lambda: guest.epoch == host.epoch)
    await guest.send_chat("still here")
    async with asyncio.timeout(WAIT_S):
        async for event in host.events():
            if isinstance(event, Chat):
                assert event.sender.name == "Ann of Example"
                break


async def who_is_removed_stays_out(link: str, host: Participant, guest: Participant) -> None:
    """An account by its URI; a guest may be anybody, so every guest knocks, even at an open door."""
    await host.host.set_rules(access="public")
    official = await Participant.join(link, person=JONAS)
    await official.ready(WAIT_S)
    await host.host.remove(official.id)
    await until(lambda: official.ended is not None)
    with pytest.raises(JoinRefused, match="excluded"):
        await Participant.join(link, person=JONAS)

    other = await Participant.join(link, guest_name="Bob")
    await host.host.remove(guest.id)
    await until(lambda: guest.ended is not None)
    late = asyncio.create_task(Participant.join(link, guest_name="Carla"))
    await until(lambda: [one.name for one in host.lobby] == ["Carla"])
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    await until(lambda: not host.lobby)
    for one in (official, guest, other):
        await one.leave()


async def test_an_exclusion_and_a_lock_outlive_the_node(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        link = await room(node, "public")
        host = await Participant.join(link, person=CAMILLE)
        official = await Participant.join(link, person=JONAS)
        for one in (host, official):
            await one.ready(WAIT_S)
        await host.host.remove(official.id)
        await host.host.set_rules(locked=True, chat="hosts")
        slug = link.split("/m/")[1]
        await node.stop()
        await asyncio.gather(host.leave(), official.leave())
    async with running_node(tmp_path) as node:
        link = f"{node.url}/m/{slug}"
        with pytest.raises(JoinRefused, match="excluded"):
            await Participant.join(link, person=JONAS)
        with pytest.raises(JoinRefused, match="room_locked"):
            await Participant.join(link, guest_name="Ann")
        async with await Participant.join(link, person=CAMILLE) as again:
            await again.host.set_rules(locked=False)
            async with await Participant.join(link, person=AMADOU) as member:
                await member.ready(WAIT_S)
                with pytest.raises(RequestRefused, match="rule_refused"):
                    await member.send_chat("not allowed")
        await node.stop()


