"""Opened frames to samples and pictures, for bots that listen and watch and for tests that measure.

One decoder serves one sender's one source: frames lean on those before them.
"""

from __future__ import annotations

import array

import av

from core.client.frames import OpenedFrame
from core.client.sources import SOUND_RATE


class SoundDecoder:
    """Opus to 16-bit mono samples at 48 kHz."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate = SOUND_RATE
        self._resampler = av.AudioResampler("s16", "mono", SOUND_RATE)

    def decode(self, frame: OpenedFrame) -> array.array[int]:
        """The samples of one frame; av.FFmpegError when it is no Opus."""
        samples = array.array("h")
        for decoded in self._codec.decode(av.Packet(frame.data)):
            decoded.pts = None
            for plain in self._resampler.resample(decoded):
                samples.frombytes(bytes(plain.planes[0])[: plain.samples * 2])
        return samples


class PictureDecoder:
    """VP8 to pictures. Starts at a key frame: what comes before one is not decodable."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libvpx", "r")
        self._started = False

    def decode(self, frame: OpenedFrame) -> list[av.VideoFrame]:
        """The pictures of one frame; av.FFmpegError when it is no VP8."""
        self._started = self._started or frame.key_frame
        return list(self._codec.decode(av.Packet(frame.data))) if self._started else []
