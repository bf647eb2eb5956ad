"""The least hub that can lead native members through epochs: entries, proposals, certificates; made-up keys.

It checks nothing by itself, so that a test sees what members check. The real one is `core/e2ee`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any, cast

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core._native import e2ee
from core.tenants.authority import issue, make_root
from core.values import Tenant, UnixMillis
from tests.support.people import DEPLOYMENT, TENANTS, person


def public(key: Ed25519PrivateKey) -> bytes:
    """Raw public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key(name: str) -> Ed25519PrivateKey:
    """A key that is the same in each run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def sign(kind: str, fields: dict[str, Any], signer: Ed25519PrivateKey) -> bytes:
    """An assembled structure."""
    tbs = e2ee.signed_encode(cast(Any, kind), msgpack.packb(fields))
    return e2ee.signed_assemble(tbs, signer.sign(tbs))


class Hub:
    """Keys, documents and the pen of one meeting."""

    def __init__(self) -> None:
        self.now = UnixMillis(int(time.time() * 1000))
        self.seed = hashlib.sha256(b"hub").digest()
        self.roots = {tenant.id: make_root(tenant, key(f"ca {tenant.id}"), self.now) for tenant in TENANTS}
        self.manifest = sign("manifest", self._manifest(), key("manifest"))
        self.params = {
            "version": e2ee.PROTOCOL_VERSION,
            "group_id": b"group one",
            "meeting": hashlib.sha256(b"meeting").digest(),
            "term": 1,
            "hub": DEPLOYMENT,
            "hub_keys": [public(key("hub"))],
            "policy_hash": e2ee.policy_hash(self.policy(TENANTS[0])),
            "manifest_set_hash": e2ee.manifest_set_hash([self.manifest]),
            "suite": e2ee.SUITE_HYBRID,
            "sframe": {"suite": 4},
            "prior": None,
        }
        self.seq = 0
        self.head = bytes(32)

    def _manifest(self) -> dict[str, Any]:
        def line(tenant: Tenant) -> dict[str, Any]:
            return {
                "tenant": tenant.id,
                "name": tenant.name,
                "roots": [self.roots[tenant.id]],
                "policy_key": public(key("policy")),
            }

        return {
            "deployment": DEPLOYMENT,
            "serial": 1,
            "not_before": self.now - 1000,
            "not_after": self.now + 10**9,
            "key": public(key("manifest")),
            "hub_keys": [public(key("hub"))],
            "witness_key": b"",
            "endpoints": [],
            "tenants": [line(tenant) for tenant in TENANTS],
        }

    def policy(self, tenant: Tenant) -> bytes:
        """What the tenant allows: both suites."""
        fields = {
            "deployment": DEPLOYMENT,
            "tenant": tenant.id,
            "serial": 1,
            "not_before": self.now - 1000,
            "not_after": self.now + 10**9,
            "suites": [e2ee.SUITE_HYBRID, e2ee.SUITE_CLASSICAL],
            "guests": True,
        }
        return sign("policy", fields, key("policy"))

    def trust(self, tenant: Tenant = TENANTS[0]) -> e2ee.Trust:
        """What a member of the tenant starts from."""
        return e2ee.Trust([self.manifest], self.policy(tenant), DEPLOYMENT, self.now)

    def certify(self, subject: str, leaf: bytes, tenant: Tenant = TENANTS[0]) -> list[bytes]:
        """A chain."""
        who = person(subject, tenant.id, subject.upper())
        return [issue(who, leaf, self.roots[tenant.id], key(f"ca {tenant.id}"), self.now)]

    def member(self, subject: str, tenant: Tenant = TENANTS[0]) -> e2ee.Member:
        """A member to be."""
        leaf = e2ee.LeafKey.generate()
        chain = self.certify(subject, leaf.public, tenant)
        return e2ee.Member(leaf, chain, self.trust(tenant), e2ee.SUITE_HYBRID, False, self.now)

    def entry(
        self, state: str, epoch: int, attempt: int, commit_hash: bytes, receipts: Sequence[bytes] = ()
    ) -> bytes:
        """The next entry of the chain."""
        params = self.params
        fields = {
            "meeting": params["meeting"],
            "group": params["group_id"],
            "term": 1,
            "seq": self.seq,
            "epoch": epoch,
            "attempt": attempt,
            "state": state,
            "prev_hash": self.head,
            "commit_hash": commit_hash,
            "time": self.now,
            "receipts_hash": e2ee.receipts_hash(receipts),
        }
        entry = sign("entry", fields, key("hub"))
        self.seq += 1
        self.head = e2ee.entry_hash(entry)
        return entry

    def add(self, epoch: int, package: bytes) -> bytes:
        """A proposal against the epoch that the commit leaves."""
        return e2ee.external_add(self.seed, cast(bytes, self.params["group_id"]), epoch, 0, package)

    def packed_params(self) -> bytes:
        """As they cross."""
        return cast(bytes, msgpack.packb(self.params))


def grow(hub: Hub, members: list[e2ee.Member], joiner: e2ee.Member, server: e2ee.PublicGroup) -> None:
    """One addition, committed by leaf 0, to its end."""
    now, epoch = hub.now, server.epoch + 1
    package = joiner.key_package(now)
    checked = msgpack.unpackb(server.check_key_package(package, now))
    proposals = [hub.add(epoch - 1, package)]
    for member in members:
        member.propose(epoch, 0, 0, proposals, now)
    commit = msgpack.unpackb(members[0].commit(epoch, 0, now))
    staged = msgpack.unpackb(server.stage(epoch, 0, proposals, commit["commit"], commit["signature"], 0, now))
    entry = hub.entry("proposed", epoch, 0, staged["commit_hash"])
    receipts = []
    for member in members:
        receipt = member.stage(entry, commit["commit"], commit["signature"], now)
        assert receipt is not None
        receipts.append(receipt)
    welcome = server.split_welcome(commit["welcome"], checked["ref"])
    receipts.append(joiner.join(entry, welcome, server.tree(), hub.packed_params(), now))
    for receipt in receipts:
        fields = msgpack.unpackb(server.check_signed("receipt", receipt))
        assert fields["entry_hash"] == e2ee.entry_hash(entry)
    server.merge()
    reached = hub.entry("reached", epoch, 0, staged["commit_hash"], receipts)
    for member in [*members, joiner]:
        assert msgpack.unpackb(member.reached(reached, receipts, now))["epoch"] == epoch
    members.append(joiner)


def begin(hub: Hub) -> tuple[list[e2ee.Member], e2ee.PublicGroup]:
    """A meeting of one."""
    first = hub.member("alice")
    created = msgpack.unpackb(first.create(hub.packed_params(), hub.now))
    server = e2ee.PublicGroup.from_group_info(
        created["group_info"], created["tree"], hub.packed_params(), hub.trust(), hub.now
    )
    entry = hub.entry("reached", 0, 0, hashlib.sha256(created["group_info"]).digest())
    first.reached(entry, [], hub.now)
    return [first], server
