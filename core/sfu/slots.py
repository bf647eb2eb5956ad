"""Which track goes into which slot of one receiver: pure, deterministic, with as little change as can be.

A change of picture costs a key frame and a gap of some 30 ms, a change of sound nearly nothing; so pictures
stay where they are, and a speaker's sound looks for the index of the speaker's picture (M4.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.sdp.layout import SlotId

LOWEST_HEIGHT = 180
"""Pixels up to which a tile is served by the lowest camera layer."""
MIDDLE_HEIGHT = 360
"""Pixels up to which the middle layer serves, and the lower one of a screen."""


@dataclass(frozen=True, slots=True, order=True)
class Track:
    """One source of one participant."""

    participant: str
    source: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A tile on a receiver's screen, `height` in device pixels."""

    track: Track
    height: int


def max_layer(source: str, height: int) -> int:
    """The highest layer worth sending to a tile of this height: camera 0 to 2, screen 0 or 1, sound 0."""
    if source == "camera":
        return 0 if height <= LOWEST_HEIGHT else 1 if height <= MIDDLE_HEIGHT else 2
    if source == "screen":
        return 0 if height <= MIDDLE_HEIGHT else 1
    return 0


def allocate(
    current: Mapping[SlotId, Track],
    slots: Sequence[SlotId],
    speakers: Sequence[str],
    wishes: Sequence[Wish],
    live: Iterable[Track],
) -> dict[SlotId, Track]:
    """The new map of filled slots. `live` are the tracks that others publish; `speakers` by seniority."""
    there = set(live)
    kept = {slot: track for slot, track in current.items() if slot in slots and track in there}
    free: dict[str, list[SlotId]] = {}
    for slot in slots:
        free.setdefault(slot.kind, []).append(slot)
    cameras = _wanted(wishes, "camera", there, len(free.get("video", [])))
    screens = _wanted(wishes, "screen", there, len(free.get("screen", [])))
    voices = _voices(kept, speakers, there, len(free.get("audio", [])))
    video = _place(kept, free.get("video", []), cameras, {})
    pictures = {track.participant: slot.index for slot, track in video.items()}
    audio = _place(kept, free.get("audio", []), voices, pictures)
    _align(video, audio, free.get("video", []), speakers)
    screen = _place(kept, free.get("screen", []), screens, {})
    return {**video, **audio, **screen, **_screen_sound(screen, free, there)}


def _wanted(wishes: Sequence[Wish], source: str, live: set[Track], count: int) -> list[Track]:
    found = dict.fromkeys(w.track for w in wishes if w.track.source == source and w.track in live)
    return list(found)[:count]


def _voices(
    kept: Mapping[SlotId, Track], speakers: Sequence[str], live: set[Track], count: int
) -> list[Track]:
    """The speakers, then whoever holds a place, then the rest, so that a small meeting needs no choice."""
    order = [Track(participant, "microphone") for participant in speakers]
    order += [track for slot, track in sorted(kept.items()) if slot.kind == "audio"]
    order += sorted(track for track in live if track.source == "microphone")
    return [track for track in dict.fromkeys(order) if track in live][:count]


def _place(
    kept: Mapping[SlotId, Track], slots: Sequence[SlotId], wanted: Sequence[Track], prefer: Mapping[str, int]
) -> dict[SlotId, Track]:
    """Those that have a place keep it; the others take the preferred index if free, else the lowest."""
    placed = {slot: track for slot, track in kept.items() if slot in slots and track in wanted}
    seated = set(placed.values())
    for track in wanted:
        if track in seated:
            continue
        open_slots = [slot for slot in slots if slot not in placed]
        liked = [slot for slot in open_slots if slot.index == prefer.get(track.participant)]
        if open_slots:
            placed[(liked or open_slots)[0]] = track
    return placed


def _align(
    video: dict[SlotId, Track],
    audio: Mapping[SlotId, Track],
    slots: Sequence[SlotId],
    speakers: Sequence[str],
) -> None:
    """Bring each speaker's picture to the index of the sound, unless another speaker's is rightly there."""
    sound = {track.participant: slot.index for slot, track in audio.items()}
    for speaker in speakers:
        here = next((s for s, t in video.items() if t.participant == speaker), None)
        target = next((s for s in slots if s.index == sound.get(speaker)), None)
        if here is None or target is None or here == target:
            continue
        other = video.get(target)
        if other is not None and sound.get(other.participant) == target.index:
            continue
        moved = video.pop(here)
        if other is not None:
            video[here] = other
        video[target] = moved


def _screen_sound(
    screen: Mapping[SlotId, Track], free: Mapping[str, list[SlotId]], live: set[Track]
) -> dict[SlotId, Track]:
    """A shared screen's sound goes beside its picture."""
    sounds: dict[SlotId, Track] = {}
    for slot in free.get("screen_sound", []):
        picture = screen.get(SlotId("screen", slot.index))
        candidates = [picture] if picture else []
        candidates += [track for other, track in sorted(screen.items()) if other.index != slot.index]
        for candidate in candidates:
            track = Track(candidate.participant, "screen_sound")
            if track in live:
                sounds[slot] = track
                break
    return sounds
