"""One PeerConnection of one participant: its credentials, its sections, and what its slots were last told."""

from __future__ import annotations

import string
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from core.errors import PeerError
from core.ports import MediaNode, Rng
from core.sdp.answer import LocalTransport, SlotSsrcs, negotiate, render_answer
from core.sdp.layout import SLOTS, SlotId
from core.sdp.offer import Offer, parse_offer
from core.sdp.section import Section, Slot

SOURCES: Final = ("microphone", "camera", "screen", "screen_sound", "consent_microphone")
"""Everything a connection can send, in the order of its m-lines (M3.1)."""
_ICE_CHARACTERS: Final = string.ascii_letters + string.digits


def ice_text(rng: Rng, count: int) -> str:
    """Random ice-chars (RFC 8839 §5.4); 24 carry 142 bits."""
    return "".join(_ICE_CHARACTERS[rng.below(len(_ICE_CHARACTERS))] for _ in range(count))


@dataclass(frozen=True, slots=True)
class SlotState:
    """What the engine was told of a slot; `peer` and `source` None for an empty one."""

    peer: int | None = None
    source: str | None = None
    max_layer: int = 0


@dataclass(slots=True)
class Credentials:
    """Our ICE user fragment, which begins with node and worker (M1.1), and password."""

    ufrag: str
    pwd: str = field(repr=False)


class MediaPeer:
    """Order of calls: `answer` for the first offer, again for growth or an ICE restart. Its room ends it."""

    def __init__(
        self, peer: int, participant: str, number: int, worker: int, media: MediaNode, rng: Rng
    ) -> None:
        self.peer = peer
        self.participant = participant
        self.number = number
        self.worker = worker
        self.connected = False
        self.slots: tuple[SlotId, ...] = ()
        self.told: dict[SlotId, SlotState] = {}
        self._media = media
        self._rng = rng
        self._ssrcs: dict[SlotId, SlotSsrcs] = {}
        self._cname = ice_text(rng, 16)
        self._session = int.from_bytes(rng.bytes(7), "big")
        self._version = 0
        self._offer: Offer | None = None
        self._sections: tuple[Section, ...] = ()
        self._local = self._fresh_credentials()

    def _fresh_credentials(self) -> Credentials:
        prefix = f"{self._media.node_id:02x}{self.worker:02x}"
        return Credentials(prefix + ice_text(self._rng, 12), ice_text(self._rng, 24))

    def answer(self, room: int, text: str, codec: str, publish: Collection[str]) -> str:
        """Negotiate `text` and tell the engine; a first offer is admitted with what its sender may `publish`.
        PeerError `sdp_refused`; then nothing has changed."""
        offer = parse_offer(text)
        for slot in SLOTS:
            self._ssrcs.setdefault(slot, self._fresh_ssrcs())
        sections = negotiate(offer, codec, self._ssrcs, self._cname)
        if self._offer is None:
            self._add(room, offer, sections, publish)
        else:
            self._change(self._offer, offer, sections)
        self._offer, self._sections = offer, sections
        self.slots = tuple(s.content.id for s in sections if isinstance(s.content, Slot))
        self._version += 1
        local = LocalTransport(
            self._local.ufrag,
            self._local.pwd,
            self._media.fingerprint(self.worker),
            self._media.addresses(self.worker),
        )
        return render_answer(offer, sections, local, self._session, self._version)

    def _fresh_ssrcs(self) -> SlotSsrcs:
        taken = {number for pair in self._ssrcs.values() for number in (pair.ssrc, pair.rtx)}
        made: list[int] = []
        while len(made) < 2:
            number = int.from_bytes(self._rng.bytes(4), "big")
            if number and number not in taken and number not in made:
                made.append(number)
        return SlotSsrcs(*made)

    def _add(
        self, room: int, offer: Offer, sections: tuple[Section, ...], publish: Collection[str]
    ) -> None:
        command = {
            "peer": self.peer,
            "room": room,
            "local": {"ufrag": self._local.ufrag, "pwd": self._local.pwd},
            "remote": {
                "ufrag": offer.ufrag,
                "pwd": offer.pwd,
                "fingerprints": [{"hash": "sha-256", "value": value} for value in offer.fingerprints],
            },
            "setup": "passive",
            "role": "lite",
            "candidate": None,
            "allowance": None,
            "publish": [source for source in SOURCES if source in publish],
            "sections": [section.command() for section in sections],
        }
        self._media.command(self.worker, {"add_peer": command})

    def _change(self, before: Offer, offer: Offer, sections: tuple[Section, ...]) -> None:
        """Growth and restart keep what stands: m-lines are neither removed nor reordered (M3.1)."""
        mids = [section.mid for section in before.sections]
        if [section.mid for section in offer.sections[: len(mids)]] != mids:
            raise PeerError("sdp_refused", "m-lines are neither removed nor reordered (M3.1)")
        if set(offer.fingerprints) != set(before.fingerprints):
            raise PeerError("sdp_refused", "another certificate needs another connection")
        if sections != self._sections:
            command = {"peer": self.peer, "sections": [section.command() for section in sections]}
            self._media.command(self.worker, {"update_peer": command})
        if (offer.ufrag, offer.pwd) != (before.ufrag, before.pwd):
            self._local = self._fresh_credentials()
            restart = {
                "peer": self.peer,
                "local": {"ufrag": self._local.ufrag, "pwd": self._local.pwd},
                "remote": {"ufrag": offer.ufrag, "pwd": offer.pwd},
            }
            self._media.command(self.worker, {"restart_ice": restart})
