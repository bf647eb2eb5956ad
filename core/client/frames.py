"""Frames sealed and opened with the member's keys (K5). Nothing leaves unsealed and nothing unopened is
handed on.

`FrameSealer` serves one source, `FrameOpener` all slots of a participant, because a frame is delivered once
whichever slot brings it (K5.3). Every frame that is not handed on is counted under the name of the reason.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgpack

from core._native import e2ee
from core.client.events import Member

KINDS: Final[tuple[e2ee.Kind, ...]] = ("microphone", "camera", "screen", "screen_sound", "consent_microphone")
"""By their number in the key id (K5.1)."""

SLOT_KINDS: Final = {
    "audio": "microphone",
    "video": "camera",
    "screen": "screen",
    "screen_sound": "screen_sound",
}
"""Which kind of media a slot may bring. The consent microphone has no slot: members refuse it (K7.2)."""

CODECS: Final[dict[str, e2ee.Codec]] = {"opus": "opus", "vp8": "vp8"}
"""What aiortc speaks, less what the core never chooses."""

HOLD_MS: Final = 1_000
"""K4.5: how long frames of an epoch that is not reached here may wait. Longer, and speech becomes an echo."""

HOLD_FRAMES: Final = 512
"""Frames that may wait, over all slots: a second of nine pictures and four voices, and a bound on a liar."""

OLD_EPOCH_MS: Final = 5_000
"""K4.5: how long an epoch that has passed is still opened."""

REVOKED_MS: Final = 2_000
"""K2.4: how long after it was told a revocation is still without effect on frames."""

_WAIT_FOR_EPOCH = "unknown_epoch"


@dataclass(frozen=True, slots=True)
class OpenedFrame:
    """One frame as its sender's encoder made it. `sender` is the leaf of its key id in the tree (K5.5)."""

    sender: Member
    kind: e2ee.Kind
    codec: e2ee.Codec
    epoch: int
    timestamp: int
    """Of RTP, in the slot's numbering: 48 kHz for sound, 90 kHz for pictures."""
    slot: tuple[str, int]
    data: bytes

    @property
    def key_frame(self) -> bool:
        """Whether it can be decoded by itself; for VP8 the lowest bit of the first byte (RFC 6386 section
        9.1).
        """
        return self.codec == "opus" or (bool(self.data) and self.data[0] & 1 == 0)


class FrameSealer:
    """Seals one source's frames. A new sealer, and with it a new generation, for each epoch (K5.2)."""

    def __init__(self, kind: e2ee.Kind, codec: e2ee.Codec, member: Callable[[], e2ee.Member | None]) -> None:
        self._kind = kind
        self._codec = codec
        self._member = member
        self._sealer: e2ee.SframeSealer | None = None
        self._owner: e2ee.Member | None = None
        self._epoch = -1
        self._floor = 0
        self.drops: Counter[str] = Counter()
        self.sealed = 0

    def seal(self, frame: bytes, key_frame: bool, now: int) -> bytes | None:
        """The frame as it goes out, or None: without a key, or while the rules stop sending, no frame
        (K5.7).
        """
        member = self._member()
        if member is None:
            return self._drop("not_reached")
        if not frame:
            return self._drop("empty_frame")
        try:
            epoch = member.send_epoch(now)
            if self._sealer is None or epoch != self._epoch or member is not self._owner:
                self._renew(member, now)
            assert self._sealer is not None
            wire = self._sealer.seal(self._codec, key_frame, frame)
        except e2ee.E2eeError as refusal:
            return self._drop(str(refusal.args[0]))
        self._floor = self._sealer.floor
        self.sealed += 1
        return wire

    def restart(self) -> None:
        """The transform restarts: the next frame goes out under a new generation (K5.2)."""
        self._sealer = None

    def _renew(self, member: e2ee.Member, now: int) -> None:
        fresh = msgpack.unpackb(member.frame_sender(self._kind, now))
        self._sealer = e2ee.SframeSealer(fresh["kid"], fresh["key"], fresh["salt"], self._floor)
        self._epoch, self._owner = fresh["epoch"], member

    def _drop(self, reason: str) -> bytes | None:
        self.drops[reason] += 1
        return None


@dataclass(frozen=True, slots=True)
class _Arrived:
    slot: tuple[str, int]
    codec: e2ee.Codec
    timestamp: int
    wire: bytes
    at: int


@dataclass(slots=True)
class _Key:
    opener: e2ee.SframeOpener
    leaf: int
    epoch: int
    asked: int
    """When the member last said that this leaf's frames may be opened."""


class FrameOpener:
    """Opens what arrives in the slots; call `retry` after each epoch reached, `revoked` at each revocation.

    The member decides on a key when it is asked, and a key costs a derivation: so it is asked once, and again
    when time alone may have changed its word. `_due` holds the moments from which it may have, `_stale` the
    latest that is over: whatever was asked until then is asked anew before it opens anything more.
    """

    def __init__(
        self, member: Callable[[], e2ee.Member | None], roster: Callable[[], dict[int, Member]]
    ) -> None:
        self._member = member
        self._roster = roster
        self._keys: dict[int, _Key] = {}
        self._held: deque[_Arrived] = deque()
        self._passed: dict[int, int] = {}
        self._due: set[int] = set()
        self._stale = -1
        self.drops: Counter[str] = Counter()
        self.opened = 0

    def open(
        self, slot: tuple[str, int], codec: e2ee.Codec, timestamp: int, wire: bytes, now: int
    ) -> OpenedFrame | None:
        """The frame, or None when it has to wait or was refused."""
        return self._open(_Arrived(slot, codec, timestamp, wire, now), now)

    def retry(self, removed: set[int], now: int) -> Iterator[OpenedFrame]:
        """After an epoch was reached: forgets the keys of removed leaves and opens what waited, in order."""
        member = self._member()
        if member is not None and member.epoch - 1 not in self._passed:
            self._passed[member.epoch - 1] = now
            # Asked then, the member deletes what it kept of the epoch (K4.5), though nothing else happens.
            self._due.add(now + OLD_EPOCH_MS)
        self._keys = {kid: key for kid, key in self._keys.items() if key.leaf not in removed}
        waiting, self._held = self._held, deque()
        for frame in waiting:
            if (opened := self._open(frame, now)) is not None:
                yield opened

    def revoked(self, now: int) -> None:
        """The member was told of a revocation at this time, and refuses its leaf's frames from 2 s on (K2.4).
        """
        self._pass(now)
        self._due.add(now + REVOKED_MS)

    def forget(self) -> None:
        """After a rejoin as a fresh leaf: no old key opens anything."""
        self._keys.clear()
        self._held.clear()
        self._passed.clear()

    def _open(self, frame: _Arrived, now: int) -> OpenedFrame | None:
        if now - frame.at > HOLD_MS:
            return self._drop("held_too_long")
        try:
            kid = msgpack.unpackb(e2ee.parse_header(frame.wire, frame.codec))["kid"]
            if SLOT_KINDS.get(frame.slot[0]) != _kind_of(kid):
                return self._drop("wrong_kind")
            key = self._key(kid, now)
            data = key.opener.open(frame.codec, frame.wire)
        except e2ee.E2eeError as refusal:
            code = str(refusal.args[0])
            return self._hold(frame) if code == _WAIT_FOR_EPOCH else self._drop(code)
        sender = self._roster().get(key.leaf)
        if sender is None:
            return self._drop("unknown_leaf")
        self.opened += 1
        kind = KINDS[(kid >> 20) & 7]
        return OpenedFrame(sender, kind, frame.codec, key.epoch, frame.timestamp, frame.slot, data)

    def _key(self, kid: int, now: int) -> _Key:
        self._pass(now)
        found = self._keys.get(kid)
        if found is not None:
            if now - self._passed.get(found.epoch, now) > OLD_EPOCH_MS:
                del self._keys[kid]
                raise e2ee.E2eeError("old_epoch", "the epoch passed more than 5 s ago")
            if found.asked <= self._stale:
                self._ask(kid, now)
                found.asked = now
            return found
        fresh = self._ask(kid, now)
        opener = e2ee.SframeOpener(kid, fresh["key"], fresh["salt"])
        key = self._keys[kid] = _Key(opener, fresh["leaf"], fresh["epoch"], now)
        return key

    def _pass(self, now: int) -> None:
        over = {due for due in self._due if due < now}
        if over:
            self._stale = max(self._stale, *over)
            self._due -= over

    def _ask(self, kid: int, now: int) -> e2ee.FrameReceiver:
        """The key of a sender; E2eeError when it is not known yet, or its leaf was removed or revoked."""
        member = self._member()
        if member is None:
            raise e2ee.E2eeError(_WAIT_FOR_EPOCH, "no epoch is reached here yet")
        fresh: e2ee.FrameReceiver = msgpack.unpackb(member.frame_receiver(kid, now))
        return fresh

    def _hold(self, frame: _Arrived) -> OpenedFrame | None:
        if len(self._held) >= HOLD_FRAMES:
            self._held.popleft()
            self.drops["held_too_many"] += 1
        self._held.append(frame)
        return None

    def _drop(self, reason: str) -> OpenedFrame | None:
        self.drops[reason] += 1
        return None


def _kind_of(kid: int) -> str | None:
    number = (kid >> 20) & 7
    return KINDS[number] if number < len(KINDS) else None
