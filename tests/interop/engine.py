"""A running engine and aiortc peers for it: the thinnest core that two people need, without a gateway.

Frames are sealed and opened as the product does (K5), so the engine's checks of key ids are in force.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal
from unittest.mock import patch

import aioice.ice
import av
import msgpack
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.mediastreams import MediaStreamTrack

from core._native import e2ee
from core._native.media import MediaNode
from core.sdp.answer import LocalTransport, SlotSsrcs, negotiate, render_answer
from core.sdp.layout import PUBLISHED, SLOTS, SlotId
from core.sdp.offer import parse_offer

ROOM = 1
KEY, SALT = bytes(range(16)), bytes(range(12))

# aioice leaves loopback out, and these tests stay on it.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Engine:
    """A node of one worker; events are kept in order, and `until` waits for one."""

    def __init__(self, dtls: str = "1.2") -> None:
        options: Any = {"bind": "127.0.0.1:0", "dtls": dtls}
        self.node = MediaNode(1, [options], secrets.token_bytes(32))
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.node.fileno(), self._read)
        self.command({"add_room": {"room": ROOM}})

    def _read(self) -> None:
        self.events += [msgpack.unpackb(event, strict_map_key=False) for _, event in self.node.poll()]
        self._changed.set()

    def command(self, command: Mapping[str, object]) -> None:
        self.node.command(0, msgpack.packb(command))

    def find(self, kind: str, **fields: object) -> dict[str, Any] | None:
        """The first event of a kind with these fields."""
        for event in self.events:
            found: dict[str, Any] | None = event.get(kind)
            if found is not None and all(found.get(name) == value for name, value in fields.items()):
                return found
        return None

    async def until(self, kind: str, seconds: float = 10, **fields: object) -> dict[str, Any]:
        """Waits for an event; it may have come already."""
        async with asyncio.timeout(seconds):
            while (found := self.find(kind, **fields)) is None:
                self._changed.clear()
                await self._changed.wait()
        return found

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.node.fileno())
        self.node.close()


class SealedTrack(MediaStreamTrack):
    """Sealed frames at a steady pace: what was sent is kept in `plain` and `wire`."""

    def __init__(self, kind: str, leaf: int) -> None:
        super().__init__()
        self.kind = kind
        self.plain: list[bytes] = []
        self.wire: list[bytes] = []
        source: Literal["microphone", "camera"] = "microphone" if kind == "audio" else "camera"
        kid = e2ee.kid_pack(1, source, leaf, 1)
        self._sealer = e2ee.SframeSealer(kid, KEY, SALT)
        self._period = 0.02 if kind == "audio" else 0.04
        self._start = time.monotonic()

    async def recv(self) -> av.Packet[Any]:
        number = len(self.plain)
        await asyncio.sleep(max(0.0, self._start + number * self._period - time.monotonic()))
        key_frame = self.kind == "video" and number % 10 == 0
        size = 60 if self.kind == "audio" else 4_000 if key_frame else 1_500
        self.plain.append(secrets.token_bytes(size))
        codec: Any = "opus" if self.kind == "audio" else "vp8"
        self.wire.append(self._sealer.seal(codec, key_frame, self.plain[-1]))
        packet = av.Packet(self.wire[-1])
        clock = 48_000 if self.kind == "audio" else 90_000
        packet.pts = int(number * self._period * clock)
        packet.time_base = Fraction(1, clock)
        return packet


class Frames:
    """Whole encoded frames that aiortc's receivers got, by codec name, instead of being decoded."""

    def __init__(self) -> None:
        self.got: dict[str, list[bytes]] = defaultdict(list)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def add(self, name: str, frame: bytes) -> None:
        """Called in a decoder's thread."""
        self.got[name].append(frame)
        self._loop.call_soon_threadsafe(self._changed.set)

    async def until(self, name: str, count: int, seconds: float = 15) -> list[bytes]:
        """Waits for so many frames."""
        async with asyncio.timeout(seconds):
            while len(self.got[name]) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got[name]


class _Collector:
    def __init__(self, name: str, frames: Frames) -> None:
        self._name = name
        self._frames = frames

    def decode(self, encoded: Any) -> list[object]:
        self._frames.add(self._name, encoded.data)
        return []


@contextmanager
def collected_frames() -> Iterator[Frames]:
    """While it lasts, receivers hand whole encoded frames over."""
    frames = Frames()
    with patch.object(rtcrtpreceiver, "get_decoder", lambda codec: _Collector(codec.name, frames)):
        yield frames


def _connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _for_aiortc(answer: str) -> str:
    """aiortc 1.16 takes a bundle's candidates from its last m-line; the standard has them in its first."""
    lines = answer.split("\r\n")
    candidates = [line for line in lines if line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join([*lines[:-1], *candidates, ""]) if lines[-1] == "" else answer


@dataclass
class Client:
    """One aiortc peer with the fixed m-lines (M3.1)."""

    engine: Engine
    peer: int
    leaf: int
    tracks: dict[str, SealedTrack] = field(default_factory=dict)
    pc: RTCPeerConnection = field(default_factory=_connection)

    def publish(self, source: str) -> SealedTrack:
        """Adds a track that is sent from the start."""
        kind = "audio" if source == "microphone" else "video"
        self.tracks[source] = SealedTrack(kind, self.leaf)
        return self.tracks[source]

    async def connect(self, fingerprints: list[bytes] | None = None) -> None:
        """Offers, lets core.sdp answer, tells the engine and applies the answer."""
        for published in PUBLISHED:
            track = self.tracks.get(published.source)
            self.pc.addTransceiver(track or published.media, direction="sendonly")
        for slot in SLOTS[:16]:
            self.pc.addTransceiver(slot.media, direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        offer = parse_offer(self.pc.localDescription.sdp)
        ssrcs: dict[SlotId, SlotSsrcs] = {
            slot: SlotSsrcs(self.peer * 1000 + n, self.peer * 1000 + 500 + n) for n, slot in enumerate(SLOTS)
        }
        sections = negotiate(offer, "vp8", ssrcs, f"cname{self.peer}")
        ufrag, pwd = "0100" + secrets.token_hex(4), secrets.token_hex(12)
        values = fingerprints if fingerprints is not None else list(offer.fingerprints)
        remote = {
            "ufrag": offer.ufrag,
            "pwd": offer.pwd,
            "fingerprints": [{"hash": "sha-256", "value": value} for value in values],
        }
        add = {
            "peer": self.peer,
            "room": ROOM,
            "local": {"ufrag": ufrag, "pwd": pwd},
            "remote": remote,
            "setup": "passive",
            "role": "lite",
            "candidate": None,
            "publish": ["microphone", "camera", "screen", "screen_sound", "consent_microphone"],
            "sections": [section.command() for section in sections],
        }
        self.engine.command({"add_peer": add})
        self.engine.command({"set_leaf": {"peer": self.peer, "leaf": self.leaf}})
        node = self.engine.node
        local = LocalTransport(ufrag, pwd, node.fingerprint(0), [("127.0.0.1", node.local_port(0))])
        text = render_answer(offer, sections, local, 7, 1)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=_for_aiortc(text), type="answer"))

    def show(self, kind: str, peer: int, source: str) -> None:
        """Puts a track into this client's first slot of a kind."""
        track = {"peer": peer, "source": source}
        slot = {"kind": kind, "index": 0, "track": track, "max_layer": 2, "await_epoch": None}
        self.engine.command({"set_slots": {"peer": self.peer, "slots": [slot]}})
