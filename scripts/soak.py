"""Runs what is too big for every day, each part bounded in count and time, and writes what came out.

The last result stands in bench/results/soak.json with its machine and commit: it is evidence that the long
things were run, not a figure to compare. A part that fails is named and leaves the others alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.run import machine  # noqa: E402 - found once the root is on the path

RESULT = ROOT / "bench" / "results" / "soak.json"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
BUILD_S = 900
"""A test executable from an empty cache on two cores."""

SEED_S = 120
"""One seed; the slowest, a history of a meeting, takes three seconds."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the defaults take a quarter of an hour on two cores."""

    storm: int
    rounds: int
    seconds: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What one part did."""

    name: str
    passed: bool
    seconds: float
    summary: str


def run(*command: str, seconds: float, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command's result with both outputs as one; one that takes too long has failed, and whatever it has
    started ends with it."""
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, f"took longer than {seconds:.0f} s", "")
        finally:
            # Also after an interrupt, which does not reach a session of its own.
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(command, process.returncode, said, "")


def last_line(text: str) -> str:
    """What a program said at the end."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def one(*command: str, seconds: float) -> tuple[bool, str]:
    """A part that is one command and sums itself up in its last line."""
    done = run(*command, seconds=seconds)
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0, last_line(done.stdout)


def seeds(sizes: Sizes, *command: str) -> tuple[bool, str]:
    """Plays fresh seeds until time is over; each failing one is named, to be played alone again."""
    dice = random.Random(sizes.seed)  # noqa: S311 - chosen to be repeated
    until = time.monotonic() + sizes.seconds
    played = 0
    failed: list[int] = []
    while time.monotonic() < until and len(failed) < 5:
        seed = dice.randrange(1 << 32)
        done = run(*command, seconds=SEED_S, ENTENTE_SEED=str(seed))
        played += 1
        if done.returncode:
            failed.append(seed)
            print(f"ENTENTE_SEED={seed} {' '.join(command)}\n{done.stdout[-2000:]}", flush=True)
    return played > 0 and not failed, f"{played} seeds from {sizes.seed}, failed: {failed or 'none'}"


def executable(package: str, test: str) -> str:
    """Builds one of cargo's test executables; its path."""
    done = subprocess.run(
        ["cargo", "test", "--package", package, "--test", test, "--no-run", "--message-format=json"],
        cwd=ROOT, check=True, timeout=BUILD_S, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(str(line["executable"]) for line in reversed(lines) if line.get("executable"))


def storm(sizes: Sizes) -> tuple[bool, str]:
    """Everybody joins at once, in virtual time."""
    return one(PYTHON, "-m", "tests.soak.storm", str(sizes.storm), seconds=300)


def joins(sizes: Sizes) -> tuple[bool, str]:
    """Meetings one after another on one node, and its memory."""
    rounds = ("--rounds", str(sizes.rounds), "--seconds", str(3 * sizes.seconds))
    return one(PYTHON, "-m", "tests.soak.joins", *rounds, seconds=600)


def fuzz(sizes: Sizes) -> tuple[bool, str]:
    """Every fuzz target under fresh seeds."""
    return seeds(sizes, executable("entente-fuzz", "seeded"))


def simulation(sizes: Sizes) -> tuple[bool, str]:
    """Media over networks that lose and reorder, under fresh seeds."""
    return seeds(sizes, executable("entente-media", "simulation"))


def histories(sizes: Sizes) -> tuple[bool, str]:
    """Whole meetings with members, cuts and a failing store, under fresh seeds."""
    return seeds(sizes, PYTHON, "-m", "pytest", "-q", "tests/sim/test_meeting_histories.py")


def wheel(_: Sizes) -> tuple[bool, str]:
    """The wheel, far from this repository."""
    profile = "dev" if os.environ.get("ENTENTE_PROFILE") == "dev" else "release"
    return one(PYTHON, "scripts/wheel.py", "--profile", profile, seconds=BUILD_S)


def mutants(_: Sizes) -> tuple[bool, str]:
    """Every guard of the encryption turned off once."""
    return one("python3", "scripts/mutants", seconds=BUILD_S)


PARTS: dict[str, Callable[[Sizes], tuple[bool, str]]] = {
    part.__name__: part for part in (storm, joins, fuzz, simulation, histories, wheel, mutants)
}


def perform(name: str, sizes: Sizes) -> Outcome:
    """One part, whatever it does."""
    print(f"{name} …", flush=True)
    began = time.monotonic()
    try:
        passed, summary = PARTS[name](sizes)
    except (subprocess.SubprocessError, OSError, StopIteration) as trouble:
        passed, summary = False, f"{type(trouble).__name__}: {trouble}"
    outcome = Outcome(name, passed, round(time.monotonic() - began, 1), summary)
    print(f"{name:10} {'passed' if passed else 'FAILED'} {outcome.seconds:7.1f} s  {summary}", flush=True)
    return outcome


def merged(outcomes: list[Outcome], facts: dict[str, object]) -> list[dict[str, object]]:
    """The parts of this run with their commit, and those of earlier runs that it did not repeat."""
    known = json.loads(RESULT.read_text())["parts"] if RESULT.exists() else []
    now = {outcome.name: {**asdict(outcome), **facts} for outcome in outcomes}
    kept = {part["name"]: part for part in known if part["name"] in PARTS}
    return [(kept | now)[name] for name in PARTS if name in kept | now]


def main() -> int:
    """`soak.py [PART …]`: all parts, or those named; 1 when one failed."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    flags.add_argument("--storm", type=int, default=300, help="people in the storm")
    flags.add_argument("--rounds", type=int, default=60, help="meetings one after another on one node")
    flags.add_argument("--seconds", type=float, default=60, help="of each part that plays seeds")
    flags.add_argument("--seed", type=int, default=int(time.time()), help="of the seeds")
    asked = flags.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        flags.error(f"there is no part {', '.join(sorted(unknown))}")
    sizes = Sizes(min(asked.storm, 300), min(asked.rounds, 1_000), min(asked.seconds, 3_600), asked.seed)
    measured_on = machine()
    outcomes = [perform(name, sizes) for name in asked.parts or PARTS]
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    parts = merged(outcomes, {"machine": measured_on, "commit": commit, "sizes": asdict(sizes)})
    RESULT.write_text(json.dumps({"machine": measured_on, "commit": commit, "parts": parts}, indent=1) + "\n")
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    passed = len(outcomes) - len(failed)
    print(f"\n{passed} passed, {len(failed)} failed. Written to {RESULT}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
