"""Media over its connections: none dies unnoticed, a cut socket ends nothing; without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.client import session
from core.client.errors import SocketLost
from core.client.session import MediaSession
from tests.support.clock import LeapingClock

HANG_S = 20


class Wire:
    """In a MediaConnection's place: comes up when it is answered, and dies when told."""

    def __init__(self, number: int, *rest: Any) -> None:
        self.number = number
        self.state = "new"
        self.closing = asyncio.Event()
        self.may_close = asyncio.Event()
        self.may_close.set()
        self._changed: Callable[[Wire], None] = rest[3]

    async def open(self, exchange: Callable[[str], Awaitable[str]]) -> None:
        await exchange("sdp")
        self.turn("connected")

    def use(self) -> None:
        pass

    def turn(self, state: str) -> None:
        self.state = state
        self._changed(self)

    async def close(self) -> None:
        self.closing.set()
        await self.may_close.wait()
        self.turn("closed")


class Node:
    """In the node's place: answers offers but the first so many after the first, and may be silent on
    `media.close`.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.silent = asyncio.Event()
        self.speaks = True
        self.offers: list[int] = []
        self.told: list[int] = []
        self.ends = 0
        self.ups = 0

    async def offer(self, connection: int, _: str) -> str:
        self.offers.append(connection)
        if self.lost:
            self.lost -= 1
            raise SocketLost("cut")
        return "answer"

    async def closed(self, connection: int) -> None:
        self.silent.set()
        if not self.speaks:
            await asyncio.Event().wait()
        self.told.append(connection)

    def arrived(self, frame: object) -> None:
        raise AssertionError(frame)

    def media_up(self) -> None:
        self.ups += 1

    def media_lost(self) -> None:
        self.ends += 1


async def started(monkeypatch: pytest.MonkeyPatch) -> tuple[MediaSession, Node, Wire]:
    monkeypatch.setattr(session, "MediaConnection", Wire)
    node = Node()
    media = MediaSession(LeapingClock(), {}, node, True)
    await media.start()
    return media, node, current(media)


def current(media: MediaSession) -> Wire:
    assert isinstance(media.current, Wire)
    return media.current


async def replaced(media: MediaSession, old: Wire) -> Wire:
    """Returns once something else is in use and up."""
    async with asyncio.timeout(HANG_S):
        while current(media) is old or not media.up:  # noqa: ASYNC110 - a foreign state
            await asyncio.sleep(0)
    return current(media)


async def test_a_connection_that_dies_while_the_node_is_silent_about_the_old_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media, node, first = await started(monkeypatch)
    node.speaks = False
    first.turn("failed")
    async with asyncio.timeout(HANG_S):
        await node.silent.wait()
    second = await replaced(media, first)
    second.turn("failed")
    third = await replaced(media, second)
    assert (third.number, node.offers, node.ends) == (2, [0, 1, 2], 0)
    await media.close()


async def test_a_connection_that_dies_while_the_old_one_closes_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media, node, first = await started(monkeypatch)
    first.may_close.clear()
    first.turn("failed")
    second = await replaced(media, first)
    async with asyncio.timeout(HANG_S):
        await first.closing.wait()
    second.turn("failed")
    first.may_close.set()
    third = await replaced(media, second)
    assert (third.number, node.offers, node.ends) == (2, [0, 1, 2], 0)
    await media.close()


async def test_a_socket_cut_during_a_move_is_waited_for_m5_1(monkeypatch: pytest.MonkeyPatch) -> None:
    media, node, first = await started(monkeypatch)
    node.lost = 3
    async with asyncio.timeout(HANG_S):
        await media.move(7)
    assert current(media).number == 10 and media.up and node.ends == 0
    assert node.offers == [0, 7, 8, 9, 10] and first.state == "closed"
    await media.move(8)
    assert current(media).number == 10, "the one in use is later than the one wished for"
    await media.close()


async def test_the_node_is_told_of_what_was_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    media, node, first = await started(monkeypatch)
    await media.move(1)
    async with asyncio.timeout(HANG_S):
        await node.silent.wait()
    assert node.told == [first.number] and node.ups == 2
    await media.close()
