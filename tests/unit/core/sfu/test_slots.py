"""Slots of one receiver: little change, lips together, never one track twice (M4.6, M4.7, K5.3)."""

from __future__ import annotations

import random

import pytest

from core.sdp.layout import SLOTS, SlotId
from core.sfu.slots import Track, Wish, allocate, max_layer

FIRST = SLOTS[:16]


def camera(name: str) -> Track:
    return Track(name, "camera")


def voice(name: str) -> Track:
    return Track(name, "microphone")


def wishes(*names: str, height: int = 360) -> list[Wish]:
    return [Wish(camera(name), height) for name in names]


def everybody(*names: str) -> list[Track]:
    return [track for name in names for track in (camera(name), voice(name))]


def test_a_small_meeting_has_sound_and_picture_in_one_index() -> None:
    seats = allocate({}, FIRST, [], wishes("a", "b", "c"), everybody("a", "b", "c"))
    for name in "abc":
        video = next(slot for slot, track in seats.items() if track == camera(name))
        audio = next(slot for slot, track in seats.items() if track == voice(name))
        assert video.index == audio.index


def test_nobody_moves_when_somebody_leaves() -> None:
    before = allocate({}, FIRST, [], wishes("a", "b", "c"), everybody("a", "b", "c"))
    after = allocate(before, FIRST, [], wishes("b", "c"), everybody("b", "c"))
    assert all(before[slot] == track for slot, track in after.items())
    assert len(after) == 4


def test_speakers_take_the_sound_and_the_last_holder_stays() -> None:
    names = "abcdef"
    live = everybody(*names)
    seats = allocate({}, FIRST, ["a", "b", "c", "d"], wishes(*names), live)
    assert {t.participant for s, t in seats.items() if s.kind == "audio"} == set("abcd")
    seats = allocate(seats, FIRST, ["e", "a", "b"], wishes(*names), live)
    assert {t.participant for s, t in seats.items() if s.kind == "audio"} >= set("eab")
    assert sum(s.kind == "audio" for s in seats) == 4


def test_a_speaker_from_the_ninth_tile_comes_to_the_index_of_the_sound() -> None:
    names = "abcdefghi"
    live = everybody(*names)
    seats = allocate({}, FIRST, ["a", "b", "c", "d"], wishes(*names), live)
    seats = allocate(seats, FIRST, ["i", "a", "b", "c"], wishes(*names), live)
    audio = next(s for s, t in seats.items() if t == voice("i"))
    assert seats[SlotId("video", audio.index)] == camera("i")


def test_pictures_nobody_wants_are_not_sent() -> None:
    seats = allocate({}, FIRST, [], wishes("a"), everybody("a", "b"))
    assert [t for s, t in seats.items() if s.kind == "video"] == [camera("a")]


def test_a_screen_and_its_sound_lie_together() -> None:
    screen, sound = Track("a", "screen"), Track("a", "screen_sound")
    seats = allocate({}, FIRST, [], [Wish(screen, 1080)], [screen, sound, Track("b", "screen_sound")])
    assert seats == {SlotId("screen", 0): screen, SlotId("screen_sound", 0): sound}


@pytest.mark.parametrize(
    ("source", "height", "layer"),
    [
        ("camera", 90, 0),
        ("camera", 180, 0),
        ("camera", 181, 1),
        ("camera", 360, 1),
        ("camera", 720, 2),
        ("screen", 360, 0),
        ("screen", 1080, 1),
        ("microphone", 0, 0),
    ],
)
def test_a_tiles_height_chooses_the_layer(source: str, height: int, layer: int) -> None:
    assert max_layer(source, height) == layer


@pytest.mark.parametrize("seed", range(20))
def test_any_history_keeps_the_rules(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"p{n}" for n in range(14)]
    seats: dict[SlotId, Track] = {}
    for _ in range(200):
        live = [t for t in everybody(*names) if rng.random() < 0.8]
        speakers = rng.sample(names, 4)
        view = wishes(*rng.sample(names, rng.randint(0, 14)))
        before, seats = seats, allocate(seats, FIRST, speakers, view, live)
        assert set(seats) <= set(FIRST)
        assert len(set(seats.values())) == len(seats), "a track fills one slot (K5.3)"
        assert all(track in live for track in seats.values())
        for slot, track in seats.items():
            assert (track.source == "microphone") == (slot.kind == "audio")
        heard = [t.participant for s, t in seats.items() if s.kind == "audio"]
        assert all(s in heard for s in speakers if voice(s) in live)
        again = allocate(seats, FIRST, speakers, view, live)
        assert again == seats, "nothing changes without a cause"
        assert before is not seats
