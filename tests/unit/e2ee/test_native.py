"""The Python binding of the member: shapes of its values, errors with codes, nothing that prints a secret."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core._native import e2ee
from tests.support.hub import Hub, begin, grow
from tests.support.people import DEPLOYMENT, TENANTS

VECTORS = Path(__file__).parents[2] / "vectors"


def test_two_members_of_two_ministries_reach_an_epoch_and_exchange_a_frame_and_a_message() -> None:
    hub = Hub()
    members, server = begin(hub)
    grow(hub, members, hub.member("bob", TENANTS[1]), server)
    alice, bob = members
    assert alice.code() == bob.code() and len(alice.code()) == 30
    roster = msgpack.unpackb(bob.roster())
    assert [line["identity"]["tenant"] for line in roster] == ["exemple", "beispiel"]
    assert roster[1]["self"] and roster[0]["identity"]["name"] == "ALICE"
    sender = msgpack.unpackb(alice.frame_sender("camera", hub.now))
    wire = e2ee.SframeSealer(sender["kid"], sender["key"], sender["salt"]).seal("vp8", True, b"picture")
    header = msgpack.unpackb(e2ee.parse_header(wire, "vp8"))
    receiver = msgpack.unpackb(bob.frame_receiver(header["kid"], hub.now))
    assert receiver["leaf"] == 0 and receiver["kind"] == "camera" and header["offset"] == 10
    opener = e2ee.SframeOpener(header["kid"], receiver["key"], receiver["salt"])
    assert opener.open("vp8", wire) == b"picture"
    message = msgpack.unpackb(bob.decrypt(alice.encrypt(b"bonjour", hub.now), hub.now))
    assert message == {"leaf": 0, "epoch": 1, "number": 1, "content": b"bonjour", "missed": 0}


def test_a_refusal_has_a_code_from_the_list() -> None:
    hub = Hub()
    members, _ = begin(hub)
    with pytest.raises(e2ee.E2eeError) as raised:
        members[0].send_epoch(hub.now)
    assert raised.value.code == "stopped_alone"
    assert raised.value.args == (raised.value.code, raised.value.detail)
    codes = {line["code"] for line in msgpack.unpackb(e2ee.error_codes())}
    assert raised.value.code in codes


def test_arguments_of_the_wrong_shape_are_refused_by_name() -> None:
    hub = Hub()
    member = hub.member("alice")
    calls: list[Any] = [
        lambda: member.create(b"\xc1", hub.now),
        lambda: member.create(msgpack.packb({"version": 1}), hub.now),
        lambda: e2ee.LeafKey.from_seed(b"short"),
        lambda: e2ee.signed_encode("nothing", b"\x80"),  # type: ignore[arg-type]
        lambda: e2ee.SframeSealer(0, b"short", b"x" * 12),
        lambda: e2ee.kid_pack(0, "piano", 0, 0),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(e2ee.E2eeError) as raised:
            call()
        assert raised.value.code == "argument_malformed"


def test_nothing_that_holds_a_key_prints_it() -> None:
    seed = bytes(range(32))
    leaf = e2ee.LeafKey.from_seed(seed)
    sealer = e2ee.SframeSealer(0, b"k" * 16, b"s" * 12)
    for value in (leaf, sealer, Hub().member("alice")):
        assert repr(value).startswith("<builtins.") or repr(value).startswith("<core._native.")
        assert " at 0x" in repr(value)
        with pytest.raises(TypeError):
            __import__("pickle").dumps(value)


def test_signed_structures_agree_with_their_vectors() -> None:
    for vector in json.loads((VECTORS / "structures.json").read_text()):
        kind, fields = vector["kind"], bytes.fromhex(vector["fields_msgpack"])
        tbs = e2ee.signed_encode(kind, fields)
        assert tbs.hex() == vector["to_be_signed"]
        # Another implementation of Ed25519 signs, ours verifies.
        signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
        data = e2ee.signed_assemble(tbs, signer.sign(tbs))
        assert data.hex() == vector["signed"]
        assert e2ee.signed_open(kind, data, bytes.fromhex(vector["public_key"])) == fields
        assert e2ee.entry_hash(data) == hashlib.sha256(tbs).digest() == bytes.fromhex(vector["hash"])


def test_a_proof_of_possession_names_its_nonce_and_key() -> None:
    leaf = e2ee.LeafKey.generate()
    proof = leaf.sign_certify(b"nonce", "p_x")
    fields = msgpack.unpackb(e2ee.signed_open("certify", proof, leaf.public))
    assert fields == {"nonce": b"nonce", "participant": "p_x", "public_key": leaf.public}
    with pytest.raises(e2ee.E2eeError) as raised:
        e2ee.signed_open("resume", proof, leaf.public)
    assert raised.value.code == "signed_label"


def test_trust_names_what_it_rests_on() -> None:
    hub = Hub()
    trust = hub.trust()
    assert trust.manifest_set_hash == hub.params["manifest_set_hash"]
    assert trust.suites == [e2ee.SUITE_HYBRID, e2ee.SUITE_CLASSICAL]
    leaf = e2ee.LeafKey.generate()
    identity = msgpack.unpackb(trust.verify_chain(hub.certify("carol", leaf.public), hub.now))
    assert identity["deployment"] == DEPLOYMENT and identity["role"] == "participant"
    assert identity["leaf_public_key"] == leaf.public and identity["name_checked"] is True
