"""Decides what of an offer is taken (M3.3) and writes the answer.

Payload types and extension ids are the offer's own, because Firefox decodes nothing on invented ones. RED,
ULPFEC and FlexFEC are never answered; a client without RTX is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.sdp.layout import PUBLISHED, SLOTS, Published, SlotId
from core.sdp.offer import URIS, Offer, OfferedCodec, OfferedSection, refuse
from core.sdp.section import Codec, Publish, Section, Slot

OPUS_FMTP: Final = "minptime=10;useinbandfec=1;cbr=1;usedtx=0"
"""Constant bit rate without DTX, so that sizes tell no words (K5.6)."""

_NAMES: Final = {"vp8": "VP8", "vp9": "VP9", "h264": "H264", "av1": "AV1", "opus": "opus"}
_FEEDBACK: Final = (
    ("nack", "nack"),
    ("pli", "nack pli"),
    ("fir", "ccm fir"),
    ("transport_cc", "transport-cc"),
    ("remb", "goog-remb"),
)
_PUBLISHED_EXTENSIONS: Final = frozenset(
    {"mid", "rid", "repaired_rid", "abs_send_time", "transport_cc", "audio_level", "video_orientation"}
)
_SLOT_EXTENSIONS: Final = frozenset({"mid", "abs_send_time", "audio_level", "video_orientation"})
"""Transport-wide numbers towards receivers come with the bandwidth estimator (M7)."""


@dataclass(frozen=True, slots=True)
class SlotSsrcs:
    """A slot's two SSRCs, kept for the life of the PeerConnection."""

    ssrc: int
    rtx: int


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our end: ICE-lite credentials, `sha-256 AA:…`, and the (address, port) pairs to be reached at."""

    ufrag: str
    pwd: str = field(repr=False)
    fingerprint: str
    addresses: Sequence[tuple[str, int]]


def negotiate(offer: Offer, codec: str, ssrcs: Mapping[SlotId, SlotSsrcs], cname: str) -> tuple[Section, ...]:
    """What both ends will do, one section per m-line in the order of M3.1; `codec` is the meeting's."""
    if len(offer.sections) < len(PUBLISHED):
        raise refuse(f"the first {len(PUBLISHED)} m-lines are the published sources (M3.1)")
    here = offer.sections
    published = [_publish(s, p, codec) for s, p in zip(here, PUBLISHED, strict=False)]
    received = [
        _slot(section, slot, codec, ssrcs[slot], cname)
        for section, slot in zip(here[len(PUBLISHED) :], SLOTS, strict=False)
    ]
    return (*published, *received)


def _publish(section: OfferedSection, published: Published, codec: str) -> Section:
    _fits(section, published.media, published.source, ("sendonly", "inactive"))
    if set(section.rids) - set(published.rids):
        raise refuse(f"mid {section.mid}: {published.source} has the rids {list(published.rids)} (M3.1)")
    content = Publish(published.source, section.rids, section.ssrcs, section.rtx)
    return Section(
        section.mid, content, _choose(section, codec), _extensions(section, codec, _PUBLISHED_EXTENSIONS)
    )


def _slot(section: OfferedSection, slot: SlotId, codec: str, ssrcs: SlotSsrcs, cname: str) -> Section:
    _fits(section, slot.media, f"{slot.kind} slot {slot.index}", ("recvonly", "inactive"))
    content = Slot(slot, ssrcs.ssrc, ssrcs.rtx, cname)
    return Section(
        section.mid, content, _choose(section, codec), _extensions(section, codec, _SLOT_EXTENSIONS)
    )


def _fits(section: OfferedSection, media: str, what: str, directions: tuple[str, ...]) -> None:
    if section.media != media or section.direction not in directions:
        raise refuse(f"mid {section.mid}: {what} is {media} and {directions[0]} (M3.1)")


def _choose(section: OfferedSection, codec: str) -> tuple[Codec, ...]:
    name = "opus" if section.media == "audio" else codec
    found = next((offered for offered in section.codecs if _is(offered, name)), None)
    if found is None:
        raise refuse(f"mid {section.mid}: no {name}")
    rtx_pt = next((c.pt for c in section.codecs if c.name == "rtx" and _apt(c) == found.pt), None)
    if section.media == "video" and (rtx_pt is None or "nack" not in found.feedback):
        raise refuse(f"mid {section.mid}: NACK and RTX are needed (M3.3)")
    flags = {key: text in found.feedback for key, text in _FEEDBACK}
    slot = section.direction == "recvonly"
    flags["transport_cc"] = flags["transport_cc"] and not slot
    flags["remb"] = flags["remb"] and not flags["transport_cc"]
    fmtp = OPUS_FMTP if name == "opus" else _profile(found)
    return (
        Codec(
            pt=found.pt,
            name=name,
            clock=found.clock,
            channels=found.channels,
            fmtp=fmtp,
            rtx_pt=rtx_pt if section.media == "video" else None,
            **flags,
        ),
    )


def _parameters(codec: OfferedCodec) -> dict[str, str]:
    pairs = (part.partition("=") for part in codec.fmtp.split(";") if part)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _apt(codec: OfferedCodec) -> int | None:
    value = _parameters(codec).get("apt", "")
    return int(value) if value.isdecimal() else None


def _is(codec: OfferedCodec, name: str) -> bool:
    """Whether this is the one form of a codec that we forward (M3.3)."""
    if codec.name != name:
        return False
    parameters = _parameters(codec)
    if name == "opus":
        return (codec.clock, codec.channels) == (48_000, 2)
    if name == "vp9":
        return parameters.get("profile-id", "0") == "0"
    if name == "av1":
        return parameters.get("profile", "0") == "0"
    if name == "h264":
        baseline = parameters.get("profile-level-id", "").lower().startswith("42e0")
        return baseline and parameters.get("packetization-mode") == "1"
    return True


def _profile(codec: OfferedCodec) -> str:
    """The parameters that name a profile; the offer's limits on size and rate are the sender's business."""
    keep = ("profile-id", "level-asymmetry-allowed", "packetization-mode", "profile-level-id", "profile")
    return ";".join(f"{k}={v}" for k, v in _parameters(codec).items() if k in keep)


def _extensions(section: OfferedSection, codec: str, allowed: frozenset[str]) -> dict[str, int]:
    if codec in ("vp9", "av1") and section.media == "video":
        allowed = allowed | {"dependency_descriptor"}
    return {kind: number for kind, number in section.extensions.items() if kind in allowed}


def render_answer(
    offer: Offer, sections: Sequence[Section], local: LocalTransport, session: int, version: int
) -> str:
    """The answer's text; `session` and `version` are the o-line's numbers (RFC 8866 §5.2)."""
    lines = [
        "v=0",
        f"o=- {session} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE " + " ".join(section.mid for section in sections),
    ]
    if offer.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    for place, (asked, section) in enumerate(zip(offer.sections, sections, strict=True)):
        lines += _media(asked, section, local, first=place == 0)
    return "\r\n".join(lines) + "\r\n"


def _media(asked: OfferedSection, section: Section, local: LocalTransport, first: bool) -> Iterator[str]:
    formats = [number for c in section.codecs for number in (c.pt, c.rtx_pt) if number is not None]
    yield f"m={asked.media} 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, formats))}"
    yield "c=IN IP4 0.0.0.0"
    yield "a=rtcp:9 IN IP4 0.0.0.0"
    yield f"a=ice-ufrag:{local.ufrag}"
    yield f"a=ice-pwd:{local.pwd}"
    yield f"a=fingerprint:{local.fingerprint}"
    yield "a=setup:passive"
    yield f"a=mid:{section.mid}"
    yield "a=rtcp-mux"
    if asked.rtcp_rsize:
        yield "a=rtcp-rsize"
    for kind, number in section.extensions.items():
        yield f"a=extmap:{number} {URIS[kind]}"
    for codec in section.codecs:
        yield from _codec_lines(codec)
    yield from _content_lines(asked, section.content)
    if first:
        yield from _candidates(local.addresses)


def _codec_lines(codec: Codec) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.name == "opus" else ""
    yield f"a=rtpmap:{codec.pt} {_NAMES[codec.name]}/{codec.clock}{channels}"
    for key, text in _FEEDBACK:
        if getattr(codec, key):
            yield f"a=rtcp-fb:{codec.pt} {text}"
    if codec.fmtp:
        yield f"a=fmtp:{codec.pt} {codec.fmtp}"
    if codec.rtx_pt is not None:
        yield f"a=rtpmap:{codec.rtx_pt} rtx/{codec.clock}"
        yield f"a=fmtp:{codec.rtx_pt} apt={codec.pt}"


def _content_lines(asked: OfferedSection, content: Publish | Slot) -> Iterator[str]:
    if asked.direction == "inactive":
        yield "a=inactive"
        return
    if isinstance(content, Publish):
        yield "a=recvonly"
        for rid in content.rids:
            yield f"a=rid:{rid} recv"
        if content.rids:
            yield f"a=simulcast:recv {';'.join(content.rids)}"
        return
    yield "a=sendonly"
    yield f"a=msid:{content.id.stream} {content.id.kind}-{content.id.index}"
    if asked.media == "video":
        yield f"a=ssrc-group:FID {content.ssrc} {content.rtx_ssrc}"
        yield f"a=ssrc:{content.ssrc} cname:{content.cname}"
        yield f"a=ssrc:{content.rtx_ssrc} cname:{content.cname}"
    else:
        yield f"a=ssrc:{content.ssrc} cname:{content.cname}"


def _candidates(addresses: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Host candidates, best first (RFC 8445 §5.1.2); an ICE-lite end has no others."""
    for place, (address, port) in enumerate(addresses):
        priority = (126 << 24) | ((65_535 - place) << 8) | 255
        yield f"a=candidate:{place + 1} 1 udp {priority} {address} {port} typ host"
    yield "a=end-of-candidates"
