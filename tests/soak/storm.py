"""A join storm of native members without media: `python -m tests.soak.storm 300`.

Everybody joins at once and must end in one epoch with one code. Members and hub share one process and one
core, and time is virtual, so what is printed is work: seconds of the whole, and of the hub's own share.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gateway.meetings import open_registry
from tests.support.world import Client, World, open_world, together

T = TypeVar("T")


@dataclass(frozen=True)
class Storm:
    """What one run showed. Times in seconds; `virtual` is that of the meeting's clock."""

    members: int
    epochs: int
    virtual: float
    work: float
    hub: float
    code: str


class Meter:
    """Runs the hub's native calls on the spot and adds up their time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def __call__(self, call: Callable[[], T]) -> T:
        begun = time.perf_counter()
        try:
            return call()
        finally:
            self.seconds += time.perf_counter() - begun


async def storm(folder: Path, members: int) -> Storm:
    """Everybody at once; AssertionError unless all end in one epoch with one code."""
    first = await open_world(folder)
    for task in first.tasks:
        task.cancel()
    await asyncio.gather(*first.tasks, return_exceptions=True)
    meter = Meter()
    world = World(first.services, *open_registry(first.services, meter))
    begun = time.perf_counter()
    clients: list[Client] = [await world.join() for _ in range(members)]
    for _ in range(400):
        await world.run(0.1, step=0.1)
        if all(client.epoch is not None for client in clients) and together(*clients):
            break
    work = time.perf_counter() - begun
    assert together(*clients), "not everybody is in one epoch with one code"
    assert len(clients[0].membership.roster) == members
    assert not any(client.alarms or client.refused for client in clients)
    result = Storm(
        members, clients[0].epoch or 0, world.clock.monotonic(), work, meter.seconds, clients[0].code
    )
    await world.close()
    return result


def main() -> None:
    """Print one run."""
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(storm(Path(folder), members))
    print(
        f"{result.members} members in {result.epochs} epochs, one code; meeting time {result.virtual:.1f} s,"
        f" work {result.work:.1f} s on one core, of it the hub's native calls {result.hub:.2f} s"
    )


if __name__ == "__main__":
    main()
