"""What a delivered packet costs the real worker (its whole process), the raw floor, and openssl's cipher."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bench.figure import Figure, of_runs, output

GOALS = {"video": 1.5, "microphone": 2.0}
"""Times the floor."""

LOST = 0.001
"""A run that loses more of its packets than this measured something else."""

FORWARDED = re.compile(r"^(\w+)\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+(\d+)$", re.MULTILINE)
FORWARD_RUNS = 11
SPEED = re.compile(r"^AES-256-GCM\s+([\d.]+)k", re.MULTILINE)
SPEED_RUNS = 3
SIZES = (120, 1150)


def forwarding() -> Iterator[Figure]:
    """What the forwarder alone takes for a delivered packet: no keys, no sockets."""
    table = output(
        "cargo", "run", "--release", "--quiet", "--package", "entente-media", "--example", "forward"
    )
    for media, receivers, median, low, high, _ in FORWARDED.findall(table):
        name = f"forwarder alone, {media}, 1 to {receivers}, per delivered packet"
        yield Figure(name, float(median), "ns", None, "lower", FORWARD_RUNS, float(low), float(high))


def openssl() -> Iterator[Figure]:
    """The cipher alone, in a library that is not the floor's: what the floor's time stands beside."""
    for size in SIZES:
        runs = []
        for _ in range(SPEED_RUNS):
            said = output(
                "openssl", "speed", "-seconds", "1", "-bytes", str(size), "-evp", "aes-256-gcm"
            )
            if (found := SPEED.search(said)) is None:
                raise ValueError("openssl speed says something else")
            runs.append(size * 1e9 / (float(found[1]) * 1000))
        yield of_runs(f"openssl speed aes-256-gcm, {size} B", "ns", runs)


def packets() -> Iterator[Figure]:
    """Alternating windows of three seconds, floor and worker, 1 to N, hot loop and paced as recorded."""
    output("cargo", "build", "--release", "--quiet", "-p", "entente-floor", "-p", "entente-load")
    for line in output("target/release/entente-load").splitlines():
        yield from compared(json.loads(line))


def compared(row: dict[str, Any]) -> Iterator[Figure]:
    """The figures of one number of receivers at one pace."""
    floor, worker = row["floor"], row["worker"]
    for window in (*floor, *worker):
        if window["lost"] > LOST * window["delivered"]:
            raise ValueError(f"{window['lost']} packets were lost beside {window['delivered']}")
    what = f"{row['media']} {row['pace']}, 1 to {row['receivers']}"
    ratios = [ours["ns"] / raw["ns"] for raw, ours in zip(floor, worker, strict=True)]
    yield of_runs(f"{what}: worker by floor", "x", ratios, GOALS[row["media"]])
    for name, windows in (("worker", worker), ("floor", floor)):
        yield of_runs(f"{what}: {name}", "ns", [window["ns"] for window in windows])
    # Beside each figure of speed (M1.4): a tick of 2 ms gathers what one of 0 serves packet by packet.
    yield of_runs(f"{what}: worker's tick", "µs", [window["tick_us"] for window in worker])
