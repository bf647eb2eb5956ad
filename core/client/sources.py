"""What a headless participant can send: encoded frames from a generator or a file.

A source yields frames as fast as it can; `core.client.feed` paces them and seals them. Encoding is libopus
and libvpx through PyAV, at constant bit rate for sound (K5.6).
"""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

if TYPE_CHECKING:
    from core._native.e2ee import Codec

SOUND_RATE = 48_000
SOUND_SAMPLES = 960
"""20 ms, the packet time of both browsers."""

SOUND_BITS = 32_000
"""Clear for speech; 80 bytes a packet."""

PICTURE_RATE = 90_000

SILENCE = -127
"""dBov of RFC 6464."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One encoded frame; `pts` counts from 0 at the source's clock rate."""

    data: bytes
    pts: int
    key_frame: bool
    level: int | None = None
    """Of sound, in dBov from -127 to 0 (RFC 6464)."""


class Source(Protocol):
    """Anything that yields encoded frames."""

    @property
    def codec(self) -> Codec:
        """`opus` or `vp8`."""
        ...

    def frames(self) -> Iterator[EncodedFrame]:
        """The frames, in order; called once, in a thread."""
        ...

    def request_key_frame(self) -> None:
        """Somebody needs a key frame: make the next one such."""
        ...


class _Sound:
    codec: Codec = "opus"

    def request_key_frame(self) -> None:
        """Every packet of Opus stands by itself."""

    def _encoder(self) -> AudioCodecContext:
        encoder = av.CodecContext.create("libopus", "w")
        encoder.sample_rate = SOUND_RATE
        encoder.layout = "mono"
        encoder.format = "s16"
        encoder.bit_rate = SOUND_BITS
        encoder.time_base = Fraction(1, SOUND_RATE)
        encoder.options = {"vbr": "off", "application": "voip", "frame_duration": "20"}
        return encoder

    def _encode(self, frames: Iterator[av.AudioFrame]) -> Iterator[EncodedFrame]:
        encoder = self._encoder()
        count = 0
        for frame in frames:
            level = level_of(frame)
            for packet in encoder.encode(frame):
                yield EncodedFrame(bytes(packet), count * SOUND_SAMPLES, True, level)
                count += 1


def level_of(frame: av.AudioFrame) -> int:
    """Loudness of 16-bit samples in dBov: 0 for the loudest square wave, -127 for silence (RFC 6464)."""
    samples = array.array("h", bytes(frame.planes[0])[: frame.samples * 2])
    power = sum(sample * sample for sample in samples) / max(1, len(samples))
    return max(SILENCE, round(10 * math.log10(power / 32_767**2))) if power else SILENCE


class ToneSource(_Sound):
    """A steady tone; `loudness` from 0 to 1."""

    def __init__(self, frequency: int = 440, loudness: float = 0.3) -> None:
        self._frequency = frequency
        self._peak = max(0.0, min(1.0, loudness)) * 32_767

    def frames(self) -> Iterator[EncodedFrame]:
        """Without end."""
        return self._encode(self._samples())

    def _samples(self) -> Iterator[av.AudioFrame]:
        turn = 2 * math.pi * self._frequency / SOUND_RATE
        second = [round(self._peak * math.sin(turn * index)) for index in range(SOUND_RATE)]
        at = 0
        while True:
            start = at % SOUND_RATE
            part = array.array("h", second[start : start + SOUND_SAMPLES])
            frame = av.AudioFrame(format="s16", layout="mono", samples=SOUND_SAMPLES)
            frame.planes[0].update(part.tobytes())
            frame.sample_rate = SOUND_RATE
            frame.pts = at
            at += SOUND_SAMPLES
            yield frame


class _Picture:
    codec: Codec = "vp8"

    def __init__(self, width: int, height: int, rate: int, bits: int) -> None:
        self.width, self.height, self.rate = width, height, rate
        self._bits = bits
        self._key_frame_wanted = False

    def request_key_frame(self) -> None:
        """The next frame can be decoded by itself."""
        self._key_frame_wanted = True

    def _encoder(self) -> VideoCodecContext:
        encoder = av.CodecContext.create("libvpx", "w")
        encoder.width, encoder.height = self.width, self.height
        encoder.pix_fmt = "yuv420p"
        encoder.bit_rate = self._bits
        encoder.gop_size = 3_000
        encoder.time_base = Fraction(1, PICTURE_RATE)
        encoder.framerate = Fraction(self.rate)
        encoder.thread_count = 1
        # A negative speed is fixed: a positive one follows the load of the machine and makes tests differ.
        encoder.options = {
            "deadline": "realtime", "cpu-used": "-12", "lag-in-frames": "0", "static-thresh": "1",
            "auto-alt-ref": "0", "partitions": "0",
        }  # fmt: skip
        return encoder

    def _encode(self, frames: Iterator[av.VideoFrame]) -> Iterator[EncodedFrame]:
        encoder = self._encoder()
        for frame in frames:
            frame.time_base = Fraction(1, PICTURE_RATE)
            frame.pict_type = PictureType.I if self._key_frame_wanted else PictureType.NONE
            self._key_frame_wanted = False
            for packet in encoder.encode(frame):
                yield EncodedFrame(bytes(packet), packet.pts or 0, packet.is_keyframe)


class PictureSource(_Picture):
    """A grey ramp that wanders, on one colour: cheap to make, and a receiver can tell two of them apart."""

    def __init__(
        self, width: int = 640, height: int = 360, rate: int = 15, colour: tuple[int, int] = (90, 160)
    ) -> None:
        super().__init__(width, height, rate, bits=400_000)
        self._colour = colour

    def frames(self) -> Iterator[EncodedFrame]:
        """Without end."""
        return self._encode(self._pictures())

    def _pictures(self) -> Iterator[av.VideoFrame]:
        ramp = bytes(40 + index % 160 for index in range(self.width * 2))
        number = 0
        while True:
            frame = av.VideoFrame(self.width, self.height, "yuv420p")
            start = number * 4 % self.width
            _fill(frame.planes[0], ramp[start : start + self.width])
            for plane, value in zip(frame.planes[1:], self._colour, strict=True):
                _fill(plane, bytes([value]) * (self.width // 2))
            frame.pts = number * PICTURE_RATE // self.rate
            number += 1
            yield frame


def _fill(plane: av.video.plane.VideoPlane, row: bytes) -> None:
    plane.update(row.ljust(plane.line_size, b"\0") * plane.height)


class SoundFile(_Sound):
    """The sound of a file that FFmpeg can read."""

    def __init__(self, path: Path, repeat: bool = False) -> None:
        self._path, self._repeat = path, repeat

    def frames(self) -> Iterator[EncodedFrame]:
        """Until the end of the file; without end when repeated."""
        return self._encode(self._samples())

    def _samples(self) -> Iterator[av.AudioFrame]:
        while True:
            resampler = AudioResampler("s16", "mono", SOUND_RATE, frame_size=SOUND_SAMPLES)
            with av.open(str(self._path)) as file:
                for frame in file.decode(audio=0):
                    yield from (
                        whole for whole in resampler.resample(frame) if whole.samples == SOUND_SAMPLES
                    )
            if not self._repeat:
                return


class PictureFile(_Picture):
    """The pictures of a file that FFmpeg can read, at their own pace, scaled to one size."""

    def __init__(self, path: Path, width: int = 640, height: int = 360, repeat: bool = False) -> None:
        super().__init__(width, height, rate=30, bits=800_000)
        self._path, self._repeat = path, repeat

    def frames(self) -> Iterator[EncodedFrame]:
        """Until the end of the file; without end when repeated."""
        return self._encode(self._pictures())

    def _pictures(self) -> Iterator[av.VideoFrame]:
        offset = 0
        while True:
            last = 0
            with av.open(str(self._path)) as file:
                for frame in file.decode(video=0):
                    scaled = frame.reformat(self.width, self.height, "yuv420p")
                    last = round(float(frame.time or 0) * PICTURE_RATE)
                    scaled.pts = offset + last
                    yield scaled
            if not self._repeat:
                return
            offset += last + PICTURE_RATE // self.rate
