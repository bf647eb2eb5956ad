"""A headless participant's PeerConnection by aiortc: the fixed m-lines of M3.1, sealed frames in and out.

A camera or screen is offered without rids, so it is one full layer (M3.6). Received frames are taken from
aiortc before its decoder, through the queue in front of its decoding thread, because they can only be decoded
once opened.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy

from core._native import e2ee
from core.client.feed import Feed
from core.client.frames import CODECS, FrameSealer
from core.ports import Clock

SENT = (("microphone", "audio"), ("camera", "video"), ("screen", "video"), ("screen_sound", "audio"),
        ("consent_microphone", "audio"))  # fmt: skip
SLOTS = (*(("audio", index) for index in range(4)), *(("video", index) for index in range(9)),
         ("screen", 0), ("screen", 1), ("screen_sound", 0))  # fmt: skip
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ArrivedFrame:
    """One sealed frame out of a slot."""

    slot: tuple[str, int]
    codec: e2ee.Codec
    timestamp: int
    wire: bytes


class _BeforeDecoder(queue.Queue[Any]):
    """Stands in front of aiortc's decoding thread and keeps every frame from it.

    The thread still gets its final None, and so still ends.
    """

    def __init__(self, slot: tuple[str, int], arrived: Callable[[ArrivedFrame], None]) -> None:
        super().__init__()
        self._slot, self._arrived = slot, arrived

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is None:
            super().put(item, block, timeout)
            return
        parameters, frame = item
        codec = CODECS.get(parameters.name.lower())
        if codec is not None:
            self._arrived(ArrivedFrame(self._slot, codec, frame.timestamp, bytes(frame.data)))


class MediaConnection:
    """`open` once, then `feed` the sources; `close` at the end. Frames come to `arrived`, in the loop's
    thread.
    """

    def __init__(
        self,
        clock: Clock,
        member: Callable[[], e2ee.Member | None],
        arrived: Callable[[ArrivedFrame], None],
        loopback: bool,
    ) -> None:
        self._clock = clock
        self._member = member
        self._arrived = arrived
        self._loopback = loopback
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._peer = RTCPeerConnection(configuration)
        self._connected = asyncio.Event()
        self.feeds: dict[str, Feed] = {}
        self.sealers: dict[str, FrameSealer] = {}
        self._peer.on("connectionstatechange", self._changed)

    @property
    def state(self) -> str:
        """As WebRTC names it: new, connecting, connected, failed or closed."""
        return str(self._peer.connectionState)

    async def open(self, exchange: Callable[[str], Awaitable[str]]) -> None:
        """Offers by `exchange`, which returns the answer; returns before the connection is up."""
        for source, kind in SENT:
            self._add_source(source, kind)
        for slot in SLOTS:
            self._add_slot(slot)
        if self._loopback:
            self._gather_loopback()
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = _candidates_everywhere(await exchange(self._peer.localDescription.sdp))
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def connected(self) -> None:
        """Returns once ICE and DTLS are done."""
        await self._connected.wait()

    async def close(self) -> None:
        """Ends the connection."""
        await self._peer.close()

    def _changed(self) -> None:
        if self._peer.connectionState == "connected":
            self._connected.set()

    def _add_source(self, source: str, kind: str) -> None:
        transceiver = self._transceiver(kind, "sendonly")
        codec: e2ee.Codec = "opus" if kind == "audio" else "vp8"
        sealer = FrameSealer(source, codec, self._member)  # type: ignore[arg-type]
        self.sealers[source] = sealer
        self.feeds[source] = Feed(transceiver.sender, sealer, self._clock)

    def _add_slot(self, slot: tuple[str, int]) -> None:
        kind = "audio" if slot[0] in ("audio", "screen_sound") else "video"
        receiver = self._transceiver(kind, "recvonly").receiver
        if not hasattr(receiver, "_RTCRtpReceiver__decoder_queue"):
            raise e2ee.E2eeError("library", "this aiortc hides its decoder elsewhere")
        receiver._RTCRtpReceiver__decoder_queue = _BeforeDecoder(slot, self._arrived)

    def _transceiver(self, kind: str, direction: str) -> RTCRtpTransceiver:
        transceiver = self._peer.addTransceiver(kind, direction=direction)
        wanted = ("audio/opus",) if kind == "audio" else ("video/VP8", "video/rtx")
        owner = RTCRtpSender if direction == "sendonly" else RTCRtpReceiver
        capabilities = owner.getCapabilities(kind)
        codecs = [codec for codec in capabilities.codecs if codec.mimeType in wanted] if capabilities else []
        transceiver.setCodecPreferences(codecs)
        return transceiver

    def _gather_loopback(self) -> None:
        """aioice leaves loopback out; a node bound to it alone could then not be reached."""
        for transceiver in self._peer.getTransceivers():
            connection = transceiver.sender.transport.transport.iceGatherer._connection
            if "get_component_candidates" not in vars(connection):
                gather = _with_loopback(connection.get_component_candidates)
                setattr(connection, "get_component_candidates", gather)  # noqa: B010 - takes a method's place


def _candidates_everywhere(answer: str) -> str:
    """The bundle's candidates in every m-line: aiortc looks for them in the last one, RFC 9143 puts them
    in the first.
    """
    head, *sections = answer.split("\r\nm=")
    lines = [line for line in (sections[0] if sections else "").split("\r\n") if "candidate" in line]
    rest = ["\r\n".join([section.removesuffix("\r\n"), *lines]) for section in sections[1:]]
    return "\r\nm=".join([head, *(section.removesuffix("\r\n") for section in sections[:1]), *rest]) + "\r\n"


def _with_loopback(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def gather(component: int, addresses: list[str], **more: Any) -> Any:
        return await original(component=component, addresses=[*addresses, LOOPBACK], **more)

    return gather
