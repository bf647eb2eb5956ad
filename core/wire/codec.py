"""Bytes of a socket message to a value, and back: msgpack with limits, then the models of this package.

Nothing that a peer sends reaches the core except through `decode_request`. Each refusal is a `MessageRefused`
with a listed code, so that a test, a counter and a client can name what was wrong.
"""

from __future__ import annotations

from typing import Any, Final

import msgpack
from pydantic import TypeAdapter, ValidationError

from core.errors import PeerError
from core.wire.events import ErrorReply, Event, OkReply, ServerEvent, WireFault
from core.wire.requests import ClientRequest, Request
from core.wire.values import MAX_MESSAGE, MAX_SAFE_INTEGER, Value

MAX_ITEMS: Final = 4_096
"""The longest array and the largest map: receipts of everybody in a meeting of 4,096 leaves (K5.1)."""

MAX_DEPTH: Final = 8
"""Our deepest message has five levels; more is somebody looking for a stack."""

_requests: TypeAdapter[Request] = TypeAdapter(ClientRequest)
_events: TypeAdapter[Event] = TypeAdapter(ServerEvent)


class MessageRefused(PeerError):
    """`message_too_large`, `bad_message` or `unknown_type`.

    `request_id` is the id of the request when it could be read, else None: then nobody can be answered.
    """

    def __init__(self, code: str, detail: str, request_id: int | None = None) -> None:
        super().__init__(code, detail)
        self.request_id = request_id


def _no_extension(code: int, data: bytes) -> object:
    raise ValueError(f"extension type {code}")


def _no_duplicates(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _depth(value: object, left: int = MAX_DEPTH) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise MessageRefused("bad_message", "too deep")
    for item in value.values() if isinstance(value, dict) else value:
        _depth(item, left - 1)


def unpack(data: bytes, limit: int = MAX_MESSAGE) -> dict[str, Any]:
    """One msgpack map with string keys from `data`, all of it, or `MessageRefused`."""
    if len(data) > limit:
        raise MessageRefused("message_too_large", f"{len(data)} bytes where {limit} are allowed")
    try:
        value = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            ext_hook=_no_extension,
            object_pairs_hook=_no_duplicates,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_bin_len=limit,
            max_str_len=limit,
        )
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise MessageRefused("bad_message", type(error).__name__) from None
    if not isinstance(value, dict):
        raise MessageRefused("bad_message", "not a map")
    _depth(value)
    return value


def decode_request(data: bytes) -> Request:
    """The request in `data`, checked against its model and its size limit."""
    raw = unpack(data)
    claimed = raw.get("id")
    request_id = claimed if type(claimed) is int and 0 <= claimed <= MAX_SAFE_INTEGER else None
    try:
        request = _requests.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
            raise MessageRefused("unknown_type", "no such request", request_id) from None
        place = ".".join(str(part) for part in first["loc"][1:])[:80]
        raise MessageRefused("bad_message", f"{place}: {first['type']}", request_id) from None
    if len(data) > request.limit:
        raise MessageRefused(
            "message_too_large", f"{len(data)} bytes where {request.limit} are allowed", request_id
        )
    return request


def decode_event(data: bytes) -> Event:
    """The event in `data`; used by the headless participant and by tests."""
    try:
        return _events.validate_python(unpack(data, limit=4 * MAX_MESSAGE))
    except ValidationError as error:
        raise MessageRefused("bad_message", str(error.error_count())) from None


def decode_from_server(data: bytes) -> OkReply | ErrorReply | Event:
    """Whatever a node sent: a reply of either kind (told by `re`) or an event."""
    raw = unpack(data, limit=4 * MAX_MESSAGE)
    try:
        if "re" not in raw:
            return _events.validate_python(raw)
        return OkReply.model_validate(raw) if "ok" in raw else ErrorReply.model_validate(raw)
    except ValidationError as error:
        raise MessageRefused("bad_message", str(error.error_count())) from None


def pack(value: Value) -> bytes:
    """`value` as a msgpack map with its field names."""
    return bytes(msgpack.packb(value.model_dump(), use_bin_type=True))


def encode_event(event: Event, seq: int) -> bytes:
    """An event with its number in this participant's sequence."""
    fields = event.model_dump()
    fields["seq"] = seq
    return bytes(msgpack.packb(fields, use_bin_type=True))


def encode_reply(request_id: int, reply: Value) -> bytes:
    """The reply to a request that was done."""
    return bytes(msgpack.packb({"re": request_id, "ok": reply.model_dump()}, use_bin_type=True))


def encode_error(request_id: int, code: str, message: str, retry_after: float | None = None) -> bytes:
    """The reply to a request that was refused."""
    fault = WireFault(code=code, message=message[:400], retry_after=retry_after)
    return pack(ErrorReply(re=request_id, error=fault))
