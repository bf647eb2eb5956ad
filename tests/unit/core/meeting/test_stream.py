"""A participant's numbered events: no gap, bounded, and a snapshot after an overflow (M5.2)."""

from __future__ import annotations

import pytest

from core.meeting.stream import MAX_BYTES, MAX_EVENTS, Encoder, EventStream
from core.wire import codec
from core.wire.events import Ended, Event, GroupCreate, GroupReached, GroupSettled, Speakers


def numbers(data: list[bytes]) -> list[int]:
    return [codec.decode_event(one).seq for one in data]


def test_events_are_numbered_without_a_gap_and_replayed_from_any_point() -> None:
    stream = EventStream(Encoder())
    sent: list[bytes] = []
    stream.attach(sent.append)
    for epoch in range(5):
        stream.push(GroupSettled(epoch=epoch))
    assert numbers(sent) == [1, 2, 3, 4, 5]
    missed = stream.missed(3)
    assert missed is not None and numbers(missed) == [4, 5]
    assert stream.missed(5) == [] and stream.missed(6) is None


@pytest.mark.parametrize("size", [10, 8_000])
def test_the_buffer_is_bounded_in_events_and_bytes(size: int) -> None:
    stream = EventStream(Encoder())
    for _ in range(MAX_EVENTS + 500):
        stream.push(GroupCreate(params=b"x" * size))
    kept = stream.missed(stream.seq - 1)
    assert kept is not None and len(kept) == 1
    assert stream.missed(0) is None
    assert len(stream._kept) <= MAX_EVENTS and stream._bytes <= MAX_BYTES


def test_a_snapshot_after_an_overflow_makes_no_gap_and_is_sent_whole() -> None:
    stream = EventStream(Encoder())
    for epoch in range(1, MAX_EVENTS + 100):
        stream.push(GroupReached(epoch=epoch, entry=b"e", receipts=[]))
    assert stream.restart(7) == 7, "the client knows the epoch of the last event it has"
    for _ in range(3):
        stream.push(GroupCreate(params=b"x" * 8_000))
    for _ in range(300):
        stream.push(GroupCreate(params=b"x" * 8_000))
    missed = stream.missed(7)
    assert missed is not None and numbers(missed) == list(range(8, 311))
    stream.attach(lambda _: None)
    stream.push(Ended(reason="x"))
    assert stream._bytes <= MAX_BYTES


def test_an_old_socket_does_not_detach_its_successor() -> None:
    stream = EventStream(Encoder())
    first, second = bytearray(), bytearray()
    stream.attach(first.extend)
    stream.attach(second.extend)
    assert not stream.detach(first.extend) and stream.attached
    assert stream.detach(second.extend) and not stream.attached


@pytest.mark.parametrize(
    "event",
    [
        Speakers(people=["p_aaa"], levels={"p_aaa": 3}),
        GroupReached(epoch=1, entry=b"x", receipts=[b"a", b"b"]),
        Ended(reason="ü"),
    ],
)
def test_the_shared_encoding_is_the_models_own(event: Event) -> None:
    encoder = Encoder()
    for seq in (1, 200, 70_000):
        assert codec.decode_event(encoder.encode(event, seq)) == event.model_copy(update={"seq": seq})
