"""The socket's codec: what is refused, by name, and what survives a round trip."""

from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire import codec, events, requests, values
from core.wire.codec import MessageRefused
from core.wire.typescript import render

ROOT = Path(__file__).parents[4]


def packed(**fields: object) -> bytes:
    return bytes(msgpack.packb(fields))


def refusal(data: bytes) -> MessageRefused:
    with pytest.raises(MessageRefused) as caught:
        codec.decode_request(data)
    return caught.value


def test_a_request_becomes_its_model() -> None:
    request = codec.decode_request(packed(id=7, type="message", data=b"x", epoch=3))
    assert request == requests.SendMessage(id=7, data=b"x", epoch=3)


def test_the_typescript_twins_are_current() -> None:
    stored = (ROOT / "web/packages/client/src/generated/wire.ts").read_text()
    assert stored == render(), "run scripts/generate-wire"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x93\x01",
        msgpack.packb([1, 2]),
        msgpack.packb(3),
        packed(id=1, type="ping") + b"\x00",
        msgpack.packb({1: "a"}),
        msgpack.packb({"id": msgpack.ExtType(5, b"x"), "type": "ping"}),
        b"\x82\xa2id\x01\xa2id\x02",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x81\xa1a" + b"\x91" * 600 + b"\x01",
        b"\x91" * 100_000,
    ],
)
def test_malformed_msgpack_is_named(data: bytes) -> None:
    assert refusal(data).code == "bad_message"


def test_a_20_mb_message_is_too_large() -> None:
    assert refusal(b"\x00" * 20_000_000).code == "message_too_large"


def test_a_large_message_that_is_no_handshake_is_refused() -> None:
    error = refusal(packed(id=9, type="view", tiles=[], junk=b"x" * values.SMALL_MESSAGE))
    assert error.code == "bad_message"
    sdp = "v" * 200_000
    assert codec.decode_request(packed(id=9, type="media.offer", connection=0, sdp=sdp)).id == 9
    wide = "é" * 262_144
    error = refusal(packed(id=9, type="media.offer", connection=0, sdp=wide))
    assert (error.code, error.request_id) == ("message_too_large", 9)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 1, "type": "ping", "more": 1},
        {"id": -1, "type": "ping"},
        {"id": True, "type": "ping"},
        {"id": "1", "type": "ping"},
        {"id": 2**60, "type": "ping"},
        {"id": 1, "type": "certify", "public_key": b"x" * 31, "proof": b"x" * 640},
        {"id": 1, "type": "remove", "participant": "../etc/passwd"},
        {"id": 1, "type": "view", "tiles": [{"participant": "p_aaaa", "source": "camera", "height": -1}]},
        {"id": 1, "type": "message", "data": b"x" * 65_537, "epoch": 1},
        {"id": 1, "type": "message", "data": "text", "epoch": 1},
        {"id": 1, "type": "stats", "counters": {"x": float("nan")}},
        {"id": 1, "type": "group.commit", "epoch": 1, "attempt": 70_000},
    ],
)
def test_fields_out_of_bounds_are_invalid(fields: dict[str, object]) -> None:
    assert refusal(packed(**fields)).code == "bad_message"


def test_an_unknown_type_keeps_the_id_so_that_it_can_be_answered() -> None:
    error = refusal(packed(id=4, type="nonsense"))
    assert (error.code, error.request_id) == ("unknown_type", 4)
    assert refusal(packed(id=4)).code == "unknown_type"


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_request_or_a_named_refusal(data: bytes) -> None:
    try:
        codec.decode_request(data)
    except MessageRefused as error:
        assert error.code in {"message_too_large", "bad_message", "unknown_type"}


def test_replies_and_events_survive_the_way_back() -> None:
    event = events.GroupSettled(epoch=4)
    assert codec.decode_event(codec.encode_event(event, 12)) == events.GroupSettled(epoch=4, seq=12)
    assert codec.decode_from_server(codec.encode_event(event, 12)) == events.GroupSettled(epoch=4, seq=12)
    ok = codec.decode_from_server(codec.encode_reply(3, requests.PingReply(time=5)))
    assert ok == events.OkReply(re=3, ok={"time": 5})
    refused = codec.decode_from_server(codec.encode_error(3, "stale_epoch", "again", 1.5))
    assert refused == events.ErrorReply(
        re=3, error=events.WireFault(code="stale_epoch", message="again", retry_after=1.5)
    )
