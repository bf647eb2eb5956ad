"""Checks the three locks.

They name no registry host, every Python package has hashes, and each agrees with what asks for it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

from scripts.checks.sources import ROOT, report

CRATES_IO = 'source = "registry+https://github.com/rust-lang/crates.io-index"'


def python_findings(text: str) -> list[str]:
    """What is wrong with requirements.lock."""
    findings = [
        f"requirements.lock:{number}: names a host: {line}"
        for number, line in enumerate(text.splitlines(), 1)
        if "://" in line
    ]
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if "==" in block and "--hash=sha256:" not in block:
            findings.append(f"requirements.lock: no hash for {block.split()[0]}")
    return findings


def missing_from_lock(text: str, project: str) -> list[str]:
    """Direct dependencies of pyproject.toml that the lock does not pin."""
    table = tomllib.loads(project)
    wanted = [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]
    for extra in table["project"]["optional-dependencies"].values():
        wanted += extra
    pinned = {
        name.lower().replace("_", "-") for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    }
    names = {
        match[0].lower().replace("_", "-") for item in wanted if (match := re.match(r"[A-Za-z0-9._-]+", item))
    }
    return [f"requirements.lock: {name} is missing; run `make lock`" for name in sorted(names - pinned)]


def npm_findings(text: str) -> list[str]:
    """Addresses in package-lock.json: npm resolves names by its own configuration."""
    packages = json.loads(text)["packages"]
    return [
        f"web/package-lock.json: {name} names {entry['resolved']}"
        for name, entry in packages.items()
        if "://" in entry.get("resolved", "")
    ]


def cargo_findings(text: str) -> list[str]:
    """Sources in Cargo.lock other than crates.io: that names a registry, not a mirror."""
    return [
        f"Cargo.lock:{number}: {line}"
        for number, line in enumerate(text.splitlines(), 1)
        if line.startswith("source = ") and line != CRATES_IO
    ]


def main() -> int:
    """Checks all three, and lets cargo say whether its lock is complete."""
    lock = (ROOT / "requirements.lock").read_text()
    findings = python_findings(lock) + missing_from_lock(lock, (ROOT / "pyproject.toml").read_text())
    findings += npm_findings((ROOT / "web/package-lock.json").read_text())
    findings += cargo_findings((ROOT / "Cargo.lock").read_text())
    complete = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"], cwd=ROOT, capture_output=True, text=True
    )
    if complete.returncode:
        findings.append(f"Cargo.lock: {complete.stderr.strip().splitlines()[-1]}")
    return report("locks", findings)


if __name__ == "__main__":
    sys.exit(main())
