"""The reference pages are what the code says now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import CODES, LibraryError, PeerError, UserError, WireError
from gateway.pages import PAGES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", PAGES)
def test_a_stored_page_is_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run scripts/generate-docs"


def test_every_code_that_is_raised_is_listed_and_by_the_right_reader() -> None:
    raised = re.compile(r"\b(UserError|PeerError)\(\s*\"([a-z_]+)\"")
    audiences = {"UserError": "user", "PeerError": "client"}
    found = 0
    for folder in ("core", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            for kind, code in raised.findall(path.read_text()):
                found += 1
                assert code in CODES, f"{path}: {code}"
                assert CODES[code].audience == audiences[kind], f"{path}: {code} is not for {kind}"
    assert found > 20


def test_an_unlisted_code_is_our_bug() -> None:
    with pytest.raises(LibraryError):
        WireError("surprise")
    assert isinstance(UserError("removed"), WireError) and PeerError("fork").facts.status == 409
