"""Any history of a meeting ends well: joins, leaves, removals, cuts, silence and a failing store, by seed.

After the storm everybody who is still there must be in one epoch with one code, with the same people in the
tree, and no honest member may have seen anything it calls an alarm.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from core.errors import WireError
from core.wire import requests
from tests.support.world import Client, World, open_world, together

EXPECTED = {"message_missed"}
"""A member whose buffer overflowed lost messages; everything else is an alarm that nobody caused."""


SEEDS = [int(os.environ["ENTENTE_SEED"])] if "ENTENTE_SEED" in os.environ else range(6)
"""`ENTENTE_SEED` plays one alone, as in the crates' simulations."""


class History:
    """One seeded run. `present` are those whose place in the end is certain."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)
        self.present: list[Client] = []
        self.away: dict[str, Client] = {}
        self.log: list[str] = []

    async def step(self) -> None:
        actions = [self.join, self.join, self.leave, self.remove, self.cut, self.come_back, self.hush]
        action = self.rng.choice([*actions, self.fail_store, self.talk])
        self.log.append(action.__name__)
        await action()
        await self.world.run(self.rng.choice([0.0, 0.05, 0.3, 1.0, 2.5]))

    async def join(self) -> None:
        if len(self.present) < 12:
            self.present.append(await self.world.do(self.world.join()))

    def _anybody(self) -> Client | None:
        here = [client for client in self.present if client.id not in self.away]
        return self.rng.choice(here) if here else None

    async def leave(self) -> None:
        client = self._anybody()
        if client is not None and len(self.present) > 3:
            self.present.remove(client)
            await self.world.do(client.ask(requests.Leave(id=0)))

    async def remove(self) -> None:
        target = self._anybody()
        here = [c for c in self.present if c.id not in self.away and c is not target]
        hosts = [c for c in here if c.session.participant.host]
        if target is not None and hosts and len(self.present) > 3:
            self.present.remove(target)
            await self.world.do(hosts[0].ask(requests.Remove(id=0, participant=target.id)))

    async def cut(self) -> None:
        client = self._anybody()
        if client is not None:
            self.away[client.id] = client
            await self.world.do(client.lose_socket())

    async def come_back(self) -> None:
        if self.away:
            client = self.away.pop(self.rng.choice(sorted(self.away)))
            try:
                await self.world.do(client.return_())
            except WireError as error:
                assert error.code == "resume_expired", "only who was away for too long is gone"
                self.present.remove(client)

    async def hush(self) -> None:
        client = self._anybody()
        if client is not None:
            client.sleep()
            await self.world.run(self.rng.choice([0.2, 1.2, 3.0]))
            client.wake()

    async def fail_store(self) -> None:
        self.world.store.fail = self.rng.choices(["lost", "kept"], k=self.rng.randint(1, 3))

    async def talk(self) -> None:
        client = self._anybody()
        if client is not None and client.epoch is not None:
            try:
                await self.world.do(client.say({"t": "chat", "text": "x"}))
            except WireError as error:
                assert error.code in {"stale_epoch", "out_of_order"}


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_history_ends_in_one_epoch_with_one_code(tmp_path: Path, seed: int) -> None:
    world = await open_world(tmp_path, seed)
    history = History(world, seed)
    try:
        for _ in range(3):
            await history.join()
        await world.run(2)
        for _ in range(20):
            if len(history.away) > 2:
                await history.come_back()
            await history.step()
        while history.away:
            await history.come_back()
        await world.run(45, step=0.25)
        clients = history.present
        story = f"seed {seed}: {history.log}"
        assert together(*clients), story
        assert len(clients[0].membership.roster) == len(clients), story
        for client in clients:
            assert set(client.alarms) <= EXPECTED, f"{client.alarms} in {story}"
    finally:
        await world.close()
