"""Reads an offer: aiortc's parser for the base, a pass of our own for rid, simulcast and mixed extensions.

The text is hostile until proven otherwise: it is measured before it is parsed, and whatever the parser
raises is one named refusal, `sdp_refused`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aiortc.sdp import MediaDescription, SessionDescription, parameters_to_sdp

from core.errors import PeerError
from core.sdp.layout import MAX_SECTIONS

MAX_LINES: Final = 8_000
"""Chromium writes 115 lines a section at most; the parser's time grows with the square of a section's."""
MAX_SECTION_LINES: Final = 400

EXTENSIONS: Final = {
    "urn:ietf:params:rtp-hdrext:sdes:mid": "mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id": "rid",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id": "repaired_rid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": "abs_send_time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": "transport_cc",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": "audio_level",
    "urn:3gpp:video-orientation": "video_orientation",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension": (
        "dependency_descriptor"
    ),
}
URIS: Final = {kind: uri for uri, kind in EXTENSIONS.items()}

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,16}")
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")


@dataclass(frozen=True, slots=True)
class OfferedCodec:
    """One rtpmap with its fmtp (`k=v;k`) and the feedback that was offered for it (`nack pli`, …)."""

    pt: int
    name: str
    clock: int
    channels: int
    fmtp: str
    feedback: frozenset[str]


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One m-line; `rids` are those it would send, `rtx` maps an SSRC to that of its repairs."""

    mid: str
    media: str
    direction: str
    codecs: tuple[OfferedCodec, ...]
    extensions: dict[str, int]
    rids: tuple[str, ...]
    ssrcs: tuple[int, ...]
    rtx: dict[int, int]
    rtcp_rsize: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A whole offer; one transport carries all of it (BUNDLE). Fingerprints are raw SHA-256."""

    ufrag: str
    pwd: str
    fingerprints: tuple[bytes, ...]
    extmap_allow_mixed: bool
    sections: tuple[OfferedSection, ...]


def refuse(detail: str) -> PeerError:
    """The one error of this package."""
    return PeerError("sdp_refused", detail)


def parse_offer(text: str) -> Offer:
    """The offer in `text`; PeerError `sdp_refused` with the reason."""
    groups = _measure(text)
    clean = "\r\n".join(line for group in groups for line in group if not line.startswith("a=candidate"))
    try:
        parsed = SessionDescription.parse(clean + "\r\n")
    except (AssertionError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        raise refuse(f"the parser stopped with {type(error).__name__}") from None
    session = set(groups[0])
    mixed = "a=extmap-allow-mixed" in session or all("a=extmap-allow-mixed" in g for g in groups[1:])
    sections = tuple(
        _section(media, lines, mixed) for media, lines in zip(parsed.media, groups[1:], strict=True)
    )
    _one_bundle(parsed, sections)
    ufrag, pwd, fingerprints = _transport(parsed)
    return Offer(ufrag, pwd, fingerprints, mixed, sections)


def _measure(text: str) -> list[list[str]]:
    """Lines by section, the session's first; refused when there is more than any browser writes."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        raise refuse(f"{len(lines)} lines where {MAX_LINES} are allowed")
    groups: list[list[str]] = [[]]
    for line in filter(None, lines):
        if not line.isprintable() or len(line) > 1_000:
            raise refuse("a line is too long or not printable")
        if line.startswith("m="):
            groups.append([])
        groups[-1].append(line)
    if not 1 < len(groups) <= MAX_SECTIONS + 1:
        raise refuse(f"{len(groups) - 1} m-lines where 1 to {MAX_SECTIONS} are allowed")
    if max(len(group) for group in groups) > MAX_SECTION_LINES:
        raise refuse("a section is too long")
    return groups


def _section(media: MediaDescription, lines: list[str], mixed: bool) -> OfferedSection:
    mid = media.rtp.muxId
    if media.kind not in ("audio", "video") or not _TOKEN.fullmatch(mid):
        raise refuse("an m-line is neither audio nor video, or its mid is no token")
    if not media.rtcp_mux:
        raise refuse(f"mid {mid}: rtcp-mux is needed")
    groups = [group.items for group in media.ssrc_group if group.semantic == "FID"]
    if any(len(items) != 2 for items in groups):
        raise refuse(f"mid {mid}: an FID group needs two SSRCs")
    rtx = {int(items[0]): int(items[1]) for items in groups}
    repairs = set(rtx.values())
    ssrcs = tuple(item.ssrc for item in media.ssrc if item.ssrc not in repairs)
    if any(not 0 < ssrc < 2**32 for ssrc in (*ssrcs, *rtx, *repairs)):
        raise refuse(f"mid {mid}: an SSRC is out of range")
    return OfferedSection(
        mid=mid,
        media=media.kind,
        direction=media.direction or "sendrecv",
        codecs=_codecs(media),
        extensions=_extensions(media, mixed),
        rids=_rids(mid, lines),
        ssrcs=ssrcs,
        rtx=rtx,
        rtcp_rsize="a=rtcp-rsize" in lines,
    )


def _codecs(media: MediaDescription) -> tuple[OfferedCodec, ...]:
    codecs = tuple(
        OfferedCodec(
            pt=int(codec.payloadType or 0),
            name=codec.mimeType.split("/", 1)[1].lower(),
            clock=codec.clockRate,
            channels=codec.channels or 1,
            fmtp=parameters_to_sdp(codec.parameters),
            feedback=frozenset(f"{fb.type} {fb.parameter or ''}".strip() for fb in codec.rtcpFeedback),
        )
        for codec in media.rtp.codecs
    )
    numbers = [codec.pt for codec in codecs]
    if len(set(numbers)) != len(numbers) or any(not 0 <= pt <= 127 for pt in numbers):
        raise refuse(f"mid {media.rtp.muxId}: a payload type stands twice or is out of range")
    return codecs


def _extensions(media: MediaDescription, mixed: bool) -> dict[str, int]:
    highest = 255 if mixed else 14
    found: dict[str, int] = {}
    taken: set[int] = set()
    for extension in media.rtp.headerExtensions:
        if not 1 <= extension.id <= highest or extension.id == 15 or extension.id in taken:
            raise refuse(f"mid {media.rtp.muxId}: extension id {extension.id}")
        taken.add(extension.id)
        if extension.uri in EXTENSIONS:
            found[EXTENSIONS[extension.uri]] = extension.id
    return found


def _rids(mid: str, lines: list[str]) -> tuple[str, ...]:
    """The rids that `a=simulcast:send` names (RFC 8853), each declared by an `a=rid` line (RFC 8851)."""
    declared = [line[6:].split(" ") for line in lines if line.startswith("a=rid:")]
    sending = {parts[0] for parts in declared if len(parts) > 1 and parts[1] == "send"}
    wanted = [line[12:].split() for line in lines if line.startswith("a=simulcast:")]
    if not wanted:
        if len(sending) > 1:
            raise refuse(f"mid {mid}: several rids without a simulcast line")
        return tuple(sorted(sending))
    if len(wanted) > 1 or len(wanted[0]) != 2 or wanted[0][0] != "send":
        raise refuse(f"mid {mid}: the simulcast line")
    rids = tuple(rid.lstrip("~") for rid in wanted[0][1].split(";"))
    if len(set(rids)) != len(rids) or set(rids) - sending:
        raise refuse(f"mid {mid}: simulcast and rid lines disagree")
    return rids


def _one_bundle(parsed: SessionDescription, sections: tuple[OfferedSection, ...]) -> None:
    mids = [section.mid for section in sections]
    bundles = [group.items for group in parsed.group if group.semantic == "BUNDLE"]
    if len(set(mids)) != len(mids) or len(bundles) != 1 or list(bundles[0]) != mids:
        raise refuse("every m-line must be in the one BUNDLE group, each mid once")
    ids: dict[int, str] = {}
    for section in sections:
        for kind, number in section.extensions.items():
            if ids.setdefault(number, kind) != kind:
                raise refuse(f"extension id {number} means two things in one bundle (RFC 9143 §9.1)")


def _transport(parsed: SessionDescription) -> tuple[str, str, tuple[bytes, ...]]:
    first = parsed.media[0]
    ufrag = (first.ice and first.ice.usernameFragment) or ""
    pwd = (first.ice and first.ice.password) or ""
    if not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(pwd) or len(pwd) < 22:
        raise refuse("ice-ufrag or ice-pwd (RFC 8839 §5.4)")
    if first.dtls is None or first.dtls.role == "server":
        raise refuse("setup must be actpass or active")
    values: list[bytes] = []
    for fingerprint in first.dtls.fingerprints:
        if fingerprint.algorithm.lower() != "sha-256":
            continue
        if not _FINGERPRINT.fullmatch(fingerprint.value):
            raise refuse("a fingerprint is malformed")
        values.append(bytes.fromhex(fingerprint.value.replace(":", "")))
    if not values or len(values) > 4:
        raise refuse("one to four sha-256 fingerprints are needed")
    return ufrag, pwd, tuple(values)
