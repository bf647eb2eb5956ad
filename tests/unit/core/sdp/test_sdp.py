"""Stored offers of both browsers through the whole of core.sdp, and offers that must be refused."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import PeerError
from core.sdp.answer import LocalTransport, SlotSsrcs, negotiate, render_answer
from core.sdp.layout import PUBLISHED, SLOTS, SlotId
from core.sdp.offer import parse_offer
from core.sdp.section import Publish, Slot

VECTORS = Path(__file__).parents[3] / "vectors" / "sdp"
SSRCS = {slot: SlotSsrcs(1_000 + n, 2_000 + n) for n, slot in enumerate(SLOTS)}
LOCAL = LocalTransport("0100abcd", "p" * 24, "sha-256 " + ":".join(["AB"] * 32), [("127.0.0.1", 8500)])
BROWSERS = ("chromium", "firefox")


def stored(browser: str) -> str:
    return (VECTORS / f"{browser}-offer.sdp").read_bytes().decode()


def refusal(text: str) -> str:
    with pytest.raises(PeerError) as caught:
        offer = parse_offer(text)
        negotiate(offer, "vp8", SSRCS, "c")
    assert caught.value.code == "sdp_refused"
    return caught.value.detail


@pytest.mark.parametrize("browser", BROWSERS)
def test_both_browsers_offers_become_the_fixed_sections(browser: str) -> None:
    offer = parse_offer(stored(browser))
    sections = negotiate(offer, "vp8", SSRCS, "entente")
    assert len(sections) == 21
    for section, published in zip(sections, PUBLISHED, strict=False):
        assert isinstance(section.content, Publish)
        assert (section.content.source, section.content.rids) == (published.source, published.rids)
    for section, slot in zip(sections[5:], SLOTS, strict=False):
        assert isinstance(section.content, Slot)
        assert section.content.id == slot
        assert section.content.ssrc == SSRCS[slot].ssrc
    camera = sections[1]
    assert {"mid", "rid", "repaired_rid", "transport_cc"} <= camera.extensions.keys()
    assert "dependency_descriptor" not in camera.extensions
    assert (camera.codecs[0].name, camera.codecs[0].nack, camera.codecs[0].pli) == ("vp8", True, True)
    assert camera.codecs[0].rtx_pt is not None
    assert len(offer.fingerprints[0]) == 32


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_answer_echoes_numbers_and_gives_each_slot_its_ssrcs(browser: str) -> None:
    offer = parse_offer(stored(browser))
    answer = render_answer(offer, negotiate(offer, "vp8", SSRCS, "entente"), LOCAL, 1, 1)
    parts = answer.split("m=")
    assert len(parts) == 22
    pt = next(c.pt for c in offer.sections[1].codecs if c.name == "vp8")
    assert parts[2].startswith(f"video 9 UDP/TLS/RTP/SAVPF {pt} ")
    assert "a=simulcast:recv q;h;f" in parts[2] and "a=rid:h recv" in parts[2]
    assert "cbr=1;usedtx=0" in parts[1] and "useinbandfec=1" in parts[1]
    assert f"a=ssrc-group:FID {SSRCS[SlotId('video', 0)].ssrc} {SSRCS[SlotId('video', 0)].rtx}" in parts[10]
    assert "a=msid:slot-0 audio-0" in parts[6] and "a=msid:slot-0 video-0" in parts[10]
    assert "red/" not in answer and "ulpfec" not in answer and "flexfec" not in answer
    assert answer.count("a=candidate:") == 1 and "a=ice-lite" in parts[0]
    assert all(f"a=ice-ufrag:{LOCAL.ufrag}\r\n" in part for part in parts[1:])


def test_a_command_has_the_engines_fields() -> None:
    offer = parse_offer(stored("firefox"))
    command = negotiate(offer, "vp8", SSRCS, "entente")[1].command()
    content = command["content"]
    assert isinstance(content, dict) and content["publish"]["rids"] == ["q", "h", "f"]
    assert len(content["publish"]["rtx"]) == 3
    assert command["mid"] == "1"


def test_other_codecs_bring_the_dependency_descriptor() -> None:
    offer = parse_offer(stored("chromium"))
    for codec in ("vp9", "av1"):
        assert "dependency_descriptor" in negotiate(offer, codec, SSRCS, "c")[1].extensions
    h264 = negotiate(offer, "h264", SSRCS, "c")[1].codecs[0]
    assert "profile-level-id=42e01f" in h264.fmtp and "packetization-mode=1" in h264.fmtp


def edit(browser: str, old: str, new: str, count: int = 0) -> str:
    text = re.sub(old, new, stored(browser), count=count)
    assert text != stored(browser)
    return text


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (r"rtx/90000", "rty/90000", "RTX"),
        (r"VP8/90000", "VP7/90000", "no vp8"),
        (r"opus/48000", "opus/8000", "no opus"),
        (r"a=group:BUNDLE 0 ", "a=group:BUNDLE ", "BUNDLE"),
        (r"a=mid:1\r", "a=mid:0\r", "BUNDLE"),
        (r"a=setup:actpass", "a=setup:passive", "setup"),
        (r"a=fingerprint:sha-256", "a=fingerprint:sha-1", "fingerprint"),
        (r"a=fingerprint:sha-256 ..:", "a=fingerprint:sha-256 ", "fingerprint"),
        (r"a=ice-pwd:\S+", "a=ice-pwd:short", "ice-pwd"),
        (r"a=rid:q send", "a=rid:z send", "disagree"),
        (r"a=simulcast:send q;h;f", "a=simulcast:send q;q;f", "disagree"),
        (r"a=simulcast:send q;h;f", "a=simulcast:recv q;h;f", "simulcast"),
        (r"a=rtcp-mux\r\n", "", "rtcp-mux"),
        (r"a=sendonly", "a=sendrecv", "M3.1"),
        (r"m=audio 9", "m=application 9", "parser|audio nor video"),
        (r"a=extmap:4 ", "a=extmap:0 ", "extension id"),
        (r"a=extmap:4 ", "a=extmap:2 ", "extension id"),
        (r"a=rtpmap:96 ", "a=rtpmap:200 ", "payload type|no vp8|parser"),
        (r"a=ssrc:\d+ cname", "a=ssrc:99999999999 cname", "SSRC"),
        (r"a=extmap:\d+ ", "a=extmap:x ", "parser"),
        (r"a=sendonly", "a=sendonly\x07", "printable"),
        (r"a=mid:0\r", "a=mid:0" + "x" * 2000 + "\r", "too long"),
        (r"a=mid:0\r", "a=mid:a b\r", "token"),
        (r"s=-", "s=-" + "\r\na=x" * 500, "too long"),
        (r"s=-", "s=-" + "\r\na=x" * 9000, "lines"),
    ],
)
def test_a_broken_offer_is_refused_by_name(old: str, new: str, names: str) -> None:
    assert re.search(names, refusal(edit("chromium", old, new)))


def test_too_many_sections_and_too_few_are_refused() -> None:
    text = stored("chromium")
    extra = "m=video" + text.split("m=video")[-1]
    assert "m-lines" in refusal(text + extra * 20)
    assert "m-lines" in refusal("v=0\r\n")
    session, first = text.split("m=audio")[0], "m=audio" + text.split("m=video")[0].split("m=audio")[1]
    assert "published" in refusal(re.sub(r"BUNDLE .*?\r", "BUNDLE 0\r", session) + first)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_mangled_offer_is_an_offer_or_a_named_refusal(data: st.DataObject) -> None:
    lines = stored("firefox").split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[place])))
        lines[place] = data.draw(
            st.sampled_from(
                [lines[place][:cut], "", lines[place] * 2, "a=" + lines[place], "m=x", "a=fmtp:1"]
            )
        )
    try:
        negotiate(parse_offer("\r\n".join(lines)), "vp8", SSRCS, "c")
    except PeerError as error:
        assert error.code == "sdp_refused"
