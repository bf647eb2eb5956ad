"""A participant's numbered events: sent while a socket is there, kept for its return, bounded (M5.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgpack

from core.wire.events import Event, GroupReached

MAX_EVENTS = 1_000
"""Events kept for a return; a busy meeting makes some ten a second."""
MAX_BYTES = 1_000_000
"""Bytes kept for a return. Raising either costs each participant that memory."""

Sink = Callable[[bytes], None]


class Encoder:
    """Packs an event once for all who are told it one after another; only the number differs."""

    def __init__(self) -> None:
        self._event: Event | None = None
        self._body = b""
        self._count = 0

    def encode(self, event: Event, seq: int) -> bytes:
        """The event as a msgpack map that begins with its number."""
        if event is not self._event:
            fields = event.model_dump(exclude={"seq"})
            self._count = len(fields)
            # A map of up to 15 pairs has a header of one byte, which is replaced below.
            self._body = msgpack.packb(fields, use_bin_type=True)[1:]
            self._event = event
        head = bytes([0x80 | (self._count + 1)])
        return head + bytes(msgpack.packb("seq")) + bytes(msgpack.packb(seq)) + self._body


class EventStream:
    """Order of calls: `push` always; `attach` and `detach` as sockets come and go.

    After an overflow: `restart`, `push` the present state, `attach`; between the first and the last the
    bounds do not hold, because a snapshot is sent whole.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: deque[bytes] = deque()
        self._bytes = 0
        self._epochs: deque[tuple[int, int]] = deque(maxlen=2 * MAX_EVENTS)
        self._sink: Sink | None = None
        self._snapshot = False
        self.seq = 0

    @property
    def attached(self) -> bool:
        """Whether a socket is there."""
        return self._sink is not None

    def push(self, event: Event) -> None:
        """Number the event, keep it, and send it if there is a socket."""
        self.seq += 1
        data = self._encoder.encode(event, self.seq)
        if isinstance(event, GroupReached):
            self.mark_epoch(event.epoch)
        self._kept.append(data)
        self._bytes += len(data)
        while not self._snapshot and self._overflows():
            self._bytes -= len(self._kept.popleft())
        if self._sink is not None:
            self._sink(data)

    def _overflows(self) -> bool:
        return len(self._kept) > MAX_EVENTS or (self._bytes > MAX_BYTES and bool(self._kept))

    def mark_epoch(self, epoch: int) -> None:
        """The client knows this epoch once it has the event with the present number."""
        self._epochs.append((self.seq, epoch))

    def missed(self, last_seq: int) -> list[bytes] | None:
        """The events after `last_seq`; None when some of them are no longer kept."""
        count = self.seq - last_seq
        if count < 0 or count > len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - count :]

    def restart(self, last_seq: int) -> int:
        """Forget everything after `last_seq` and number on from there, so that a snapshot makes no gap;
        returns the last epoch the client knows, -1 when none."""
        self._kept.clear()
        self._bytes = 0
        self._epochs = deque(((s, e) for s, e in self._epochs if s <= last_seq), maxlen=self._epochs.maxlen)
        self.seq = last_seq
        self._snapshot = True
        return max((epoch for _, epoch in self._epochs), default=-1)

    def attach(self, sink: Sink) -> None:
        """Send to this socket from now on."""
        self._sink = sink
        self._snapshot = False

    def release(self) -> None:
        """Send to nobody until the next `attach`; the end of the old socket then says nothing."""
        self._sink = None

    def detach(self, sink: Sink) -> bool:
        """The socket is gone; False when another one has taken its place."""
        if self._sink != sink:
            return False
        self._sink = None
        return True
