"""Records lengths and times of the packets that a real browser publishes to a real node, into bench/traces.

`python -m bench.record chromium` (or firefox), as root, on an idle machine. SRTP leaves the RTP header in
clear and adds a tag of known length, so the kernel's copy of the loopback says everything that is wanted,
with the kernel's own time of each packet: a tap in the engine would see the worker's batches instead of the
browser's bursts.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.node import running_node

HERE = Path(__file__).resolve().parent
SETTLE_S = 20
"""Until the browser's estimate of the bandwidth lets all three layers flow."""
SECONDS = 12
KEPT_S = 10.5
TAG = 16
"""AEAD_AES_256_GCM, which both browsers negotiate (M2.3)."""
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
INCOMING = 0
TYPES = {"chromium": {96: "video", 111: "microphone"}, "firefox": {120: "video", 109: "microphone"}}
"""Of VP8 and Opus in the browsers' own offers (tests/vectors/sdp); repairs and probes have others."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One SRTP packet: time in ns, the sender's port, and what its clear header says."""

    time: int
    port: int
    kind: int
    ssrc: int
    payload: int
    marker: bool


def parse(frame: bytes, at: int) -> Packet | None:
    """An IPv4 packet that carries SRTP media, or None."""
    if len(frame) < 48 or frame[0] >> 4 != 4 or frame[9] != socket.IPPROTO_UDP:
        return None
    start = 4 * (frame[0] & 15)
    (port,) = struct.unpack_from(">H", frame, start)
    rtp = frame[start + 8 :]
    if len(rtp) < 12 + TAG or rtp[0] >> 6 != 2 or 64 <= rtp[1] & 127 < 96:
        return None
    head = 12 + 4 * (rtp[0] & 15)
    if rtp[0] & 16:
        head += 4 + 4 * int.from_bytes(rtp[head + 2 : head + 4])
    (ssrc,) = struct.unpack_from(">I", rtp, 8)
    return Packet(at, port, rtp[1] & 127, ssrc, len(rtp) - head - TAG, bool(rtp[1] & 128))


def capture(seconds: float) -> Iterator[Packet]:
    """Media packets on loopback."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        raw.bind(("lo", ETH_P_ALL))
        raw.settimeout(1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frame, notes, _, address = raw.recvmsg(65536, 64)
            if address[2] != INCOMING:
                continue
            for level, name, value in notes:
                if (level, name) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    whole, rest = struct.unpack("qq", value[:16])
                    if (packet := parse(frame, whole * 10**9 + rest)) is not None:
                        yield packet


def publisher(packets: list[Packet], names: dict[int, str]) -> dict[str, list[Packet]]:
    """What one of the people sent: of the two ports that send these payload types, the busier."""
    by_port: dict[int, list[Packet]] = defaultdict(list)
    for packet in packets:
        by_port[packet.port].append(packet)
    # The node's own port sends as well, under one SSRC for each slot: three layers tell a publisher.
    cameras = {
        port: len({one.ssrc for one in sent if names.get(one.kind) == "video"})
        for port, sent in by_port.items()
    }
    port = max((port for port in by_port if cameras[port] == 3), key=lambda port: len(by_port[port]))
    found: dict[str, list[Packet]] = defaultdict(list)
    for packet in by_port[port]:
        if packet.kind in names:
            found[names[packet.kind]].append(packet)
    return found


def rows(name: str, packets: list[Packet]) -> list[list[int]]:
    """`[µs, layer, payload bytes, ends a frame]`, layers by their bytes, from a frame's beginning on. Each
    packet of sound is a frame; its marker would mean something else (RFC 7587 section 4.1)."""
    ends = [packet.marker or name == "microphone" for packet in packets]
    size: dict[int, int] = defaultdict(int)
    for packet in packets:
        size[packet.ssrc] += packet.payload
    layers = {ssrc: layer for layer, ssrc in enumerate(sorted(size, key=size.__getitem__))}
    first = max(at for at, end in enumerate(ends[:100]) if end) + 1
    start = packets[first].time
    return [
        [(one.time - start) // 1000, layers[one.ssrc], one.payload, int(end)]
        for one, end in zip(packets[first:], ends[first:], strict=True)
        if one.time - start <= KEPT_S * 1e9
    ]


async def record(browser: str) -> None:
    """One browser's two recordings."""
    program = {"chromium": "chromium", "firefox": "firefox-esr"}[browser]
    version = await asyncio.to_thread(subprocess.check_output, [program, "--version"], text=True)
    with tempfile.TemporaryDirectory() as folder:
        async with running_node(Path(folder)) as link:
            people = await asyncio.create_subprocess_exec(
                shutil.which("node") or "node",
                *(str(HERE / "record.mjs"), browser, link),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            assert people.stdin is not None and people.stdout is not None
            assert await people.stdout.readline() == b"publishing\n"
            await asyncio.sleep(SETTLE_S)
            packets = await asyncio.to_thread(lambda: list(capture(SECONDS)))
            people.stdin.close()
            await people.wait()
    for name, sent in publisher(packets, TYPES[browser]).items():
        written = rows(name, sent)
        browser_is = re.sub(r"\s+", " ", version).strip()
        head = {"browser": browser_is, "source": name, "columns": "us layer bytes last"}
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in written)
        text = json.dumps(head)[:-1] + ', "packets": [\n' + lines + "\n]}\n"
        (HERE / "traces" / f"{browser}-{name}.json").write_text(text)
        print(f"{browser} {name}: {len(written)} packets, {sum(row[2] for row in written)} bytes")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
