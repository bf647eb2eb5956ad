"""All rooms of this node: places new ones on the least loaded worker and hands each event to its room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from itertools import count

from core.errors import MediaQueueFull, UserError
from core.ports import Clock, MediaNode, Rng
from core.sfu.room import RoomOutput, SfuRoom

log = logging.getLogger("entente.sfu")

SEATING = 0.05
"""Seconds between two seatings of a room: what comes meanwhile goes together. Seating everybody of 150
takes twice as long, and a person who is seated this much later does not notice."""
FULL = 0.6
"""Load of a worker's thread from which it takes no new meeting (M5.3)."""


class Sfu:
    """Order of calls: `open_room`, its methods, `close_room`; `run` as a task reads the engine's events and
    seats people after each change."""

    def __init__(self, media: MediaNode, rng: Rng, clock: Clock) -> None:
        self._media = media
        self._rng = rng
        self._rooms: dict[int, SfuRoom] = {}
        self._closing: list[SfuRoom] = []
        self._clock = clock
        self._touched: set[int] = set()
        self._some = asyncio.Event()
        self._room_ids = count(1)
        self._peer_ids = count(1)
        self._load = dict.fromkeys(range(media.workers), 0.0)

    def open_room(self, output: RoomOutput, codec: str = "vp8") -> SfuRoom:
        """A room on the least loaded worker. UserError `media_unavailable` when none has room left."""
        rooms = dict.fromkeys(self._load, 0)
        for room in self._rooms.values():
            rooms[room.worker] += 1
        worker = min(self._load, key=lambda w: (self._load[w], rooms[w], w), default=None)
        if worker is None or self._load[worker] >= FULL:
            raise UserError("media_unavailable", retry_after=10)
        room_id = next(self._room_ids)
        try:
            room = SfuRoom(
                room_id, worker, codec, self._media, self._rng, output, lambda: self._touch(room_id)
            )
        except MediaQueueFull:
            raise UserError("media_unavailable", retry_after=10) from None
        self._rooms[room_id] = room
        return room

    def next_peer(self) -> int:
        """An id no peer of this node has had."""
        return next(self._peer_ids)

    def close_room(self, room: SfuRoom) -> None:
        """The meeting is over."""
        if self._rooms.pop(room.room, None) is not None and not room.close():
            self._closing.append(room)

    async def run(self) -> None:
        """Hand on events until the engine closes."""
        seating = asyncio.create_task(self._keep_seated(), name="seating")
        try:
            async for worker, event in self._media.events():
                for kind, fields in event.items():
                    try:
                        if isinstance(fields, dict):
                            self._handle(worker, kind, fields)
                    except Exception:
                        # One room's trouble must not end the reading of everybody's events.
                        log.exception("an event of kind %s failed", kind)
        finally:
            seating.cancel()
            await asyncio.gather(seating, return_exceptions=True)
            self._flush()

    async def _keep_seated(self) -> None:
        """At once after a quiet time, else once in `SEATING`."""
        while True:
            await self._some.wait()
            self._flush()
            await self._clock.sleep(SEATING)

    def _handle(self, worker: int, kind: str, fields: Mapping[str, object]) -> None:
        if kind == "stats":
            load = fields.get("load")
            self._load[worker] = float(load) if isinstance(load, int | float) else 0.0
            self._closing = [room for room in self._closing if not room.close()]
            for room in self._rooms.values():
                if room.worker == worker:
                    room.catch_up()
            return
        if kind == "overflow":
            for room in self._rooms.values():
                if room.worker == worker:
                    room.resynchronise()
            return
        number, peer = fields.get("room"), fields.get("peer")
        for room in self._rooms.values():
            if room.worker == worker and (room.room == number or (isinstance(peer, int) and room.owns(peer))):
                room.handle(kind, fields)

    def _touch(self, room: int) -> None:
        self._touched.add(room)
        self._some.set()

    def _flush(self) -> None:
        """Seat the people of each room that something has touched."""
        self._some.clear()
        touched, self._touched = self._touched, set()
        for number in sorted(touched):
            room = self._rooms.get(number)
            if room is not None:
                try:
                    room.flush()
                except Exception:
                    # One room's trouble must not leave the others unseated.
                    log.exception("a room could not be seated")
