"""A room's PIN: kept as a salt and scrypt of it (RFC 7914), compared in constant time.

A PIN is short, so what keeps it is how often one may try (`gateway.http.pins`); the hash keeps it from who
reads the database. Both functions take some 40 ms and 16 MiB: call them in a thread.
"""

from __future__ import annotations

import hashlib
import hmac

SALT = 16
COST = 2**14
"""RFC 7914's N: with r = 8 the 16 MiB that an interactive login is advised. Twice as much doubles the memory
that somebody who tries many makes the node take."""


def pin_record(pin: str, salt: bytes) -> bytes:
    """16 bytes of salt and 32 of scrypt."""
    return salt + hashlib.scrypt(pin.encode(), salt=salt, n=COST, r=8, p=1, dklen=32)


def pin_matches(record: bytes, pin: str) -> bool:
    """Whether this is the PIN of a record."""
    return hmac.compare_digest(pin_record(pin, record[:SALT]), record)
