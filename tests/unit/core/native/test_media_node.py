"""The binding of the media engine: what goes in, what comes out, and how a wrong word is refused."""

import select
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest

from core._native.media import MediaNode, QueueFull

LOCAL = {"ufrag": "0100abcd", "pwd": "p" * 24}
REMOTE = {"ufrag": "efgh", "pwd": "q" * 24, "fingerprints": [{"hash": "sha-256", "value": bytes(32)}]}


@pytest.fixture
def node() -> Iterator[MediaNode]:
    made = MediaNode(1, [{"bind": "127.0.0.1:0"}, {"bind": "127.0.0.1:0"}], bytes(32))
    yield made
    made.close()


def add_peer(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "peer": 1,
        "room": 1,
        "local": LOCAL,
        "remote": REMOTE,
        "setup": "passive",
        "role": "lite",
        "candidate": None,
        "publish": [],
        "sections": [],
    }
    packed: bytes = msgpack.packb({"add_peer": fields | changes})
    return packed


def wait_for(node: MediaNode, kind: str) -> tuple[int, dict[str, Any]]:
    while select.select([node.fileno()], [], [], 10)[0]:
        for worker, event in node.poll():
            read = msgpack.unpackb(event, strict_map_key=False)
            if kind in read:
                return worker, read[kind]
    raise AssertionError(f"no {kind} within ten seconds")


def test_each_worker_has_its_own_port_and_certificate(node: MediaNode) -> None:
    assert (node.node_id, node.workers) == (1, 2)
    assert node.local_port(0) != node.local_port(1)
    assert node.fingerprint(0).startswith("sha-256 ") and node.fingerprint(0) != node.fingerprint(1)
    asked, receive, send = node.socket_buffers(0)
    assert asked == 8 << 20 and receive > 0 and send > 0


def test_statistics_come_by_themselves_and_wake_the_descriptor(node: MediaNode) -> None:
    _, stats = wait_for(node, "stats")
    assert stats["packets_in"] == 0 and stats["drops"] == {}


def test_a_peer_the_engine_refuses_is_told_lost_with_its_worker(node: MediaNode) -> None:
    node.command(1, add_peer(room=99))
    worker, lost = wait_for(node, "lost")
    assert (worker, lost) == (1, {"peer": 1, "reason": "refused"})


@pytest.mark.parametrize(
    "command",
    [b"", b"\xc1", msgpack.packb({"add_room": {}}), msgpack.packb({"no_such": {}}), msgpack.packb([1, 2])],
)
def test_what_is_no_command_is_refused_at_once(node: MediaNode, command: bytes) -> None:
    with pytest.raises(ValueError, match="not a command"):
        node.command(0, command)


def test_a_secret_in_a_wrong_command_does_not_come_back_in_the_error(node: MediaNode) -> None:
    wrong = add_peer(setup="sideways", local={"ufrag": "0100abcd", "pwd": "canary-canary-canary-canary"})
    with pytest.raises(ValueError, match="not a command") as refused:
        node.command(0, wrong)
    assert "canary" not in str(refused.value)


def test_wrong_options_are_named() -> None:
    for options, word in [
        ([], "1 to 256"),
        ([{}], "bind"),
        ([{"bind": "nowhere"}], "bind"),
        ([{"bind": "127.0.0.1:0", "dtls": "1.1"}], "dtls"),
    ]:
        with pytest.raises(ValueError, match=word):
            MediaNode(1, options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="32 bytes"):
        MediaNode(1, [{"bind": "127.0.0.1:0"}], b"short")


def test_a_port_that_is_taken_is_an_os_error(node: MediaNode) -> None:
    with pytest.raises(OSError, match="media socket"):
        MediaNode(2, [{"bind": f"127.0.0.1:{node.local_port(0)}"}])


def test_a_closed_node_knows_no_worker_and_closes_again(node: MediaNode) -> None:
    node.close()
    node.close()
    with pytest.raises(ValueError, match="no such worker"):
        node.command(0, msgpack.packb({"add_room": {"room": 1}}))
    assert issubclass(QueueFull, RuntimeError)
