"""A headless participant whose path, connection or node goes away comes back by itself, and goes on."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from core.client import Participant, StateChanged, ToneSource
from core.client.media import MediaConnection
from core.wire.events import MediaMove
from tests.support.process import NodeProcess, free_port, running_node

CAMILLE, JONAS = ("exemple", "x-7f3k2m9q"), ("beispiel", "b-2n6v8j4s")
WAIT_S = 60


def link_of(node: NodeProcess) -> str:
    return node.link.replace("localhost", "127.0.0.1")


async def meet(node: NodeProcess) -> tuple[Participant, Participant]:
    camille = await Participant.join(link_of(node), person=CAMILLE)
    jonas = await Participant.join(link_of(node), person=JONAS)
    for one in (camille, jonas):
        await one.ready(WAIT_S)
    await camille.publish("microphone", ToneSource(440))
    await hear(jonas, 10)
    return camille, jonas


async def hear(participant: Participant, count: int) -> None:
    """Returns after so many frames of Camille's microphone, whatever waited in the queue before."""
    while not participant._frames.empty():
        participant._frames.get_nowait()
    async with asyncio.timeout(WAIT_S):
        async for frame in participant.frames():
            assert frame.sender.name == "Camille Durand"
            count -= 1
            if count == 0:
                return
    raise AssertionError("ended too early")


def connection(participant: Participant) -> MediaConnection:
    assert participant._stay is not None and participant._stay.media.current is not None
    return participant._stay.media.current


async def another(participant: Participant, old: MediaConnection) -> MediaConnection:
    """The connection that took the place of an old one, once that is closed."""
    async with asyncio.timeout(WAIT_S):
        while connection(participant) is old or old.state != "closed":  # noqa: ASYNC110 - a foreign state
            await asyncio.sleep(0.02)
    return connection(participant)


async def test_the_node_asks_for_a_second_connection_and_sound_goes_on_m5_1(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        camille, jonas = await meet(node)
        for one in (camille, jonas):
            old, member = connection(one), one.member
            assert one._stay is not None
            await one._stay._work(MediaMove(connection=old.number + 1, reason="drain"))
            fresh = await another(one, old)
            assert fresh.number == 1 and one.member is member, "the same leaf goes on"
            await hear(jonas, 50)
            # Told again, as the node does when it sees the old one go: nothing more is opened.
            await one._stay._work(MediaMove(connection=1, reason="closed"))
        assert connection(camille).number == connection(jonas).number == 1
        await hear(jonas, 50)
        for one in (jonas, camille):
            await one.leave()
            assert one.alarms == []


async def test_a_dead_path_and_a_dead_connection_are_replaced_once_each(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        camille, jonas = await meet(node)
        old = connection(camille)
        await old.lose_path()
        assert (await another(camille, old)).number == 1
        await hear(jonas, 50)
        # The node sees this one's goodbye and asks for the next; the client noticed as well.
        old = connection(camille)
        await old.close()
        assert (await another(camille, old)).number == 2
        await hear(jonas, 50)
        for one in (jonas, camille):
            await one.leave()
            assert one.alarms == []


async def test_after_a_crash_of_the_node_everybody_comes_in_anew_and_sound_goes_on(tmp_path: Path) -> None:
    port = free_port()
    async with running_node(tmp_path, ENTENTE_HTTP__PORT=port) as node:
        camille, jonas = await meet(node)
        before, ids = jonas.code, {camille.id, jonas.id}
        await node.stop(signal.SIGKILL)
    async with running_node(tmp_path, ENTENTE_HTTP__PORT=port) as node:
        await hear(jonas, 100)
        for one in (camille, jonas):
            await one.ready(WAIT_S)
        assert ids.isdisjoint({camille.id, jonas.id}) and jonas.code not in (None, before)
        assert camille.code == jonas.code
        told = [event.state for event in _told(jonas) if isinstance(event, StateChanged)]
        states = [state for state in told if state != "waiting"]
        assert states[-3:] == ["reconnecting", "connecting", "connected"]
        for one in (jonas, camille):
            await one.leave()
            assert one.alarms == [] and one.ended == "left"


def _told(participant: Participant) -> list[object]:
    events = participant._events
    return [events.get_nowait() for _ in range(events.qsize())]
