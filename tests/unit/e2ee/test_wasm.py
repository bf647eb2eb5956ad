"""A member in the browser's WASM meets native ones: same names, same bytes, same refusals."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from core._native import e2ee
from tests.support.hub import Hub, begin, grow
from tests.support.people import DEPLOYMENT, TENANTS

HERE = Path(__file__).parent


class Refused(Exception):
    """A refusal by the WASM: its code."""


class Wasm:
    """The process that holds the WASM."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(HERE / "wasm_member.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, **question: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if "error" in reply:
            raise Refused(reply["error"])
        value = reply["ok"]
        return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value

    def make(self, cls: str, name: str, *args: Any) -> None:
        """A new object under a name."""
        self._ask(make=cls, args=[_encode(arg) for arg in args], **{"as": name})

    def call(self, on: str | None, name: str, *args: Any) -> Any:
        """A method, a property or, on nothing, a function."""
        return self._ask(on=on, call=name, args=[_encode(arg) for arg in args])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


class Named:
    """An object that lives in the WASM."""

    def __init__(self, name: str) -> None:
        self.name = name


class Big:
    """A bigint."""

    def __init__(self, value: int) -> None:
        self.value = value


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, Named):
        return {"name": value.name}
    return {"big": str(value.value)} if isinstance(value, Big) else value


class WasmMember:
    """The part of `Member` that `grow` and the test use, over there."""

    def __init__(self, wasm: Wasm, hub: Hub, subject: str) -> None:
        self.wasm = wasm
        wasm.make("LeafKey", "key")
        public = wasm.call("key", "public")
        policy = hub.policy(TENANTS[1])
        wasm.make("Trust", "trust", [hub.manifest], policy, DEPLOYMENT, hub.now)
        chain = hub.certify(subject, public, TENANTS[1])
        args = (Named("key"), chain, Named("trust"), e2ee.SUITE_HYBRID, False, hub.now)
        wasm.make("Member", "member", *args)

    def __getattr__(self, name: str) -> Any:
        head, *rest = name.split("_")
        camel = head + "".join(part.capitalize() for part in rest)
        if name in ("epoch", "leaf", "suite"):
            return self.wasm.call("member", camel)
        return lambda *args: self.wasm.call("member", camel, *args)


@pytest.fixture
def wasm() -> Iterator[Wasm]:
    made = Wasm()
    yield made
    made.close()


def test_a_browser_and_native_members_are_in_one_epoch(wasm: Wasm) -> None:
    hub = Hub()
    members, server = begin(hub)
    browser: Any = WasmMember(wasm, hub, "browser")
    grow(hub, members, browser, server)
    grow(hub, members, hub.member("carol"), server)
    codes = {member.code() for member in members}
    assert len(codes) == 1
    assert browser.epoch == 2 and browser.leaf == 1 and browser.suite == e2ee.SUITE_HYBRID
    browser.settled(2, hub.now)
    sender = msgpack.unpackb(browser.frame_sender("microphone", hub.now))
    wire = e2ee.SframeSealer(sender["kid"], sender["key"], sender["salt"]).seal("opus", False, b"sound")
    receiver = msgpack.unpackb(members[2].frame_receiver(sender["kid"], hub.now))
    assert e2ee.SframeOpener(sender["kid"], receiver["key"], receiver["salt"]).open("opus", wire) == b"sound"
    members[0].settled(2, hub.now)
    theirs = msgpack.unpackb(members[0].frame_sender("camera", hub.now))
    opened = msgpack.unpackb(wasm.call("member", "frameReceiver", Big(theirs["kid"]), hub.now))
    assert opened["key"] == theirs["key"] and opened["salt"] == theirs["salt"] and opened["leaf"] == 0
    message = browser.encrypt(b"salut", hub.now)
    assert msgpack.unpackb(members[0].decrypt(message, hub.now))["content"] == b"salut"
    back = members[0].encrypt(b"bonjour", hub.now)
    assert msgpack.unpackb(browser.decrypt(back, hub.now))["content"] == b"bonjour"
    assert msgpack.unpackb(browser.roster()) == [
        {**line, "self": line["leaf"] == 1, "joined_epoch": max(1, line["joined_epoch"])}
        for line in msgpack.unpackb(members[0].roster())
    ]


def test_a_browser_and_a_native_member_vouch_for_a_snapshot_to_each_other(wasm: Wasm) -> None:
    hub = Hub()
    members, server = begin(hub)
    browser: Any = WasmMember(wasm, hub, "browser")
    grow(hub, members, browser, server)
    word = browser.sign_snapshot("notes", 7, b"all notes")
    line = {"epoch": 1, "purpose": "notes", "order": 7}
    assert msgpack.unpackb(members[0].open_snapshot(1, word, b"all notes")) == line
    with pytest.raises(e2ee.E2eeError) as raised:
        members[0].open_snapshot(0, word, b"all notes")
    assert raised.value.code == "signed_signature"
    word = members[0].sign_snapshot("hands", 9, b"\x80")
    assert msgpack.unpackb(browser.open_snapshot(0, word, b"\x80"))["purpose"] == "hands"
    for giver, content in ((1, b"\x80"), (0, b"\x90")):
        with pytest.raises(Refused, match=r"^signed_signature$"):
            browser.open_snapshot(giver, word, content)


def test_the_browser_refuses_with_the_same_codes(wasm: Wasm) -> None:
    hub = Hub()
    browser: Any = WasmMember(wasm, hub, "browser")
    with pytest.raises(Refused, match=r"^not_member$"):
        browser.code()
    with pytest.raises(Refused, match=r"^argument_malformed$"):
        browser.create(b"\xc1", hub.now)
    with pytest.raises(Refused, match=r"^signed_malformed$"):
        wasm.call(None, "signedPeek", "entry", b"short")
    foreign = {**hub.params, "manifest_set_hash": bytes(32)}
    with pytest.raises(Refused, match=r"^manifest_set_changed$"):
        browser.create(msgpack.packb(foreign), hub.now)
    codes = {line["code"] for line in msgpack.unpackb(e2ee.error_codes())}
    assert {"not_member", "manifest_set_changed", "signed_malformed"} <= codes
