"""A media node without packets: it records commands and plays the events that a test gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from core.errors import MediaQueueFull


class FakeMediaNode:
    """`core.ports.MediaNode`; `commands` holds (worker, command) in order."""

    def __init__(self, workers: int = 1, node_id: int = 0) -> None:
        self._workers = workers
        self._node_id = node_id
        self.commands: list[tuple[int, dict[str, object]]] = []
        self.full: set[int] = set()
        self._events: asyncio.Queue[tuple[int, dict[str, object]] | None] = asyncio.Queue()

    @property
    def workers(self) -> int:
        """How many workers."""
        return self._workers

    @property
    def node_id(self) -> int:
        """This node's id."""
        return self._node_id

    def fingerprint(self, worker: int) -> str:
        """A made-up fingerprint of the right form, another for each worker."""
        return "sha-256 " + ":".join([f"{worker:02X}"] * 32)

    def addresses(self, worker: int) -> Sequence[tuple[str, int]]:
        """Loopback, one port per worker."""
        return (("127.0.0.1", 8500 + worker),)

    def command(self, worker: int, command: Mapping[str, object]) -> None:
        """Record it. MediaQueueFull for workers in `full`."""
        if worker in self.full:
            raise MediaQueueFull(f"worker {worker}")
        if not 0 <= worker < self._workers or len(command) != 1:
            raise AssertionError(f"no such command {command!r} for worker {worker}")
        self.commands.append((worker, dict(command)))

    def play(self, worker: int, event: dict[str, object]) -> None:
        """Give an event to the reader of `events`."""
        self._events.put_nowait((worker, event))

    async def events(self) -> AsyncIterator[tuple[int, dict[str, object]]]:
        """What was played, until `close`."""
        while (item := await self._events.get()) is not None:
            yield item

    async def close(self) -> None:
        """End `events`."""
        self._events.put_nowait(None)
