"""Attempts and epochs as they are counted, in a whole meeting in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from core.meeting.stream import EventStream
from core.wire import events, requests
from tests.support.people import person
from tests.support.telemetry import RecordingTelemetry, series
from tests.support.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    opened = await open_world(tmp_path)
    yield opened
    await opened.close()


def attempts(world: World) -> dict[str, float]:
    telemetry = world.services.telemetry
    assert isinstance(telemetry, RecordingTelemetry)
    counts = {
        outcome: telemetry.counts.get(series("entente_attempts_total", outcome=outcome), 0)
        for outcome in ("reached", "withdrawn", "dropped")
    }
    return {outcome: count for outcome, count in counts.items() if count}


def seconds(world: World) -> list[float]:
    telemetry = world.services.telemetry
    assert isinstance(telemetry, RecordingTelemetry)
    return [value for name, value, _ in telemetry.observations if name == "entente_epoch_seconds"]


def _none_once(stream: EventStream) -> Callable[[int], Sequence[bytes] | None]:
    """As if too much had been missed, the first time."""
    kept, asked = stream.missed, [0]

    def missed(last_seq: int) -> Sequence[bytes] | None:
        asked[0] += 1
        return None if asked[0] == 1 else kept(last_seq)

    return missed


async def test_each_epoch_is_counted_once_however_many_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [await world.join(person(f"x-{number}")) for number in range(4)]
    await world.run(3)
    epoch = clients[0].epoch
    assert epoch is not None and {client.epoch for client in clients} == {epoch}
    assert attempts(world) == {"reached": epoch}
    assert len(seconds(world)) == epoch, "epoch 0 is created, not proposed"
    # A return is told of the epochs it missed, which are no new ones.
    await clients[3].lose_socket()
    await world.join(person("x-9"))
    await world.run(1)
    await clients[3].return_()
    await world.run(1)
    assert attempts(world) == {"reached": epoch + 1}
    # So is one whose missed events are not kept: a snapshot says every epoch since its own again.
    await clients[3].lose_socket()
    for number in range(3):
        await world.join(person(f"x-2{number}"))
        await world.run(1.5)
    reached = attempts(world)
    stream = clients[3].session.participant.stream
    monkeypatch.setattr(stream, "missed", _none_once(stream))
    await clients[3].return_()
    await world.run(1)
    assert clients[3].of(events.GroupPropose) and attempts(world) == reached == {"reached": epoch + 4}


async def test_an_attempt_is_dropped_without_a_commit_and_withdrawn_without_receipts(world: World) -> None:
    first, second = await world.join(person("x-1")), await world.join(person("x-2"))
    await world.run(1)
    assert attempts(world) == {"reached": 1}
    for client in (first, second):
        client.ignore = {requests.GroupCommit}
    await world.join(person("x-3"))
    await world.run(4)
    before = attempts(world)
    assert before["dropped"] >= 1 and before["reached"] == 1 and "withdrawn" not in before
    for client in (first, second):
        client.ignore = {requests.GroupReceipt}
    await world.run(12)
    assert attempts(world)["withdrawn"] >= 1 and attempts(world)["reached"] == 1
