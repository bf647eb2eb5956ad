"""A provider's name of somebody, made fit for a certificate, a tile and a list beside others (K2.1)."""

from __future__ import annotations

import unicodedata

from core.names import plain
from core.values import DISPLAY_NAME_MAX


def vouched(parts: list[str]) -> str:
    """The parts as one name: what is too long is cut, never refused, since nobody can change it before the
    meeting. ValueError when nothing of it can be seen, or something in it hides."""
    name = " ".join(plain(" ".join(parts)).split())
    if any(unicodedata.category(character) == "Cn" for character in name):
        raise ValueError("must not have unassigned characters")
    return name[:DISPLAY_NAME_MAX].strip()
