"""A participant over all of its stays: what it comes back from, how often, how long; without a node."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from core.client import stay as stays
from core.client.errors import NodeUnreachable, SocketLost
from core.client.events import Alarm, Roster
from core.client.http import Admission, Door
from core.client.participant import Participant
from core.client.patience import RETURN_LONGEST_S, RETURN_S
from core.client.session import MediaSession
from core.client.stay import Stay
from core.wire import requests
from tests.support.clock import LeapingClock

HANG_S = 20
STAY_S = 8
"""How long each of these stays lasts."""

MANY = 500
"""Stays after which a test is given up: an endless loop in virtual time would not end by the clock."""


class House:
    """In the node's place: lets in whoever comes. What the stays are like is said by `up`, whether media ever
    connects, and `ends`: why the socket ended for each of them, None where media fails instead.
    """

    def __init__(self, clock: LeapingClock, up: bool, ends: Iterator[str | None]) -> None:
        self.clock = clock
        self.up = up
        self.ends = ends
        self.came: list[float] = []

    def socket(self, _address: str, _clock: object) -> SocketDouble:
        self.came.append(self.clock.elapsed)
        assert len(self.came) < MANY, "it comes in without end"
        return SocketDouble(next(self.ends))


class SocketDouble:
    """In a Socket's place: one that ended at once, or never does."""

    def __init__(self, end: str | None) -> None:
        self.ended = end

    async def open(self) -> None:
        pass

    async def request(self, request: requests.Request, _: object) -> object:
        assert isinstance(request, requests.Hello)
        return requests.HelloReply.model_construct(participant="p_1", nonce=b"", resume_seconds=30)

    def allow_resume(self, *_: object) -> None:
        pass

    async def events(self) -> AsyncIterator[object]:
        if self.ended is None:
            await asyncio.Event().wait()
        for nothing in ():
            yield nothing

    async def close(self) -> None:
        pass


def house(monkeypatch: pytest.MonkeyPatch, up: bool, ends: Iterator[str | None]) -> House:
    """All that a stay asks of a node, without one."""
    made = House(LeapingClock(), up, ends)

    async def ask(_: Door) -> Admission:
        return Admission("ws://127.0.0.1:9", "token")

    async def certify(stay: Stay, _: bytes) -> None:
        stay.joined = True

    async def start(media: MediaSession) -> None:
        made.clock.elapsed += STAY_S
        if made.up:
            media.current = SimpleNamespace(state="connected")  # type: ignore[assignment]
            media._ports.media_up()
        if media._ports._socket.ended is None:  # type: ignore[attr-defined]
            media._ports.media_lost()

    async def nothing(_: Stay) -> None:
        pass

    monkeypatch.setattr(Door, "ask", ask)
    monkeypatch.setattr(stays, "Socket", made.socket)
    monkeypatch.setattr(Stay, "_certify", certify)
    monkeypatch.setattr(Stay, "_keep_alive", nothing)
    monkeypatch.setattr(MediaSession, "start", start)
    return made


async def lived(made: House) -> Participant:
    """A participant, when it has ended."""
    participant = Participant(Door("http://127.0.0.1:9", "abc"), made.clock)
    await participant._come_in()
    async with asyncio.timeout(HANG_S):
        await participant._live()
    assert not [alarm for alarm in participant.alarms if isinstance(alarm, Alarm)]
    await participant.leave()
    return participant


async def test_where_media_never_connects_coming_in_ends_for_all_that_each_stay_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = house(monkeypatch, False, itertools.repeat(None))
    participant = await lived(made)
    assert participant.ended == "lost"
    whole = RETURN_S + 2 * STAY_S + 1.5 * RETURN_LONGEST_S
    assert RETURN_S <= made.clock.elapsed <= whole and len(made.came) <= 20
    pauses = [after - before - STAY_S for before, after in itertools.pairwise(made.came)]
    assert min(pauses[5:]) >= 0.5 * RETURN_LONGEST_S, "the pause grows from stay to stay"


async def test_stays_in_which_media_flowed_may_follow_each_other_for_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = itertools.chain(itertools.repeat(None, 100), ["removed"])
    made = house(monkeypatch, True, ends)
    assert (await lived(made)).ended == "removed"
    assert len(made.came) == 101 and made.clock.elapsed > 5 * RETURN_S
    pauses = [after - before - STAY_S for before, after in itertools.pairwise(made.came)]
    assert max(pauses) < 0.5


@pytest.mark.parametrize("reason", ["removed", "resume_refused"])
async def test_whom_a_resumption_tells_of_a_removal_is_out_for_good(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """A host, or a CA, removed it while its socket was cut."""
    made = house(monkeypatch, True, itertools.repeat(reason))
    assert (await lived(made)).ended == reason
    assert len(made.came) == 1


@pytest.mark.parametrize("reason", ["restarting", "resume_expired"])
async def test_whom_a_node_has_forgotten_comes_in_anew(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    made = house(monkeypatch, True, iter([reason, reason, "removed"]))
    assert (await lived(made)).ended == "removed"
    assert len(made.came) == 3


async def test_coming_in_anew_is_tried_for_two_minutes_gently_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = LeapingClock()
    tried: list[float] = []

    async def nobody(_door: Door) -> None:
        tried.append(clock.elapsed)
        raise NodeUnreachable("ConnectError")

    monkeypatch.setattr(Door, "ask", nobody)
    participant = Participant(Door("http://127.0.0.1:9", "abc"), clock)
    assert await participant._return() is False
    assert RETURN_S <= clock.elapsed <= RETURN_S + 1.5 * RETURN_LONGEST_S
    pauses = [after - before for before, after in itertools.pairwise(tried)]
    assert 20 < len(tried) < 80 and max(pauses) <= 1.5 * RETURN_LONGEST_S
    await participant.leave()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("media_first", [False, True])
async def test_ready_waits_for_the_epoch_and_for_media_whichever_is_first(
    monkeypatch: pytest.MonkeyPatch, media_first: bool
) -> None:
    house(monkeypatch, False, itertools.repeat(None))
    participant = Participant(Door("http://127.0.0.1:9", "abc"), LeapingClock())
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(participant.ready(HANG_S)) for _ in range(2)]
    await participant._come_in()
    stay = participant._stay
    assert stay is not None
    stay.joined = False

    def reach() -> None:
        stay._news(Roster(1, (), "code"))

    def connect() -> None:
        stay.media.current = SimpleNamespace(state="connected")  # type: ignore[assignment]
        stay.media_up()

    first, second = (connect, reach) if media_first else (reach, connect)
    await settle()
    first()
    await settle()
    assert not any(task.done() for task in waiting) and not stay.has_flowed
    second()
    await settle()
    assert all(task.done() for task in waiting) and stay.has_flowed
    await asyncio.gather(*waiting, participant.ready(HANG_S))
    participant._finish("left")
    await participant._go_out()


async def test_ready_says_when_it_ended_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    participant = Participant(Door("http://127.0.0.1:9", "abc"), LeapingClock())
    waiting = asyncio.create_task(participant.ready(HANG_S))
    await settle()
    participant._finish("lost")
    with pytest.raises(SocketLost, match="lost"):
        await waiting
