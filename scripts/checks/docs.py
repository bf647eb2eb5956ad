"""Checks the documents: every link and path leads somewhere, every `make` target and rule number exists.

A document that names what is gone is worse than none, since people trust it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.checks.sources import ROOT, report, tracked

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
RULE = re.compile(r"(?<![\"'\w])([KM])(\d{1,2})\.(\d{1,2})\b")
FENCE = re.compile(r"^```", re.MULTILINE)
FOLDERS = (
    "core/",
    "crates/",
    "gateway/",
    "cli/",
    "observability/",
    "web/",
    "tests/",
    "bench/",
    "scripts/",
    "docs/",
    "deploy/",
    ".ci/",
)
PLANNED = Path("docs/design.md")
"""The design names folders that come later; the roadmap says when."""


def anchors(text: str) -> set[str]:
    """GitHub's anchors of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def link_findings(path: Path, text: str) -> Iterator[str]:
    """Relative links whose file or heading is not there."""
    for target in LINK.findall(text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        page = (ROOT / path).parent / name if name else ROOT / path
        if not page.exists():
            yield f"{path}: link to {target}, which is not there"
        elif anchor and page.suffix == ".md" and anchor not in anchors(page.read_text()):
            yield f"{path}: link to {target}, which has no such heading"


def prose(text: str) -> str:
    """The page without fenced blocks."""
    return "".join(FENCE.split(text)[::2])


def code_findings(path: Path, text: str, targets: set[str]) -> Iterator[str]:
    """Paths and make targets in code spans that do not exist."""
    for span in CODE.findall(prose(text)):
        if match := re.fullmatch(r"make ([a-z-]+)", span):
            if path != PLANNED and match[1] not in targets:
                yield f"{path}: `{span}` is no target of the Makefile"
        elif span.startswith(FOLDERS) and path != PLANNED and re.fullmatch(r"[\w./@-]+", span):
            if not (ROOT / span).exists() and not (ROOT / path).parent.joinpath(span).exists():
                yield f"{path}: `{span}` is not there"


def rules(pages: dict[str, str]) -> set[str]:
    """Numbers that exist: a section's numbered paragraphs on its page."""
    found = set()
    for letter, text in pages.items():
        section = ""
        for line in text.splitlines():
            if match := re.match(rf"## ({letter}\d+) ", line):
                section = match[1]
            elif section and (match := re.match(r"(\d+)\. ", line)):
                found.add(f"{section}.{match[1]}")
    return found


def rule_findings(path: Path, text: str, known: set[str]) -> Iterator[str]:
    """Cited rules that no page has."""
    for match in RULE.finditer(text):
        if match[0] not in known:
            yield f"{path}: cites {match[0]}, which is no rule"


def make_targets() -> set[str]:
    """Targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def main() -> int:
    """Checks every page, and every cited rule in the sources as well."""
    known = rules({"K": (ROOT / "docs/keys.md").read_text(), "M": (ROOT / "docs/media.md").read_text()})
    targets = make_targets()
    findings: list[str] = []
    for path in tracked("*.md"):
        text = (ROOT / path).read_text()
        findings += [*link_findings(path, text), *code_findings(path, text, targets)]
    for path in tracked("*.md", "*.py", "*.rs", "*.ts", "*.tsx"):
        if path.name == "test_checks.py":
            continue  # its rules are made up
        findings += rule_findings(path, (ROOT / path).read_text(), known)
    return report("docs", findings)


if __name__ == "__main__":
    sys.exit(main())
