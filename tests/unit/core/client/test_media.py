"""A feed that changes its sender, and a path that dies; without a network."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from aioice.stun import TransactionError

from core.client.feed import Feed
from core.client.media import PATH_LOST_S, watch_path
from core.client.sources import EncodedFrame
from tests.support.clock import LeapingClock


class CountingSealer:
    """In a sealer's place: remembers what went out under which generation."""

    def __init__(self) -> None:
        self.generation = 0
        self.sealed: list[tuple[int, bytes]] = []
        self.drops: Counter[str] = Counter()

    def restart(self) -> None:
        self.generation += 1

    def seal(self, frame: bytes, _key: bool, _now: int) -> bytes | None:
        self.sealed.append((self.generation, frame))
        return frame


class Sender:
    """In a sender's place: what aiortc asks, and whether it would ask."""

    kind = "audio"

    def __init__(self) -> None:
        self.track: object = None

    def replaceTrack(self, track: object) -> None:
        self.track = track

    async def ask(self) -> Any:
        return await self._next_encoded_frame(None)  # type: ignore[attr-defined]


class Numbers:
    """A source of numbered frames."""

    codec = "opus"

    def frames(self) -> Iterator[EncodedFrame]:
        for number in range(100):
            yield EncodedFrame(bytes([number]), number * 960, True)

    def request_key_frame(self) -> None:
        pass


async def test_a_source_changes_its_sender_under_a_new_generation_and_no_frame_is_lost_m5_1() -> None:
    sealer, old, new = CountingSealer(), Sender(), Sender()
    feed = Feed("audio", sealer, LeapingClock())  # type: ignore[arg-type]
    for sender in (old, new):
        feed.serve(sender)  # type: ignore[arg-type]
    feed.attach(old)  # type: ignore[arg-type]
    feed.start(Numbers())  # type: ignore[arg-type]
    assert await old.ask() is not None
    given_up = asyncio.create_task(old.ask())
    await asyncio.sleep(0)
    feed.attach(new)  # type: ignore[arg-type]
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert old.track is None and new.track is not None
    for _ in range(3):
        assert await new.ask() is not None
        assert await old.ask() is None
    assert sealer.sealed == [(1, b"\x00"), (2, b"\x01"), (2, b"\x02"), (2, b"\x03")]


class Path:
    """In the place of an ICE connection with one pair: answers the checks that `answers` says."""

    remote_password = "secret"
    remote_addr = ("127.0.0.1", 9)

    def __init__(self, answers: Iterator[bool]) -> None:
        self._answers = answers
        self._nominated = {1: self}
        self.protocol = self
        self.closed = False
        self._query_consent_task: object = object()

    def build_request(self, _pair: object, nominate: bool) -> object:
        return object()

    async def request(self, *_: object, **__: object) -> None:
        if not next(self._answers):
            raise TransactionError()

    async def close(self) -> None:
        assert self._query_consent_task is None, "it would wait for itself"
        self.closed = True


async def test_a_path_without_an_answer_for_10_s_is_given_up_and_a_bad_one_is_not_m1_7() -> None:
    clock = LeapingClock()
    answers = iter([True, False, False, False, True, False, False, True, *[False] * 99])
    path = Path(answers)
    await watch_path(path, clock)  # type: ignore[arg-type]
    assert path.closed
    last_answer = 8 * 2.5
    assert last_answer + PATH_LOST_S <= clock.elapsed <= last_answer + PATH_LOST_S + 2.5
