"""Names that people type: what may stand in one, and which two a reader would take for one.

A guest's name is nobody's word but the guest's. It is kept from hiding characters, and compared by what the
eye sees, as Unicode's security report does it (UTS 39, section 4), with a table of our own: the letters of
Cyrillic, Greek and Armenian that look like Latin ones, and digits that do.
"""

from __future__ import annotations

import unicodedata

_PAIRS = (
    "аa вb еe ґr гr ԁd һh іi їi јj кk ӏl мm нh оo рp ԛq сc ѕs тt уy ѵv ԝw хx αa βb γy εe ηn ιi "  # noqa: RUF001 -- they are what this is about
    "κk νv οo ρp τt υu χx ωw օo սu ոn հh յj ցg 0o 1l 3e 5s 8b |l !l ıi ɩi ɑa ɡg ᴄc "  # noqa: RUF001
)
_LOOKS = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
"""Each letter and the Latin one that it is taken for."""


def plain(text: str) -> str:
    """Text that can stand in a certificate, a tile and a log: normal form C, without control or format
    characters, which hide and turn what stands beside them. ValueError."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in text):
        raise ValueError("must not have control characters")
    return text


def skeleton(name: str) -> str:
    """What the eye sees of a name: two names with one skeleton may be taken for each other. Case, accents,
    spaces and punctuation do not count, and `rn` reads as `m`."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    seen = unicodedata.normalize("NFKD", folded.translate(_LOOKS))
    letters = "".join(character for character in seen if character.isalnum()).casefold()
    return letters.translate(_LOOKS).replace("rn", "m").replace("vv", "w").replace("l", "i")
