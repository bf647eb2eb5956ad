"""Runs every check that needs no running program, and says at the end which ones were not content.

All of them run even when one fails: a person mends several things at once. Output of a check that passes is
not shown.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PY = ".venv/bin/python"

CHECKS: dict[str, tuple[str, ...]] = {
    "ruff": (".venv/bin/ruff", "check", "."),
    "mypy": (PY, "-m", "mypy"),
    "imports": (".venv/bin/lint-imports", "--no-cache"),
    "clock": (PY, "-m", "scripts.checks.clock_reads"),
    "sizes": (PY, "-m", "scripts.checks.file_sizes"),
    "unfinished": (PY, "-m", "scripts.checks.unfinished"),
    "locks": (PY, "-m", "scripts.checks.locks"),
    "docs": (PY, "-m", "scripts.checks.docs"),
    "dependencies": (PY, "-m", "scripts.checks.dependencies"),
    "generated": (PY, "-m", "scripts.checks.generated"),
    "rustfmt": ("cargo", "fmt", "--all", "--check"),
    "clippy": (
        "cargo",
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ),
    "tsc-sdk": ("npm", "run", "--silent", "--prefix", "web", "typecheck", "--workspace", "@entente/client"),
    "tsc-app": ("npm", "run", "--silent", "--prefix", "web", "typecheck", "--workspace", "@entente/app"),
    "oxlint": (
        "web/node_modules/.bin/oxlint",
        "--config",
        "web/.oxlintrc.json",
        "--deny-warnings",
        "web/packages",
    ),
}


def run(name: str) -> bool:
    """Runs one check; its output is shown only when it fails."""
    started = time.monotonic()
    done = subprocess.run(CHECKS[name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name:12} {verdict:7} {time.monotonic() - started:6.1f} s", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def main() -> int:
    """`check.py [NAME …]`: all checks, or those named."""
    wanted = sys.argv[1:] or list(CHECKS)
    failed = [name for name in wanted if not run(name)]
    named = f": {', '.join(failed)}" if failed else ""
    print(f"\nchecks: {len(wanted) - len(failed)} content, {len(failed)} not{named}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
