"""Hand-made handshakes of a member that does as it likes: it knows its own leaf key, and changes what OpenMLS
would not.

A key package is taken apart as RFC 9420 sections 7.2 and 10 write it, changed, and signed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core._native import e2ee
from core.client.membership import Membership
from core.wire import requests
from tests.support.hub import sign
from tests.support.world import Client


def vector(data: bytes) -> bytes:
    """A variable-size vector (RFC 9420 section 2.1.2)."""
    if len(data) < 1 << 6:
        return bytes([len(data)]) + data
    if len(data) < 1 << 14:
        return (len(data) | 1 << 14).to_bytes(2, "big") + data
    return (len(data) | 1 << 31).to_bytes(4, "big") + data


class Reader:
    """Takes values off the front."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, count: int) -> bytes:
        """So many bytes."""
        taken, self.left = self.left[:count], self.left[count:]
        assert len(taken) == count
        return taken

    def vector(self) -> bytes:
        """A vector's content."""
        size = 1 << (self.left[0] >> 6)
        length = int.from_bytes(self.take(size), "big") & ((1 << (8 * size - 2)) - 1)
        return self.take(length)


def _signed(key: Ed25519PrivateKey, label: str, content: bytes) -> bytes:
    """SignWithLabel (RFC 9420 section 5.1.2)."""
    return vector(key.sign(vector(b"MLS 1.0 " + label.encode()) + vector(content)))


@dataclass
class Package:
    """The parts of a key package; `middle` is what stands between the encryption key and the leaf's
    signature."""

    head: bytes
    init_key: bytes
    encryption_key: bytes
    middle: bytes
    extensions: bytes

    @classmethod
    def read(cls, data: bytes) -> Package:
        """Take it apart."""
        reader = Reader(data)
        head = reader.take(8)
        init_key, encryption_key = reader.vector(), reader.vector()
        middle = vector(reader.vector())
        middle += reader.take(2) + vector(reader.vector())
        for _ in range(5):
            middle += vector(reader.vector())
        middle += reader.take(1 + 16)
        middle += vector(reader.vector())
        reader.vector()
        extensions = vector(reader.vector())
        reader.vector()
        assert not reader.left
        return cls(head, init_key, encryption_key, middle, extensions)

    def write(self, key: Ed25519PrivateKey) -> bytes:
        """Put it together and sign it."""
        leaf = vector(self.encryption_key) + self.middle
        leaf += _signed(key, "LeafNodeTBS", leaf)
        content = self.head[4:] + vector(self.init_key) + leaf + self.extensions
        return self.head[:4] + content + _signed(key, "KeyPackageTBS", content)


class Forger:
    """A participant whose leaf key the test knows."""

    def __init__(self, client: Client, seed: bytes) -> None:
        self.client = client
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self._leaf = e2ee.LeafKey.from_seed(seed)

    @property
    def membership(self) -> Membership:
        """Its place in the group."""
        return self.client.membership

    async def certified(self, nonce: bytes | None = None) -> bytes:
        """A certified leaf's key package, not handed in."""
        client = self.client
        self.membership.certify(bytes(32))
        self.membership._key = self._leaf
        proof = self._leaf.sign_certify(nonce or client.hello.nonce, client.id)
        reply = await client.ask(requests.Certify(id=0, public_key=self._leaf.public, proof=proof))
        assert isinstance(reply, requests.CertifyReply)
        package = self.membership.certified(reply.chain, client.world.clock.now())
        assert isinstance(package, requests.KeyPackage)
        return package.data

    async def join(self) -> None:
        """Hand an honest key package in."""
        await self.client.ask(requests.KeyPackage(id=0, data=await self.certified()))

    def submission(self, commit: requests.GroupCommit, changed: bytes) -> requests.GroupCommit:
        """The commit in other bytes, under a good signature of its author (K4.1)."""
        fields = msgpack.unpackb(e2ee.signed_peek("submission", commit.signature))
        fields["commit_hash"] = sha256(changed).digest()
        signature = sign("submission", fields, self.key)
        return commit.model_copy(update={"commit": changed, "signature": signature})

