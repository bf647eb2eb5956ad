"""Refuses source files past 900 lines, tests within a Rust file not counted.

Files that absorb every feature are how such projects become unreadable: 200 lines is a good file, 600 a
large one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.checks.sources import ROOT, report, tracked

LIMIT = 900
SOURCES = ("*.py", "*.rs", "*.ts", "*.tsx", "*.css", "*.mjs")
GENERATED = "/generated/"


def length(path: Path, text: str) -> int:
    """Lines of a file; in Rust up to its test module."""
    lines = text.splitlines()
    if path.suffix == ".rs":
        for number, line in enumerate(lines):
            if line.strip() == "#[cfg(test)]":
                return number
    return len(lines)


def main() -> int:
    """Checks every source file that nobody generates."""
    findings = [
        f"{path}: {lines} lines, and {LIMIT} is the end; split it by idea"
        for path in tracked(*SOURCES)
        if GENERATED not in f"/{path}" and (lines := length(path, (ROOT / path).read_text())) > LIMIT
    ]
    return report("sizes", findings)


if __name__ == "__main__":
    sys.exit(main())
