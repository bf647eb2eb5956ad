"""Checks that docs/dependencies.md has a line for every direct dependency.

A dependency is a promise to follow somebody else's work; one should once have thought about it.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from scripts.checks.sources import ROOT, report, tracked

KINDS = ("dependencies", "dev-dependencies", "build-dependencies")


def of_crate(table: dict[str, Any]) -> Iterator[str]:
    """Crates that a Cargo.toml asks for, under the names they are published by."""
    for kind in KINDS:
        for name, wanted in table.get(kind, {}).items():
            yield wanted.get("package", name) if isinstance(wanted, dict) else name
    for target in table.get("target", {}).values():
        yield from of_crate(target)


def of_project(table: dict[str, Any]) -> Iterator[str]:
    """Packages that pyproject.toml asks for."""
    lists = [table["project"]["dependencies"], *table["dependency-groups"].values()]
    lists += table["project"]["optional-dependencies"].values()
    for wanted in (item for each in lists for item in each):
        if match := re.match(r"[A-Za-z0-9._-]+", wanted):
            yield match[0]


def of_package(table: dict[str, Any]) -> Iterator[str]:
    """Packages that a package.json asks for."""
    yield from table.get("dependencies", {})
    yield from table.get("devDependencies", {})


def wanted() -> set[str]:
    """Everything the three worlds ask for, less what is ours."""
    names: set[str] = set()
    for path in tracked("Cargo.toml", "crates/*/Cargo.toml", "bench/*/Cargo.toml"):
        names |= set(of_crate(tomllib.loads((ROOT / path).read_text())))
    names |= set(of_project(tomllib.loads((ROOT / "pyproject.toml").read_text())))
    for path in tracked("web/package.json", "web/packages/*/package.json"):
        names |= set(of_package(json.loads((ROOT / path).read_text())))
    return {name for name in names if not name.startswith(("entente", "@entente/"))}


def main() -> int:
    """Compares what is wanted with the first column of the page's tables."""
    page = (ROOT / "docs/dependencies.md").read_text()
    named = {match.lower() for match in re.findall(r"^\| ([\w@/.-]+) \|", page, re.MULTILINE)}
    missing = sorted(name for name in wanted() if name.lower() not in named)
    findings = [f"docs/dependencies.md has no line for {name}" for name in missing]
    return report("dependencies", findings)


if __name__ == "__main__":
    sys.exit(main())
