"""Seeded randomness: the same bytes in every run, the seed named in the failure."""

from __future__ import annotations

import random


class SeededRng:
    """`core.ports.Rng` from a seed; never for anything but tests."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        """`count` bytes."""
        return self._random.randbytes(count)

    def below(self, bound: int) -> int:
        """An integer in [0, bound)."""
        return self._random.randrange(bound)

    def __repr__(self) -> str:
        """The seed, so that a failing test prints it."""
        return f"SeededRng({self.seed})"
