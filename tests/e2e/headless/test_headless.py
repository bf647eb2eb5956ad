"""Headless participants meet through a real node over loopback, encrypted, and everything goes both ways."""

from __future__ import annotations

import array
import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.client import (
    Chat,
    ClientEvent,
    JoinRefused,
    OpenedFrame,
    Participant,
    PersonLeft,
    PictureDecoder,
    PictureSource,
    RequestRefused,
    Roster,
    SoundDecoder,
    SystemClock,
    ToneSource,
    join_room,
    open_login,
)
from core.client.http import split_link
from core.client.socket import Socket
from core.wire import requests
from core.wire.requests import HelloReply
from core.wire.values import ClientInfo
from tests.support.node import AMADOU, CAMILLE, JONAS, running_node

WAIT_S = 30
"""For what takes milliseconds; only a hanging program waits as long."""


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[str]:
    async with running_node(tmp_path) as found:
        yield found


async def wait_for(participant: Participant, kind: type[ClientEvent]) -> ClientEvent:
    async with asyncio.timeout(WAIT_S):
        async for event in participant.events():
            if isinstance(event, kind):
                return event
    raise AssertionError(f"ended without {kind.__name__}")


async def collect(participant: Participant, sender: str, **counts: int) -> dict[str, list[OpenedFrame]]:
    """At least so many frames of each kind of one person, all of those that came meanwhile."""
    frames: dict[str, list[OpenedFrame]] = {kind: [] for kind in counts}
    async with asyncio.timeout(WAIT_S):
        async for frame in participant.frames():
            if frame.sender.name == sender and frame.kind in frames:
                frames[frame.kind].append(frame)
            if all(len(frames[kind]) >= count for kind, count in counts.items()):
                return frames
    raise AssertionError("ended too early")


async def take(participant: Participant, sender: str, count: int) -> list[OpenedFrame]:
    """The next packets of somebody's microphone."""
    return (await collect(participant, sender, microphone=count))["microphone"]


def energy_at(samples: array.array[int], hertz: int) -> float:
    """Share of the samples' energy at one frequency, by Goertzel's algorithm."""
    turn = 2 * math.cos(2 * math.pi * hertz / 48_000)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = before**2 + last**2 - turn * before * last
    total = sum(sample * sample for sample in samples)
    return 2 * power / (len(samples) * total) if total else 0.0


def heard(frames: list[OpenedFrame]) -> array.array[int]:
    decoder = SoundDecoder()
    samples: array.array[int] = array.array("h")
    for frame in frames:
        samples.extend(decoder.decode(frame))
    return samples[len(samples) // 2 :]


async def meet(link: str, *people: tuple[str, str]) -> list[Participant]:
    joined = [await Participant.join(link, person=person) for person in people]
    for one in joined:
        await one.ready(WAIT_S)
    return joined


async def leave(*people: Participant) -> None:
    for one in people:
        await one.leave()
        assert one.alarms == []


async def test_a_tone_and_a_picture_arrive_as_they_were_sent_in_both_directions(link: str) -> None:
    camille, jonas = await meet(link, CAMILLE, JONAS)
    await camille.publish("microphone", ToneSource(440))
    await jonas.publish("microphone", ToneSource(1000))
    await camille.publish("camera", PictureSource(640, 360, colour=(60, 200)))
    from_camille = await collect(jonas, "Camille Durand", microphone=100, camera=30)
    at_jonas = heard(from_camille["microphone"])
    at_camille = heard(await take(camille, "Jonas Weber", 100))
    assert energy_at(at_jonas, 440) > 0.8 > 0.1 > energy_at(at_jonas, 1000)
    assert energy_at(at_camille, 1000) > 0.8 > 0.1 > energy_at(at_camille, 440)
    decoder = PictureDecoder()
    pictures = [picture for frame in from_camille["camera"] for picture in decoder.decode(frame)]
    assert pictures, jonas.drops
    assert {(picture.width, picture.height) for picture in pictures} == {(640, 360)}
    middle = pictures[-1].planes[1].line_size * 90 + 160
    assert abs(bytes(pictures[-1].planes[1])[middle] - 60) < 12
    assert abs(bytes(pictures[-1].planes[2])[middle] - 200) < 12
    await leave(jonas, camille)


async def test_chat_goes_both_ways_and_its_sender_comes_from_the_tree(link: str) -> None:
    camille, jonas = await meet(link, CAMILLE, JONAS)
    await camille.send_chat("Bonjour")
    heard_by_jonas = await wait_for(jonas, Chat)
    assert isinstance(heard_by_jonas, Chat)
    assert (heard_by_jonas.text, heard_by_jonas.sender.name) == ("Bonjour", "Camille Durand")
    await jonas.send_chat("Guten Tag")
    heard_by_camille = await wait_for(camille, Chat)
    assert isinstance(heard_by_camille, Chat)
    assert (heard_by_camille.text, heard_by_camille.sender.tenant) == ("Guten Tag", "beispiel")
    await leave(jonas, camille)


async def test_everybody_reads_the_same_code_and_the_same_roster(link: str) -> None:
    people = await meet(link, CAMILLE, JONAS, AMADOU)
    for one in people:
        while one.epoch != 2:
            await wait_for(one, Roster)
    assert len({one.code for one in people}) == 1
    assert {len(one.roster) for one in people} == {3}
    await leave(*people)


async def test_one_leaves_and_the_rest_reach_an_epoch_and_go_on(link: str) -> None:
    camille, jonas, amadou = await meet(link, CAMILLE, JONAS, AMADOU)
    before = jonas.epoch
    await camille.publish("microphone", ToneSource(440))
    await take(jonas, "Camille Durand", 10)
    await amadou.leave()
    left = await wait_for(jonas, PersonLeft)
    assert isinstance(left, PersonLeft) and left.member.name == "Amadou Lefèvre"
    reached = await wait_for(jonas, Roster)
    assert isinstance(reached, Roster) and before is not None and reached.epoch > before
    fresh = [f for f in await take(jonas, "Camille Durand", 200) if f.epoch == reached.epoch]
    assert fresh, "sound goes on under the new epoch"
    await leave(jonas, camille)


async def test_a_lost_socket_is_resumed_and_nothing_is_missing(link: str) -> None:
    camille, jonas = await meet(link, CAMILLE, JONAS)
    await camille.publish("microphone", ToneSource(440))
    await take(jonas, "Camille Durand", 10)
    await jonas.drop_socket()
    await camille.send_chat("while you were away")
    chat = await wait_for(jonas, Chat)
    assert isinstance(chat, Chat) and chat.text == "while you were away"
    await take(jonas, "Camille Durand", 50)
    assert jonas.ended is None
    await leave(jonas, camille)


async def test_a_guest_comes_in_and_is_marked_unchecked(link: str) -> None:
    camille = (await meet(link, CAMILLE))[0]
    guest = await Participant.join(link, guest_name="Marie Visiteuse")
    await guest.ready(WAIT_S)
    line = next(member for member in guest.roster.values() if member.is_self)
    assert (line.name, line.name_checked, line.role) == ("Marie Visiteuse", False, "guest")
    await leave(guest, camille)


async def test_a_join_token_opens_one_socket_and_no_second(link: str) -> None:
    base, slug = split_link(link)
    admission = await join_room(await open_login(base, *CAMILLE), slug)
    hello = requests.Hello(id=0, token=admission.token, client=ClientInfo(name="test", version="1"))
    first, second = Socket(admission.socket, SystemClock()), Socket(admission.socket, SystemClock())
    await first.open()
    await second.open()
    await first.request(hello, HelloReply)
    with pytest.raises(RequestRefused) as refusal:
        await second.request(hello, HelloReply)
    assert refusal.value.code == "token_used"
    await first.close()
    await second.close()


async def test_an_unknown_room_is_refused_by_name(link: str) -> None:
    base, _ = split_link(link)
    with pytest.raises(JoinRefused) as refusal:
        await Participant.join(f"{base}/m/abc-defg-hij", person=CAMILLE)
    assert refusal.value.code == "room_unknown"
