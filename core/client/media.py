"""A headless participant's PeerConnection by aiortc: the fixed m-lines of M3.1, sealed frames in and out.

A camera or screen is offered without rids, so it is one full layer (M3.6). Received frames are taken from
aiortc before its decoder, through the queue in front of its decoding thread, because they can only be decoded
once opened.
"""

from __future__ import annotations

import queue
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aioice import Connection
from aioice.stun import TransactionError
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
from core.client.frames import CODECS
from core.ports import Clock

SENT = (("microphone", "audio"), ("camera", "video"), ("screen", "video"), ("screen_sound", "audio"),
        ("consent_microphone", "audio"))  # fmt: skip
SLOTS = (*(("audio", index) for index in range(4)), *(("video", index) for index in range(9)),
         ("screen", 0), ("screen", 1), ("screen_sound", 0))  # fmt: skip
LOOPBACK = "127.0.0.1"
PATH_LOST_S = 10.0
"""M1.7, as at the worker: shorter takes a slow lift for a loss, longer leaves people staring."""

PATH_CHECK_S = 2.5
"""Between two checks of a path: three may be lost."""


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
    """One PeerConnection: `open` it once, `use` it when it is the one to send through, `close` it at the end.

    Frames come to `arrived`, changes of `state` to `changed`, both in the loop's thread.
    """

    def __init__(
        self,
        number: int,
        clock: Clock,
        feeds: Mapping[str, Feed],
        arrived: Callable[[ArrivedFrame], None],
        changed: Callable[[MediaConnection], None],
        loopback: bool,
    ) -> None:
        self.number = number
        self._clock = clock
        self._feeds = feeds
        self._senders: dict[str, RTCRtpSender] = {}
        self._arrived = arrived
        self._loopback = loopback
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._peer = RTCPeerConnection(configuration)
        self._peer.on("connectionstatechange", lambda: changed(self))

    @property
    def state(self) -> str:
        """As WebRTC names it: new, connecting, connected, failed or closed."""
        return str(self._peer.connectionState)

    async def open(self, exchange: Callable[[str], Awaitable[str]]) -> None:
        """Offers by `exchange`, which returns the answer; returns before the connection is up."""
        for source, kind in SENT:
            sender = self._senders[source] = self._transceiver(kind, "sendonly").sender
            self._feeds[source].serve(sender)
        for slot in SLOTS:
            self._add_slot(slot)
        self._prepare_ice()
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = _candidates_everywhere(await exchange(self._peer.localDescription.sdp))
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def use(self) -> None:
        """Everything that is published goes out here from now on."""
        for source, sender in self._senders.items():
            self._feeds[source].attach(sender)

    async def lose_path(self) -> None:
        """Ends ICE as a path that has died does. For tests."""
        for connection in self._ice():
            await connection.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self._peer.close()

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

    def _ice(self) -> set[Connection]:
        transceivers = self._peer.getTransceivers()
        return {one.sender.transport.transport.iceGatherer._connection for one in transceivers}

    def _prepare_ice(self) -> None:
        """aioice leaves loopback out, so a node bound to it alone could not be reached, and notices a dead
        path only after half a minute.
        """
        for connection in self._ice():
            watch = partial(watch_path, connection, self._clock)
            setattr(connection, "query_consent", watch)  # noqa: B010 - takes a method's place
            if self._loopback:
                gather = _with_loopback(connection.get_component_candidates)
                setattr(connection, "get_component_candidates", gather)  # noqa: B010


async def watch_path(connection: Connection, clock: Clock) -> None:
    """In place of aioice's consent checks (RFC 7675): closes the path when the node has not answered for
    10 s (M1.7).
    """
    answered = clock.monotonic()
    while clock.monotonic() - answered < PATH_LOST_S:
        await clock.sleep(PATH_CHECK_S)
        for pair in list(connection._nominated.values()):
            request = connection.build_request(pair, nominate=False)
            key = (connection.remote_password or "").encode()
            try:
                await pair.protocol.request(
                    request, pair.remote_addr, integrity_key=key, retransmissions=0
                )
            except TransactionError:
                continue
            answered = clock.monotonic()
    # `close` would cancel this very task and wait for it.
    connection._query_consent_task = None
    await connection.close()


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
