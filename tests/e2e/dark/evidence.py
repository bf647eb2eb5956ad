"""Four ways to look for anything readable in what a node saw: windows, chi-square, sound, and the right keys.

All of them take the tapped RTP packets (bytes after SRTP was removed) and the frames that the senders' own
encoders made. Sizes are bytes, rates hertz.
"""

from __future__ import annotations

import math
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

WINDOW = 12
VP8_KEY = 10
VP8_DELTA = 1
RATE = 8_000


@dataclass(frozen=True, slots=True)
class Tapped:
    """One media packet as a node holds it; `payload` is behind the RTP header and a VP8 descriptor."""

    peer: int
    source: str
    ssrc: int
    seq: int
    timestamp: int
    marker: bool
    start: bool
    payload: bytes


def parse(tap: dict[str, Any]) -> Tapped | None:
    """The packet, or None for padding."""
    rtp: bytes = tap["rtp"]
    first, second, seq, timestamp, ssrc = struct.unpack(">BBHII", rtp[:12])
    at = 12 + 4 * (first & 15)
    if first & 16:
        at += 4 + 4 * int.from_bytes(rtp[at + 2 : at + 4])
    end = len(rtp) - (rtp[-1] if first & 32 else 0)
    start = True
    if tap["source"] in ("camera", "screen"):
        if at >= end:
            return None
        start = rtp[at] & 0x10 != 0
        at += _vp8_descriptor(rtp[at:end])
    if at >= end:
        return None
    marker = bool(second & 128)
    return Tapped(tap["peer"], tap["source"], ssrc, seq, timestamp, marker, start, rtp[at:end])


def _vp8_descriptor(payload: bytes) -> int:
    """Its length (RFC 7741 section 4.2)."""
    if not payload[0] & 0x80:
        return 1
    flags, length = payload[1], 2
    if flags & 0x80:
        length += 2 if payload[length] & 0x80 else 1
    length += (flags >> 6) & 1
    return length + (1 if flags & 0x30 else 0)


def frames(packets: Iterable[Tapped]) -> Iterator[tuple[Tapped, bytes]]:
    """Whole frames put together again, each with its first packet. Incomplete ones are left out."""
    parts: dict[tuple[int, int, int], dict[int, Tapped]] = defaultdict(dict)
    for packet in packets:
        parts[packet.peer, packet.ssrc, packet.timestamp][packet.seq] = packet
    for group in parts.values():
        some = next(iter(group))
        # Numbers wrap inside a frame now and then: sorted by distance from any one of them.
        ordered = [group[seq] for seq in sorted(group, key=lambda seq: (seq - some + 0x8000) & 0xFFFF)]
        whole = all((b.seq - a.seq) & 0xFFFF == 1 for a, b in pairwise(ordered))
        sound = ordered[0].source not in ("camera", "screen")
        if whole and ordered[0].start and (sound or ordered[-1].marker):
            yield ordered[0], b"".join(one.payload for one in ordered)


def windows_in_common(plain: Iterable[bytes], payloads: Iterable[bytes]) -> int:
    """How many 12-byte windows of the payloads stand anywhere in the plain frames."""
    known, seen = (
        np.concatenate([_windows(one) for one in some if len(one) >= WINDOW]) for some in (plain, payloads)
    )
    # One sorted search over everything: packet by packet it would sort the known ones thousands of times.
    known.sort()
    at = np.searchsorted(known, seen).clip(max=len(known) - 1)
    return int((known[at] == seen).sum())


def _windows(data: bytes) -> NDArray[np.uint64]:
    """Each window as 64 bits: its first 8 bytes mixed with its last 8, which overlap and so cover all 12."""
    raw = np.frombuffer(data, np.uint8)
    eights = np.lib.stride_tricks.sliding_window_view(raw, 8).copy().view(np.uint64).ravel()
    mixed: NDArray[np.uint64] = eights[: len(raw) - 11] * np.uint64(0x9E3779B97F4A7C15) ^ eights[4:]
    return mixed


def behind_headers(packet: Tapped) -> bytes:
    """The part of a payload that must look like noise: behind the synthetic and the SFrame header."""
    if not packet.start:
        return packet.payload
    at = 0
    if packet.source in ("camera", "screen"):
        at = VP8_DELTA if packet.payload[0] & 1 else VP8_KEY
    if at >= len(packet.payload):
        return b""
    config = packet.payload[at]
    at += 1 + ((config >> 4 & 7) + 1 if config & 0x80 else 0) + ((config & 7) + 1 if config & 8 else 0)
    return packet.payload[at:]


def chi_square_p(data: bytes) -> float:
    """The chance that uniform bytes look at least this uneven (Wilson and Hilferty 1931)."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    expected = len(data) / 256
    statistic = float(((counts - expected) ** 2 / expected).sum())
    spread = 2 / (9 * 255)
    z = ((statistic / 255) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))


def decode(packets: Iterable[bytes]) -> NDArray[np.float64]:
    """Whatever an Opus decoder makes of the packets, at 8 kHz; silence where it refuses."""
    decoder = av.CodecContext.create("libopus", "r")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces = []
    for packet in packets:
        piece = np.zeros(0)
        try:
            for frame in decoder.decode(av.Packet(packet)):
                for part in resampler.resample(frame):
                    piece = np.concatenate([piece, part.to_ndarray().astype(np.float64).ravel()])
        except (av.FFmpegError, ValueError):
            decoder = av.CodecContext.create("libopus", "r")
        pieces.append(np.resize(piece, RATE // 50) if piece.size else np.zeros(RATE // 50))
    return np.concatenate(pieces) if pieces else np.zeros(0)


def correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest correlation, by absolute value, at any lag within one second."""
    length = min(len(one), len(other))
    a, b = one[:length] - one[:length].mean(), other[:length] - other[:length].mean()
    size = 1 << (2 * length - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([product[: RATE + 1], product[-RATE:]])
    scale = math.sqrt(float((a**2).sum()) * float((b**2).sum()))
    return float(np.abs(near).max()) / scale if scale else 0.0
