"""The delivery service with real native members in virtual time: joins, batches, silence, removal, return."""

from __future__ import annotations

from core.wire import events
from tests.support.world import World, together


async def test_two_members_reach_an_epoch(world: World) -> None:
    first = await world.join()
    await world.run(0.1)
    assert first.epoch == 0
    second = await world.join()
    await world.run(0.5)
    assert (first.epoch, second.epoch) == (1, 1)
    assert together(first, second)
    assert not first.alarms and not second.alarms and not first.refused and not second.refused
    assert first.of(events.GroupSettled) == second.of(events.GroupSettled) != []
