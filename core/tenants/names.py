"""What a name of a person may be, whoever typed it or vouches for it: it stands in a certificate, on a tile
and in a list beside others (K2.1)."""

from __future__ import annotations

import unicodedata

from core.values import DISPLAY_NAME_MAX

_REFUSED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Control, format (bidirectional tricks, joiners), surrogate, private, unassigned, line and paragraph."""


def plain(text: str) -> str:
    """The text in normal form C, any kind of space as one space. ValueError when it is empty or has
    characters that cannot be seen."""
    text = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(character) in _REFUSED for character in text):
        raise ValueError("must not have control characters")
    text = " ".join(text.split())
    if not text:
        raise ValueError("must not be empty")
    return text


def vouched(parts: list[str]) -> str:
    """A provider's name of somebody, as a certificate can carry it: what is too long is cut, never refused,
    since nobody can change it before the meeting. ValueError as for `plain`."""
    return plain(" ".join(parts))[:DISPLAY_NAME_MAX].strip()
