"""A tenant's names, colour and logo are checked before they are kept."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from core.errors import OperatorError
from core.tenants.profile import LOGO_BYTES, PNG, check_profile, contrast
from tests.support.people import TENANTS


def png(width: int = 64, height: int = 64, size: int = 64) -> bytes:
    """The beginning of a PNG."""
    head = PNG + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return head.ljust(size, b"\0")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000") == pytest.approx(21) and contrast("#ffffff") == pytest.approx(1)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


def test_what_is_right_is_taken() -> None:
    for tenant in TENANTS:
        check_profile(replace(tenant, names=(("fr", "Exemple"),), languages=("fr",), logo=png()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "#777777"}, "4.48:1"),
        ({"languages": ()}, "at least one"),
        ({"languages": ("fr", "fr")}, "once"),
        ({"languages": ("xx",)}, "none of"),
        ({"names": (("it", "Esempio"),)}, "none of"),
        ({"names": (("fr", "x" * 201),)}, "name in fr"),
        ({"short": " "}, "short name"),
        ({"name": "Minis\u202etry"}, "printable"),
        ({"retention_days": 0}, "1 to 3650"),
        ({"logo": b"<svg onload=alert(1)>" + bytes(40)}, "no PNG"),
        ({"logo": png(size=LOGO_BYTES + 1)}, "65536 is the most"),
        ({"logo": png(width=100_000)}, "512 a side"),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        check_profile(replace(TENANTS[0], **change))
