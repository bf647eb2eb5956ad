"""The answers of core.sdp are taken by Chromium, Firefox and aiortc, growth and restart included."""

from collections.abc import Mapping

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from core.sdp.answer import LocalTransport, SlotSsrcs, negotiate, render_answer
from core.sdp.layout import PUBLISHED, SLOTS, SlotId
from core.sdp.offer import parse_offer
from tests.interop.browser import OFFER_JS, Browser

SSRCS: Mapping[SlotId, SlotSsrcs] = {slot: SlotSsrcs(1_000 + n, 2_000 + n) for n, slot in enumerate(SLOTS)}
FINGERPRINT = "sha-256 " + ":".join(f"{n:02X}" for n in range(32))

FIRST = """
globalThis.pc = fixedConnection();
await pc.setLocalDescription(await pc.createOffer());
return pc.localDescription.sdp;
"""
APPLY = """
await pc.setRemoteDescription({ type: "answer", sdp: answer });
return pc.getTransceivers().map((t) => ({
  direction: t.currentDirection, kind: t.receiver.track.kind,
  rids: t.sender.getParameters().encodings.map((e) => e.rid ?? null),
  codecs: (t.direction === "sendonly" ? t.sender : t.receiver).getParameters().codecs.map((c) => c.mimeType),
  streams: pc.getRemoteStreams ? pc.getRemoteStreams().map((s) => s.id) : [],
}));
"""
GROW = """
for (let i = 0; i < 16; i += 1) pc.addTransceiver("video", { direction: "recvonly" });
await pc.setLocalDescription(await pc.createOffer());
return pc.localDescription.sdp;
"""
RESTART = """
await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
return pc.localDescription.sdp;
"""


def answer(sdp: str, version: int, ufrag: str = "0100abcd") -> str:
    offer = parse_offer(sdp)
    local = LocalTransport(ufrag, "p" * 24, FINGERPRINT, [("127.0.0.1", 9)])
    return render_answer(offer, negotiate(offer, "vp8", SSRCS, "entente"), local, 7, version)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_browser_takes_the_answer_growth_and_restart(name: str) -> None:
    with Browser(name) as browser:
        taken = browser.run(APPLY, answer=answer(browser.run(OFFER_JS + FIRST), 1))
        assert [t["direction"] for t in taken] == ["sendonly"] * 5 + ["recvonly"] * 16
        assert taken[1]["rids"] == ["q", "h", "f"] and taken[2]["rids"] == ["l", "f"]
        for line in taken:
            expected = "audio/opus" if line["kind"] == "audio" else "video/VP8"
            assert line["codecs"][0] == expected
        grown = browser.run(APPLY, answer=answer(browser.run(GROW), 2))
        assert [t["direction"] for t in grown] == ["sendonly"] * 5 + ["recvonly"] * 32
        restarted = browser.run(APPLY, answer=answer(browser.run(RESTART), 3, ufrag="0100efgh"))
        assert len(restarted) == 37


async def test_aiortc_takes_the_answer() -> None:
    pc = RTCPeerConnection()
    for published in PUBLISHED:
        pc.addTransceiver(published.media, direction="sendonly")
    for slot in SLOTS[:16]:
        pc.addTransceiver(slot.media, direction="recvonly")
    await pc.setLocalDescription(await pc.createOffer())
    text = answer(pc.localDescription.sdp, 1)
    await pc.setRemoteDescription(RTCSessionDescription(sdp=text, type="answer"))
    assert [t.currentDirection for t in pc.getTransceivers()] == ["sendonly"] * 5 + ["recvonly"] * 16
    await pc.close()
