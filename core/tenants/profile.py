"""What a tenant may be called and look like: names, colour, logo, languages, checked before it is kept."""

from __future__ import annotations

import struct

from core.errors import OperatorError
from core.values import LANGUAGES, Tenant

CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text on the colour, which is white."""
LOGO_BYTES = 64 * 1024
LOGO_SIDE = 512
"""Pixels. A PNG of few bytes may unpack to very many pixels."""
RETENTION = range(1, 3651)
"""Days. A day at least, so that an audit event outlives the hour it is about."""
PNG = b"\x89PNG\r\n\x1a\n"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, from 0 to 1 (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str) -> float:
    """The ratio of white text on this colour, from 1 to 21."""
    return 1.05 / (luminance(colour) + 0.05)


def check_profile(tenant: Tenant) -> None:
    """OperatorError, which says what is wrong and what would be right."""
    ratio = contrast(tenant.colour)
    if ratio < CONTRAST:
        raise OperatorError(
            f"White text on {tenant.colour} has a contrast of {ratio:.2f}:1; {CONTRAST}:1 is the least. "
            "Take a darker colour."
        )
    if not tenant.languages or len(set(tenant.languages)) != len(tenant.languages):
        raise OperatorError("Name each language once, and at least one.")
    for language in (*tenant.languages, *(language for language, _ in tenant.names)):
        if language not in LANGUAGES:
            raise OperatorError(f"{language!r} is none of {', '.join(LANGUAGES)}.")
    for what, text, most in (
        ("name", tenant.name, 200),
        ("short name", tenant.short, 40),
        *((f"name in {language}", name, 200) for language, name in tenant.names),
    ):
        if not text.strip() or len(text) > most or not text.isprintable():
            raise OperatorError(f"The {what} must have 1 to {most} printable characters.")
    if tenant.retention_days not in RETENTION:
        raise OperatorError(f"Retention must be {RETENTION.start} to {RETENTION.stop - 1} days.")
    if min(tenant.quota.rooms, tenant.quota.accounts, tenant.quota.people, tenant.quota.meetings) < 0:
        raise OperatorError("A quota cannot be less than nothing.")
    if tenant.logo is not None:
        check_logo(tenant.logo)


def check_logo(logo: bytes) -> None:
    """OperatorError unless these bytes are a small PNG, whatever its file was called."""
    if len(logo) > LOGO_BYTES:
        raise OperatorError(f"The logo has {len(logo)} bytes; {LOGO_BYTES} is the most.")
    if not logo.startswith(PNG) or logo[12:16] != b"IHDR" or len(logo) < 33:
        raise OperatorError("The logo is no PNG.")
    width, height = struct.unpack(">II", logo[16:24])
    if not (0 < width <= LOGO_SIDE and 0 < height <= LOGO_SIDE):
        raise OperatorError(f"The logo has {width} by {height} pixels; {LOGO_SIDE} a side is the most.")
