"""Refuses promises left in code and tests that do not run.

Such things are kept in docs/roadmap.md, or kept.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scripts.checks.sources import ROOT, report, tracked

PROMISES = re.compile(
    r"\b(TODO|FIXME|XXX)\b|NotImplementedError|\btodo!\(|\bunimplemented!\("
    r"|pytest\.mark\.(skip|xfail)|pytest\.skip\(|#\[ignore|\b(it|test|describe)\.(skip|todo|only)\b"
)
HERE = Path("scripts/checks/unfinished.py")


def promise_in(line: str) -> bool:
    """Whether a line promises what it does not do."""
    return PROMISES.search(line) is not None


def main() -> int:
    """Checks every source file but this one, and its test, which have to name what they look for."""
    findings = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in tracked("*.py", "*.rs", "*.ts", "*.tsx", "*.mjs")
        if path != HERE and path.name != "test_checks.py"
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if promise_in(line)
    ]
    return report("unfinished", findings)


if __name__ == "__main__":
    sys.exit(main())
