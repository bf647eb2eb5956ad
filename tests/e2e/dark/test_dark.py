"""Dark to the server: what a node holds after SRTP is removed says nothing, by four independent looks.

The node is the real one over an engine with a tap; the senders are two people in Chromium whose encoders'
frames are recorded before the product seals them; a headless third holds the keys of the same epoch. The
same looks at senders whose transform is off must all fire, or they would prove nothing.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import pytest

from core._native import e2ee
from core.client import Participant
from core.client.clock import SystemClock
from tests.e2e.dark import evidence
from tests.support.node import AMADOU, running_node

ROOT = Path(__file__).parents[3]
SECONDS = 16
"""More than 10 s of sound from each, and well over 1 MB of pictures."""

HANG_S = 150


@dataclass(frozen=True)
class Seen:
    """What one run left: packets, plain frames, and how many frames the member's keys opened or not."""

    packets: list[evidence.Tapped]
    plain: list[list[dict[str, Any]]]
    opened: int
    refused: int

    @property
    def payloads(self) -> list[bytes]:
        return [packet.payload for packet in self.packets]

    def noise(self) -> bytes:
        """What must look like noise, each byte once: repairs and probes repeat what was sealed before, and
        any noise that is counted twice looks uneven."""
        media = {frame["ssrc"] for one in self.plain for frame in one}
        once = {(packet.ssrc, packet.seq): packet for packet in self.packets if packet.ssrc in media}
        assert len(once) > 1_000
        return b"".join(map(evidence.behind_headers, once.values()))

    def sound_sizes(self) -> dict[int, set[int]]:
        """Sizes of each sender's sealed sound less its SFrame header, whose length depends only on key id and
        counter (K5.6)."""
        sizes: dict[int, set[int]] = {}
        for packet in self.packets:
            if packet.source == "microphone":
                sizes.setdefault(packet.peer, set()).add(len(evidence.behind_headers(packet)))
        return sizes

    def plain_frames(self) -> list[bytes]:
        return [base64.b64decode(frame["data"]) for one in self.plain for frame in one]

    def correlations(self) -> list[float]:
        """Of each tapped microphone with each source: the largest counts."""
        voices: dict[int, dict[int, bytes]] = {}
        for packet in self.packets:
            if packet.source == "microphone":
                voices.setdefault(packet.peer, {})[packet.timestamp] = packet.payload
        heard = [evidence.decode(voice[at] for at in sorted(voice)) for voice in voices.values()]
        said = [
            evidence.decode(
                base64.b64decode(frame["data"]) for frame in one if frame["source"] == "microphone"
            )
            for one in self.plain
        ]
        assert all(len(one) >= 10 * evidence.RATE for one in (*heard, *said)), "too little sound to judge"
        return [max(evidence.correlation(a, b) for b in said) for a in heard]


def _open_all(member: e2ee.Member, packets: list[evidence.Tapped], now: int) -> tuple[int, int]:
    """How many whole frames of the member's epoch its keys open, and how many they do not."""
    openers: dict[int, e2ee.SframeOpener] = {}
    opened = refused = 0
    for first, wire in evidence.frames(packets):
        codec: e2ee.Codec = "vp8" if first.source in ("camera", "screen") else "opus"
        try:
            kid = msgpack.unpackb(e2ee.parse_header(wire, codec))["kid"]
            if kid & 0xFF != member.epoch % 256:
                continue
            if kid not in openers:
                key = msgpack.unpackb(member.frame_receiver(kid, now))
                openers[kid] = e2ee.SframeOpener(kid, key["key"], key["salt"])
            openers[kid].open(codec, wire)
            opened += 1
        except e2ee.E2eeError:
            refused += 1
    return opened, refused


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def _run(folder: Path, mode: str) -> Seen:
    tap = folder / "tap"
    async with (
        running_node(folder, module="tests.support.tapped", TAP_FILE=str(tap)) as link,
        await Participant.join(link, person=AMADOU) as third,
    ):
        await third.ready()
        senders = await asyncio.create_subprocess_exec(
            shutil.which("node") or "node",
            str(ROOT / "tests/e2e/dark/senders.mjs"),
            *(link, str(folder), str(SECONDS), mode),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert senders.stdin is not None and senders.stdout is not None
        async with asyncio.timeout(HANG_S):
            # They stay until their epoch's keys have been tried: a removal would begin another epoch.
            assert await senders.stdout.readline() == b"recorded\n"
            with tap.open("rb") as file:
                taps = msgpack.Unpacker(file, max_buffer_size=1 << 30)
                packets = [packet for one in taps if (packet := evidence.parse(one)) is not None]
            plain = [_lines(folder / f"plain-{n}.jsonl") for n in (0, 1)]
            media = {frame["ssrc"] for one in plain for frame in one}
            assert third.member is not None
            # Of the media itself: a repair is the same payload behind two more bytes.
            once = [packet for packet in packets if packet.ssrc in media]
            opened, refused = _open_all(third.member, once, int(SystemClock().now()))
            senders.stdin.close()
            assert await senders.wait() == 0
    return Seen(packets, plain, opened, refused)


@pytest.fixture(scope="module", autouse=True)
def tapped_engine() -> None:
    subprocess.run([ROOT / "scripts/native-tap"], check=True)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    yield asyncio.run(_run(tmp_path_factory.mktemp("sealed"), "sealed"))


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    yield asyncio.run(_run(tmp_path_factory.mktemp("clear"), "clear"))


def test_no_window_of_a_plain_frame_is_in_a_megabyte_of_payload(sealed: Seen) -> None:
    assert sum(map(len, sealed.payloads)) >= 1_000_000
    assert evidence.windows_in_common(sealed.plain_frames(), sealed.payloads) == 0


def test_payload_behind_the_headers_is_noise(sealed: Seen) -> None:
    assert evidence.chi_square_p(sealed.noise()) > 1e-6


def test_every_packet_of_a_microphone_has_one_size_k5_6(sealed: Seen) -> None:
    sizes = sealed.sound_sizes()
    assert len(sizes) >= 2
    assert all(len(of_one) == 1 for of_one in sizes.values()), sizes


def test_what_a_decoder_makes_of_the_sound_is_not_the_sound(sealed: Seen) -> None:
    correlations = sealed.correlations()
    assert len(correlations) >= 2
    assert max(correlations) < 0.05, correlations


def test_a_member_of_the_epoch_opens_the_tapped_frames(sealed: Seen) -> None:
    assert sealed.opened > 1_000
    assert sealed.refused == 0


def test_every_look_fires_when_the_transform_is_off(clear: Seen) -> None:
    assert evidence.windows_in_common(clear.plain_frames(), clear.payloads) > 10_000
    assert evidence.chi_square_p(clear.noise()) < 1e-6
    assert max(clear.correlations()) > 0.5
    assert clear.opened == 0
