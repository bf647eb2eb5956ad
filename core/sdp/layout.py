"""The fixed order of a client's m-lines (M3.1): five published sources, then the slots, then the growth.

Both ends know the order, so an m-line's place alone says what it carries; nothing is added when people
come, go, mute or share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Published:
    """A source that a client may publish; `rids` lowest layer first, empty for one layer."""

    source: str
    media: str
    rids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class SlotId:
    """One receive m-line of a client: `audio`, `video`, `screen` or `screen_sound`, counted from 0."""

    kind: str
    index: int

    @property
    def media(self) -> str:
        """`audio` or `video`, as on the m-line."""
        return "audio" if self.kind in ("audio", "screen_sound") else "video"

    @property
    def stream(self) -> str:
        """The stream id; sound and picture of one index share it, so that browsers keep lips (M4.6)."""
        return f"screen-{self.index}" if self.kind.startswith("screen") else f"slot-{self.index}"


PUBLISHED: Final = (
    Published("microphone", "audio"),
    Published("camera", "video", ("q", "h", "f")),
    Published("screen", "video", ("l", "f")),
    Published("screen_sound", "audio"),
    Published("consent_microphone", "audio"),
)

AUDIO_SLOTS: Final = 4
"""The three loudest and the last one (M4.7)."""

VIDEO_SLOTS: Final = 9
"""A grid of nine. More costs each client an m-line and a jitter buffer whether filled or not."""

GROWTH: Final = 16
"""Video slots that one renegotiation appends, for a grid of 25."""

SLOTS: Final = (
    *(SlotId("audio", i) for i in range(AUDIO_SLOTS)),
    *(SlotId("video", i) for i in range(VIDEO_SLOTS)),
    SlotId("screen", 0),
    SlotId("screen", 1),
    SlotId("screen_sound", 0),
    *(SlotId("video", i) for i in range(VIDEO_SLOTS, VIDEO_SLOTS + GROWTH)),
)

MAX_SECTIONS: Final = len(PUBLISHED) + len(SLOTS)
