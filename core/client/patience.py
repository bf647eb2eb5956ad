"""How long, and how often, a participant tries to come in anew.

Each attempt is an addition and a removal for the whole meeting. So time and pauses start afresh only after a
stay in which media flowed: where a network blocks media, every stay joins the group and is worth nothing, and
would otherwise be followed by the next without end.
"""

from __future__ import annotations

import secrets

from core.ports import Clock

RETURN_S = 120
"""How long we try to come in anew: a restart takes seconds, an update of the machine a minute or two."""

RETURN_FIRST_S, RETURN_LONGEST_S = 0.25, 4.0
"""Between attempts, doubling, as in the browser; the random half spreads those whom a node has lost."""


class Patience:
    """Counts from the first `another` after it was made or renewed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """A stay was worth something."""
        self._deadline: float | None = None
        self._pause = RETURN_FIRST_S

    def at_least(self, seconds: float) -> None:
        """The node asks to be left alone for a while; believed up to the longest pause."""
        self._pause = max(self._pause, min(seconds, RETURN_LONGEST_S))

    async def another(self) -> bool:
        """Returns when it is time for the next attempt: False when there is none any more."""
        now = self._clock.monotonic()
        if self._deadline is None:
            self._deadline = now + RETURN_S
        if now >= self._deadline:
            return False
        await self._clock.sleep(self._pause * (0.5 + secrets.randbelow(1_000) / 1_000))
        self._pause = min(2 * self._pause, RETURN_LONGEST_S)
        return True
