"""Joins and leaves on one real node, looking at its memory: `python -m tests.soak.joins --rounds 40`.

Each round is a whole meeting of a few headless people with sound, which ends when they leave. What a meeting
took must be given back, so the node's own memory may grow only while its allocator warms up.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.client import Participant, ToneSource
from tests.support.process import NodeProcess, running_node

PEOPLE = (("exemple", "x-7f3k2m9q"), ("beispiel", "b-2n6v8j4s"), ("exemple", "x-4c8w1t6z"))
READY_S = 60
HUM_S = 0.2
GROWTH_MAX_KB = 32.0
"""Per join, after the first half of the rounds: a participant that stays behind takes more."""

WARM = 30
"""Rounds from which the second half is judged: in the first twenty allocators and caches take 2 MB."""


@dataclass(frozen=True)
class Soak:
    """What one run showed; memory of the node's process in MB that no file backs."""

    rounds: int
    joins: int
    seconds: float
    before_mb: float
    middle_mb: float
    after_mb: float

    @property
    def growth_kb(self) -> float:
        """Per join over the second half, when allocators and caches are warm."""
        joins = self.joins - self.joins // 2
        return (self.after_mb - self.middle_mb) * 1000 / max(1, joins)


def memory_mb(node: NodeProcess) -> float:
    """Anonymous resident memory of the node; the signer is a process of its own."""
    text = Path(f"/proc/{node.process.pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1000


async def meet(link: str, people: int) -> None:
    """One meeting from its first join to its last leave."""
    here = [await Participant.join(link, person=PEOPLE[number % 3]) for number in range(people)]
    try:
        for one in here:
            await one.ready(READY_S)
        await here[0].publish("microphone", ToneSource())
        await asyncio.sleep(HUM_S)
        assert not any(one.alarms for one in here), [one.alarms for one in here]
    finally:
        for one in here:
            await one.leave()


async def soak(folder: Path, rounds: int, people: int, seconds: float) -> Soak:
    """At most `rounds` meetings of `people` in at most `seconds`."""
    began = time.monotonic()
    sizes: list[float] = []
    async with running_node(folder, ENTENTE_HTTP__BURST="1000000") as node:
        link = node.link.replace("localhost", "127.0.0.1")
        while len(sizes) <= rounds and time.monotonic() - began < seconds:
            sizes.append(memory_mb(node))
            await meet(link, people)
        await asyncio.sleep(2)  # the node looks once a second for meetings that everybody has left
        sizes.append(memory_mb(node))
        assert await node.stop() == 0
    held = len(sizes) - 1
    return Soak(
        held, held * people, time.monotonic() - began, sizes[0], sizes[(len(sizes) - 1) // 2], sizes[-1]
    )


def main() -> int:
    """Print one run; 1 when the node kept more than it may."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--rounds", type=int, default=60)
    flags.add_argument("--people", type=int, default=3)
    flags.add_argument("--seconds", type=float, default=240)
    asked = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(soak(Path(folder), asked.rounds, asked.people, asked.seconds))
    print(
        f"{done.joins} joins in {done.rounds} meetings, {done.seconds:.0f} s; the node took"
        f" {done.before_mb:.1f} MB at first, {done.middle_mb:.1f} half way, {done.after_mb:.1f} at the end:"
        f" {done.growth_kb:+.1f} kB for each join of the second half"
    )
    return 1 if done.rounds >= WARM and done.growth_kb > GROWTH_MAX_KB else 0


if __name__ == "__main__":
    sys.exit(main())
