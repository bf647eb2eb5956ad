"""Checks that generated files say what their generator says now."""

from __future__ import annotations

import subprocess
import sys

from scripts.checks.sources import ROOT, report

GENERATED = {
    "web/packages/client/src/generated/wire.ts": "from core.wire.typescript import render",
    "docs/protocol.md": "from scripts.protocol import render",
}
"""File → the import that brings `render() -> str`."""


def main() -> int:
    """Renders each file anew and compares."""
    findings = []
    for name, source in GENERATED.items():
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; {source}; sys.stdout.write(render())"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        path = ROOT / name
        if done.returncode:
            findings.append(f"{name}: its generator failed: {done.stderr.strip().splitlines()[-1]}")
        elif not path.is_file() or path.read_text() != done.stdout:
            findings.append(
                f"{name} is not what its generator writes; run scripts/generate-wire or scripts/protocol.py"
            )
    return report("generated", findings)


if __name__ == "__main__":
    sys.exit(main())
