"""Refuses clock reads outside the places that own a clock.

Time is an argument everywhere else, so that simulations run in virtual time and a failing run can be
repeated.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.checks.sources import ROOT, report, tracked

READS = {
    ".py": re.compile(
        r"\btime\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns)\("
        r"|\bdatetime\.(datetime\.)?(now|utcnow|today)\(|\bdate\.today\(|\bloop\(?\)?\.time\(\)"
        r"|\bfrom time import"
    ),
    ".rs": re.compile(r"\b(Instant|SystemTime|OffsetDateTime|Utc|Local)::now(_utc)?\("),
    ".ts": re.compile(r"\bDate\.now\(|\bperformance\.now\(|\bnew Date\(\)"),
    ".tsx": re.compile(r"\bDate\.now\(|\bperformance\.now\(|\bnew Date\(\)"),
}

OWNERS = (
    "gateway/system.py",  # the Clock port's real side in a node
    "gateway/signer_main.py",  # a process of its own
    "core/client/clock.py",  # and in a headless participant
    "crates/udp/",  # the thread around the engine reads the monotonic clock once for each wake-up
    "crates/python/",  # starts that thread
    "web/packages/client/src/clock.ts",
    "web/packages/app/src/clock.ts",
    "scripts/",
    "bench/",
    "tests/",
)

INSIDE_TESTS = re.compile(r"(^|/)(tests?|e2e|bench|benches|examples)/|\.test\.tsx?$|_test\.py$|/tests?\.rs$")


def findings_in(path: Path, text: str) -> Iterator[str]:
    """Lines that read a clock. What follows `#[cfg(test)]` in a Rust file is a test and may."""
    pattern = READS[path.suffix]
    for number, line in enumerate(text.splitlines(), 1):
        if path.suffix == ".rs" and "#[cfg(test)]" in line:
            return
        code = line.split("//")[0] if path.suffix != ".py" else line.split("#")[0]
        if pattern.search(code):
            yield f"{path}:{number}: reads a clock; take the time as an argument: {line.strip()}"


def is_owner(path: Path) -> bool:
    """Whether this file may read a clock."""
    name = str(path)
    return name.startswith(OWNERS) or INSIDE_TESTS.search(name) is not None


def main() -> int:
    """Checks every source file that does not own a clock."""
    findings = [
        finding
        for path in tracked("*.py", "*.rs", "*.ts", "*.tsx")
        if not is_owner(path)
        for finding in findings_in(path, (ROOT / path).read_text())
    ]
    return report("clock", findings)


if __name__ == "__main__":
    sys.exit(main())
