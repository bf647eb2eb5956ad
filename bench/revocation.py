"""Revocation to removal in a running meeting (K2.4): a real node, its signer process, five headless
participants with media; from the operator's word until the last of the others has a tree without the one."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figure import Figure, of_runs
from core.client import Participant

RUNS = 5
WITHIN_S = 2.0
HANG_S = 60
PEOPLE = (
    ("exemple", "x-7f3k2m9q"),
    ("exemple", "x-9d5h3r7b"),
    ("beispiel", "b-2n6v8j4s"),
    ("beispiel", "b-5g1p7y3d"),
)
GOES = ("exemple", "x-4c8w1t6z")


def revocation() -> Iterator[Figure]:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        runs = asyncio.run(_measured(Path(folder)))
    yield of_runs("revocation to removal, meeting of five, the last of four", "s", runs, WITHIN_S)


async def _measured(folder: Path) -> list[float]:
    from gateway.operator_channel import revoke
    from gateway.settings import load
    from tests.support.process import running_node

    async with running_node(folder) as node:
        settings = load(folder=folder / "var")
        stay = [await Participant.join(node.link, person=who) for who in PEOPLE]
        seconds = []
        for _ in range(RUNS):
            goes = await Participant.join(node.link, person=GOES)
            await asyncio.gather(*(_until(one, 5) for one in [*stay, goes]))
            began = time.perf_counter()
            gone = [asyncio.create_task(_until(one, 4)) for one in stay]
            await revoke(settings, *GOES, None, "measured")
            await asyncio.gather(*gone)
            seconds.append(time.perf_counter() - began)
            await _ended(goes)
            assert goes.ended == "removed: revocation" and not any(one.alarms for one in stay)
        for one in stay:
            await one.leave()
        await node.stop()
    return seconds


async def _ended(person: Participant) -> None:
    await _when(lambda: person.ended is not None)


async def _until(person: Participant, people: int) -> None:
    await _when(lambda: len(person.roster) == people)


async def _when(true: Callable[[], bool]) -> None:
    """Looked at every two milliseconds, which is what the figure is exact to."""
    async with asyncio.timeout(HANG_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
