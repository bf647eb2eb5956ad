"""Frames on the signer's socket: four bytes of length, then msgpack. Both ends refuse what is longer than
allowed."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import msgpack

from core.errors import SignerRefused
from core.signer.requests import FRAME_MAX

_LENGTH = struct.Struct(">I")


def pack(value: object) -> bytes:
    """One frame. SignerRefused when it would be too long."""
    body: bytes = msgpack.packb(value)
    if len(body) > FRAME_MAX:
        raise SignerRefused("too_large", f"a frame has at most {FRAME_MAX} bytes")
    return _LENGTH.pack(len(body)) + body


async def read(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next frame; None at the end of the stream. SignerRefused when it is no frame."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > FRAME_MAX:
            raise SignerRefused("too_large", f"a frame has at most {FRAME_MAX} bytes")
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    try:
        value = msgpack.unpackb(body)
    except (ValueError, msgpack.UnpackException) as error:
        raise SignerRefused("bad_frame", "not msgpack") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise SignerRefused("bad_frame", "not a map")
    return value
