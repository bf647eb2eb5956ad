"""Tries of a room's PIN: each is counted before it is checked, so that many at once are no way around."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from core.errors import UserError
from core.ports import Clock
from core.tenants.pin import pin_matches
from core.values import Room
from gateway.limits import KEYS_KEPT

OF_ADDRESS = (5, 60.0)
"""Wrong tries of one address at one room, and the seconds they count: a person needs two or three."""
OF_ROOM = (60, 3600.0)
"""Of everybody at one room: six digits then take a year to guess for even odds. Higher shortens that, lower
lets somebody at many addresses keep a room's guests out more cheaply."""


class PinTries:
    """`check` says whether a PIN is right. UserError `rate_limited` when there were too many wrong ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    async def check(self, room: Room, address: str, pin: str) -> bool:
        """Whether it is the room's; a right one gives its try back."""
        assert room.pin is not None
        keys = ((f"{room.id} {address}", OF_ADDRESS), (room.id, OF_ROOM))
        now = self._clock.monotonic()
        for key, (most, seconds) in keys:
            tries = self._recent(key, now - seconds)
            if len(tries) >= most:
                raise UserError("rate_limited", retry_after=round(tries[0] + seconds - now, 1))
        for key, _ in keys:
            self._wrong.setdefault(key, deque()).append(now)
        self._forget()
        right = await asyncio.to_thread(pin_matches, room.pin, pin)
        if right:
            for key, _ in keys:
                if now in (tries := self._wrong.get(key, deque())):
                    tries.remove(now)
        return right

    def _recent(self, key: str, since: float) -> deque[float]:
        tries = self._wrong.get(key, deque())
        while tries and tries[0] <= since:
            tries.popleft()
        if key in self._wrong:
            self._wrong.move_to_end(key)
        return tries

    def _forget(self) -> None:
        """The longest unused first; rooms are looked at with each try, so those of an attack stay."""
        while len(self._wrong) > KEYS_KEPT:
            self._wrong.popitem(last=False)
