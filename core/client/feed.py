"""One published source on one aiortc sender: paced, sealed and packetised.

aiortc's sender asks its own method for the next encoded frame; a feed answers in its place, so that what
reaches the packetiser is already sealed. There is no path by which a plain frame could leave (K5.7).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCEncodedFrame

from core.client.frames import FrameSealer
from core.client.sources import PICTURE_RATE, SILENCE, SOUND_RATE, EncodedFrame, Source
from core.ports import Clock

log = logging.getLogger(__name__)


class _Placeholder(MediaStreamTrack):
    """aiortc wants a track before it sends; frames come from the feed, never from here."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    async def recv(self) -> Any:
        raise MediaStreamError


class Feed:
    """`start` a source, `stop` it, start another: timestamps go on, and a stopped feed sends nothing
    (M3.2).
    """

    def __init__(self, sender: RTCRtpSender, sealer: FrameSealer, clock: Clock) -> None:
        self._sender = sender
        self._sealer = sealer
        self._clock = clock
        self._source: Source | None = None
        self._frames: Iterator[EncodedFrame] | None = None
        self._rate = SOUND_RATE if sender.kind == "audio" else PICTURE_RATE
        self._began = clock.monotonic()
        self._offset = 0
        self._last = -1
        self._picture_id = 0
        self.sent = 0
        setattr(sender, "_next_encoded_frame", self._next)  # noqa: B010 - takes a method's place
        setattr(sender, "_send_keyframe", self.request_key_frame)  # noqa: B010

    @property
    def source(self) -> Source | None:
        """What is being sent."""
        return self._source

    def start(self, source: Source) -> None:
        """Sends this source from now on."""
        elapsed = round((self._clock.monotonic() - self._began) * self._rate)
        self._offset = max(self._last + self._rate // 50, elapsed)
        self._source, self._frames = source, source.frames()
        source.request_key_frame()
        self._sender.replaceTrack(_Placeholder(self._sender.kind))

    def stop(self) -> None:
        """Sends nothing from now on."""
        self._source = self._frames = None
        self._sender.replaceTrack(None)

    def request_key_frame(self) -> None:
        """The node asked for a picture that can be decoded by itself."""
        if self._source is not None:
            self._source.request_key_frame()

    async def _next(self, codec: object) -> RTCEncodedFrame | None:
        """In place of aiortc's own: the next frame, due and sealed; None when there is nothing to send."""
        frames = self._frames
        if frames is None:
            await asyncio.sleep(0.02)
            return None
        try:
            frame = await asyncio.to_thread(next, frames, None)
        except Exception:
            # Somebody else's generator broke: its source ends, the connection and other sources go on.
            log.exception("a source failed")
            frame = None
        if frame is None:
            if frames is self._frames:
                self.stop()
            return None
        await self._until_due(frame)
        return self._pack(frame) if frames is self._frames else None

    async def _until_due(self, frame: EncodedFrame) -> None:
        due = self._began + (self._offset + frame.pts) / self._rate
        wait = due - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        elif wait < -1:
            self._offset += round(-wait * self._rate)  # the machine stood still: no burst to catch up

    def _pack(self, frame: EncodedFrame) -> RTCEncodedFrame | None:
        wire = self._sealer.seal(frame.data, frame.key_frame, self._clock.now())
        if wire is None:
            if self._rate == PICTURE_RATE:
                self.request_key_frame()  # later frames lean on the one that was dropped
            return None
        timestamp = self._last = self._offset + frame.pts
        self.sent += 1
        level = SILENCE if frame.level is None else frame.level
        if self._rate == SOUND_RATE:
            return RTCEncodedFrame([wire], timestamp, level)
        payloads = Vp8Encoder._packetize(wire, self._picture_id)
        self._picture_id = (self._picture_id + 1) % (1 << 15)
        return RTCEncodedFrame(payloads, timestamp, level)
