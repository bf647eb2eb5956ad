"""`make bench`: runs every measurement, prints one table and writes bench/results/latest.json.

A measurement is a function that yields figures; a program of another language prints them as a JSON array or
a table. One that fails is named and leaves the others alone, because half a table is worth more than none.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from bench.figure import ROOT, Figure, of_runs, output
from bench.mls import mls
from bench.packets import forwarding, openssl, packets
from bench.revocation import revocation
from bench.store import store

RESULTS = ROOT / "bench" / "results" / "latest.json"
STORM_MEMBERS = 300
STORM_RUNS = 3


def storm() -> Iterator[Figure]:
    """Everybody joins at once, members and hub on one core, in virtual time: seconds of work."""
    from tests.soak.storm import storm as one_storm

    work, hub = [], []
    for _ in range(STORM_RUNS):
        with tempfile.TemporaryDirectory() as folder:
            result = asyncio.run(one_storm(Path(folder), STORM_MEMBERS))
        work.append(result.work)
        hub.append(result.hub)
    for name, runs in (("all work", work), ("the hub's native calls", hub)):
        yield of_runs(f"join storm of {STORM_MEMBERS}, {name}", "s", runs)


def browser() -> Iterator[Figure]:
    """Sealing in Chromium's Worker, and the time from joining to the first decrypted frame."""
    folder = ROOT / "web" / "packages" / "client"
    for line in json.loads(output("node", "bench/figures.mjs", folder=folder)):
        yield Figure(**line)


MEASUREMENTS: tuple[Callable[[], Iterator[Figure]], ...] = (
    openssl,
    forwarding,
    packets,
    mls,
    storm,
    revocation,
    store,
    browser,
)


def machine() -> dict[str, object]:
    """What the figures were measured on; a figure without it says nothing."""
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", text)
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def main() -> int:
    """`run.py [NAME …]`: all measurements, or those named."""
    measured_on = machine()
    figures: list[Figure] = []
    failed = []
    for measure in MEASUREMENTS:
        if sys.argv[1:] and measure.__name__ not in sys.argv[1:]:
            continue
        print(f"{measure.__name__} …", flush=True)
        try:
            figures += measure()
        except (subprocess.CalledProcessError, AssertionError, ValueError) as trouble:
            failed.append(measure.__name__)
            print(f"{measure.__name__} failed: {trouble}", file=sys.stderr)
    print(f"\n{'figure':62} {'value':>10} {'unit':5} {'goal':>8}  10-90 %")
    for figure in figures:
        goal = "" if figure.goal is None else f"{figure.goal:g}"
        print(
            f"{figure.name:62} {figure.value:10.4g} {figure.unit:5} {goal:>8}  {figure.low:g}-{figure.high:g}"
        )
    commit = output("git", "rev-parse", "HEAD").strip()
    rows = [asdict(figure) for figure in figures]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(
        json.dumps({"machine": measured_on, "commit": commit, "figures": rows}, indent=2) + "\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
