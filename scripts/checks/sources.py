"""Which files a check reads.

What git tracks, plus what it would track, so that a check sees a file before its commit.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> Iterator[Path]:
    """Paths relative to the root that match git's patterns and exist, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in sorted(set(filter(None, listed.split("\0")))):
        if (ROOT / name).is_file():
            yield Path(name)


def report(check: str, findings: list[str]) -> int:
    """Prints findings and returns the exit status."""
    for finding in findings:
        print(finding)
    if findings:
        print(f"{check}: {len(findings)} finding(s)")
    return 1 if findings else 0
