"""Runs every test suite, one after another, and ends with one line that counts them all.

The suites are cargo's, pytest's, vitest's, and those that node's own runner holds in real browsers. Each
streams its output; afterwards a table says what each took, since a slow suite is the first thing one wants
to know about.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Suite:
    """A command, where it runs, and the patterns of its summary's passed and failed counts."""

    name: str
    command: tuple[str, ...]
    folder: Path
    passed: str
    failed: str


@dataclass(frozen=True)
class Outcome:
    """What a suite reported. A suite that breaks without a count is one failure, never none."""

    name: str
    passed: int
    failed: int
    seconds: float


CARGO = (r"^test result: .*?(\d+) passed", r"^test result: .*?(\d+) failed")
PYTEST = (r"(\d+) passed", r"(\d+) (?:failed|error)")
VITEST = (r"^\s*Tests .*?(\d+) passed", r"^\s*Tests .*?(\d+) failed")
TAP = (r"^# pass (\d+)", r"^# fail (\d+)")

NODE = ("node", "--test", "--test-reporter=tap", "--test-concurrency=1", "--test-timeout=600000")
"""One file after another: each starts browsers, and their pictures need the processor to themselves."""

WEB = ROOT / "web"
CLIENT = WEB / "packages" / "client"


def files(pattern: str) -> tuple[str, ...]:
    """Test files by pattern, from the root."""
    return tuple(str(path) for path in sorted(ROOT.glob(pattern)))


SUITES = (
    Suite(
        "rust",
        (
            "cargo",
            "test",
            "--workspace",
            "--exclude",
            "entente-wasm",
            "--exclude",
            "entente-python",
            "--quiet",
        ),
        ROOT,
        *CARGO,
    ),
    Suite("python", (".venv/bin/python", "-m", "pytest"), ROOT, *PYTEST),
    Suite("sdk", ("npm", "test", "--silent", "--workspace", "@entente/client"), WEB, *VITEST),
    Suite("app", ("npm", "test", "--silent", "--workspace", "@entente/app"), WEB, *VITEST),
    Suite("sdk-browsers", (*NODE, *files("web/packages/client/e2e/*.test.mjs")), CLIENT, *TAP),
    Suite("browsers", (*NODE, *files("tests/e2e/*/*.test.mjs")), ROOT, *TAP),
)


def count(pattern: str, lines: list[str]) -> int:
    """Adds up the numbers that a pattern finds, one per line."""
    return sum(int(match[1]) for line in lines if (match := re.search(pattern, line)))


def summary_lines(suite: Suite, lines: list[str]) -> list[str]:
    """The lines that may be counted: pytest prints one, at the end; the others print one for each binary."""
    return lines[-1:] if suite.name == "python" else lines


def run(suite: Suite) -> Outcome:
    """Runs one suite with its output passed through."""
    print(f"\n== {suite.name}", flush=True)
    started = time.monotonic()
    lines: list[str] = []
    with subprocess.Popen(
        suite.command,
        cwd=suite.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.strip():
                lines.append(ANSI.sub("", line.rstrip()))
        code = process.wait()
    counted = summary_lines(suite, lines)
    passed, failed = count(suite.passed, counted), count(suite.failed, counted)
    if code and not failed:
        failed = 1
    return Outcome(suite.name, passed, failed, time.monotonic() - started)


def main() -> int:
    """`suites.py [NAME …]`: all suites, or those named."""
    wanted = sys.argv[1:] or [suite.name for suite in SUITES]
    outcomes = [run(suite) for suite in SUITES if suite.name in wanted]
    print()
    for outcome in outcomes:
        print(
            f"{outcome.name:13} {outcome.passed:5} passed {outcome.failed:4} failed {outcome.seconds:7.1f} s"
        )
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
