"""One figure, as `bench/results/latest.json` and every later file of figures write it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """A median (or the quantile its name says) with the 10-90 % range of its runs."""

    name: str
    value: float
    unit: str
    goal: float | None
    better: Literal["lower", "higher"]
    runs: int
    low: float
    high: float


def of_runs(name: str, unit: str, runs: Sequence[float], goal: float | None = None) -> Figure:
    """The median of runs where less is better, to three digits."""
    ordered = sorted(runs)
    if not ordered:
        raise ValueError(f"{name}: no runs")

    def at(share: float) -> float:
        return float(f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.3g}")

    return Figure(name, at(0.5), unit, goal, "lower", len(ordered), at(0.1), at(0.9))


def quantile(name: str, unit: str, runs: Sequence[float], share: float, goal: float | None = None) -> Figure:
    """This share of runs is below it; the range is of all runs as in `of_runs`."""
    middle, ordered = of_runs(name, unit, runs, goal), sorted(runs)
    return replace(middle, value=float(f"{ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.3g}"))


def output(*command: str, folder: Path = ROOT) -> str:
    """What a program prints; its progress goes to our standard error."""
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
