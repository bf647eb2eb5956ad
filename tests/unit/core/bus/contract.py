"""What every bus keeps to. A test class of an implementation inherits `BusContract` and gives `bus` and
`clock`."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from core.errors import LeaseHeld, LeaseLost, SlowSubscriber
from core.ports import Bus
from tests.support.clock import FakeClock


class BusContract:
    """The suite."""

    async def test_a_message_reaches_everybody_subscribed_in_order(self, bus: Bus) -> None:
        async with bus.subscribe("a") as one, bus.subscribe("a") as two, bus.subscribe("b"):
            assert await bus.publish("a", b"1") == 2
            assert await bus.publish("a", b"2") == 2
            for messages in (one, two):
                assert [await anext(messages), await anext(messages)] == [b"1", b"2"]
        assert await bus.publish("a", b"3") == 0

    async def test_nothing_from_before_the_subscription_arrives(self, bus: Bus) -> None:
        await bus.publish("a", b"before")
        async with bus.subscribe("a") as messages:
            await bus.publish("a", b"after")
            assert await anext(messages) == b"after"

    async def test_a_slow_subscriber_is_told_and_others_are_not_slowed(self, bus: Bus) -> None:
        async with bus.subscribe("a") as slow, bus.subscribe("a") as quick:
            for number in range(5000):
                await bus.publish("a", str(number).encode())
                if number % 500 == 0:
                    await asyncio.sleep(0)
                assert await anext(quick) == str(number).encode()
            seen = 0
            with pytest.raises(SlowSubscriber):
                async for message in slow:
                    assert message == str(seen).encode()
                    seen += 1
            assert 0 < seen < 5000

    async def test_a_lease_has_one_holder_and_growing_fences(self, bus: Bus, clock: FakeClock) -> None:
        first = await bus.lease("room", 10)
        with pytest.raises(LeaseHeld):
            await bus.lease("room", 10)
        await clock.advance(9)
        await first.renew()
        await clock.advance(9)
        with pytest.raises(LeaseHeld):
            await bus.lease("room", 10)
        await clock.advance(2)
        second = await bus.lease("room", 10)
        assert second.fence > first.fence
        with pytest.raises(LeaseLost):
            await first.renew()
        await first.release()
        with pytest.raises(LeaseHeld):
            await bus.lease("room", 10)
        await second.release()
        assert (await bus.lease("room", 10)).fence > second.fence

    async def test_registered_things_end_unless_refreshed(self, bus: Bus, clock: FakeClock) -> None:
        await bus.register("node", "a", b"1", 10)
        await bus.register("node", "b", b"2", 30)
        await bus.register("worker", "a", b"3", 30)
        assert await bus.registered("node") == {"a": b"1", "b": b"2"}
        await clock.advance(10)
        assert await bus.registered("node") == {"b": b"2"}
        await bus.register("node", "b", b"4", 30)
        await clock.advance(25)
        assert await bus.registered("node") == {"b": b"4"}
        await bus.unregister("node", "b")
        await bus.unregister("node", "b")
        assert await bus.registered("node") == {}

    async def test_presence_keeps_the_order_of_entering(self, bus: Bus, clock: FakeClock) -> None:
        await bus.enter("m", "ann", b"1", 10)
        await bus.enter("m", "ben", b"2", 30)
        await bus.enter("m", "ann", b"3", 10)
        assert list((await bus.present("m")).items()) == [("ann", b"3"), ("ben", b"2")]
        await clock.advance(10)
        await bus.enter("m", "ann", b"4", 10)
        assert list(await bus.present("m")) == ["ben", "ann"]
        await bus.depart("m", "ben")
        assert await bus.present("m") == {"ann": b"4"}

    async def test_closing_ends_subscriptions(self, bus: Bus) -> None:
        async with bus.subscribe("a") as messages:
            await bus.close()
            with suppress(StopAsyncIteration):
                pytest.fail(f"{await anext(messages)!r} arrived from a closed bus")
