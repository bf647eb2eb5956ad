"""What the engine is told of each m-line: plain values without SDP, as the engine's command takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.sdp.layout import SlotId


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec that was answered, with the payload type of its repairs and its feedback."""

    pt: int
    name: str
    clock: int
    channels: int
    fmtp: str
    rtx_pt: int | None
    nack: bool
    pli: bool
    fir: bool
    transport_cc: bool
    remb: bool


@dataclass(frozen=True, slots=True)
class Publish:
    """A source the client sends. SSRCs are those it announced; with rids it may announce none."""

    source: str
    rids: tuple[str, ...]
    ssrcs: tuple[int, ...]
    rtx: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot the client receives, with the SSRC it keeps for good and that of its repairs (M3.1)."""

    id: SlotId
    ssrc: int
    rtx_ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Section:
    """One answered m-line; `extensions` maps a kind to its id."""

    mid: str
    content: Publish | Slot
    codecs: tuple[Codec, ...]
    extensions: Mapping[str, int]

    def command(self) -> dict[str, object]:
        """This section as the engine's commands carry it."""
        return {
            "mid": self.mid,
            "content": _content(self.content),
            "codecs": [asdict(codec) for codec in self.codecs],
            "extensions": [{"id": number, "kind": kind} for kind, number in self.extensions.items()],
        }


def _content(content: Publish | Slot) -> dict[str, object]:
    if isinstance(content, Publish):
        publish = {
            "source": content.source,
            "rids": list(content.rids),
            "ssrcs": list(content.ssrcs),
            "rtx": dict(content.rtx),
        }
        return {"publish": publish}
    slot = {
        "kind": content.id.kind,
        "index": content.id.index,
        "ssrc": content.ssrc,
        "rtx_ssrc": content.rtx_ssrc,
        "cname": content.cname,
        "stream": content.id.stream,
    }
    return {"slot": slot}
