"""One published source: paced, sealed and packetised, on whichever sender is the current one.

aiortc's sender asks its own method for the next encoded frame; a feed answers in its place, so that what
reaches the packetiser is already sealed. There is no path by which a plain frame could leave (K5.7).
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCEncodedFrame

from core.client.frames import FrameSealer
from core.client.sources import PICTURE_RATE, SILENCE, SOUND_RATE, EncodedFrame, Source
from core.ports import Clock

log = logging.getLogger(__name__)

IDLE_S = 0.02
"""How long a sender without anything to send waits before it asks again."""


class _Placeholder(MediaStreamTrack):
    """aiortc wants a track before it sends; frames come from the feed, never from here."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    async def recv(self) -> Any:
        raise MediaStreamError


class _Frames:
    """A source's frames, made in a thread. Whoever asks while one is being made gets that one, so that a
    sender that is stopped in the middle takes nothing with it.
    """

    def __init__(self, source: Source) -> None:
        self._iterator = source.frames()
        self._making: asyncio.Future[EncodedFrame | None] | None = None

    async def next(self) -> EncodedFrame | None:
        """The next frame; None at the end, also when somebody else's generator broke."""
        if self._making is None:
            self._making = asyncio.ensure_future(asyncio.to_thread(self._make))
        making = self._making
        frame = await asyncio.shield(making)
        if self._making is making:
            self._making = None
        return frame

    def _make(self) -> EncodedFrame | None:
        try:
            return next(self._iterator, None)
        except Exception:
            log.exception("a source failed")  # it ends; the connection and other sources go on
            return None


class Feed:
    """`serve` each connection's sender once, `attach` the one to send through; `start` a source, `stop` it,
    start another. Timestamps go on, and a stopped feed sends nothing (M3.2).
    """

    def __init__(self, kind: str, sealer: FrameSealer, clock: Clock) -> None:
        self.sealer = sealer
        self.sent = 0
        self._kind = kind
        self._clock = clock
        self._sender: RTCRtpSender | None = None
        self._source: Source | None = None
        self._frames: _Frames | None = None
        self._rate = SOUND_RATE if kind == "audio" else PICTURE_RATE
        self._began = clock.monotonic()
        self._offset = 0
        self._last = -1
        self._picture_id = 0

    @property
    def source(self) -> Source | None:
        """What is being sent."""
        return self._source

    def serve(self, sender: RTCRtpSender) -> None:
        """From now on this sender asks here for its frames, and gets them while it is the attached one."""
        setattr(sender, "_next_encoded_frame", partial(self._next, sender))  # noqa: B010 - a method's place
        setattr(sender, "_send_keyframe", self.request_key_frame)  # noqa: B010

    def attach(self, sender: RTCRtpSender) -> None:
        """Sends through this sender, under a new generation (K5.2), and through no earlier one (M5.1)."""
        if self._sender is not None:
            self._sender.replaceTrack(None)
        self._sender = sender
        self.sealer.restart()
        if self._source is not None:
            self._source.request_key_frame()
            sender.replaceTrack(_Placeholder(self._kind))

    def start(self, source: Source) -> None:
        """Sends this source from now on."""
        elapsed = round((self._clock.monotonic() - self._began) * self._rate)
        self._offset = max(self._last + self._rate // 50, elapsed)
        self._source, self._frames = source, _Frames(source)
        source.request_key_frame()
        if self._sender is not None:
            self._sender.replaceTrack(_Placeholder(self._kind))

    def stop(self) -> None:
        """Sends nothing from now on."""
        self._source = self._frames = None
        if self._sender is not None:
            self._sender.replaceTrack(None)

    def request_key_frame(self) -> None:
        """The node asked for a picture that can be decoded by itself."""
        if self._source is not None:
            self._source.request_key_frame()

    async def _next(self, sender: RTCRtpSender, codec: object) -> RTCEncodedFrame | None:
        """In place of aiortc's own: the next frame, due and sealed; None when there is nothing to send."""
        frames = self._frames
        if frames is None or sender is not self._sender:
            await asyncio.sleep(IDLE_S)
            return None
        frame = await frames.next()
        if frame is None:
            if frames is self._frames:
                self.stop()
            return None
        await self._until_due(frame)
        current = frames is self._frames and sender is self._sender
        return self._pack(frame) if current else None

    async def _until_due(self, frame: EncodedFrame) -> None:
        due = self._began + (self._offset + frame.pts) / self._rate
        wait = due - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        elif wait < -1:
            self._offset += round(-wait * self._rate)  # the machine stood still: no burst to catch up

    def _pack(self, frame: EncodedFrame) -> RTCEncodedFrame | None:
        wire = self.sealer.seal(frame.data, frame.key_frame, self._clock.now())
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
