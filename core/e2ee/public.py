"""The hub's view of the tree: the native public group, its values typed, its refusals turned into ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgpack

from core._native import e2ee
from core.e2ee.members import Certificate
from core.e2ee.voice import Offload
from core.errors import PeerError
from core.values import UnixMillis


@dataclass(frozen=True, slots=True)
class CheckedPackage:
    """A key package that may join."""

    ref: bytes
    leaf_key: bytes
    uri: tuple[str, str, str]
    """Deployment, tenant and subject of its certificate."""
    keys: frozenset[bytes]
    """Every public key in it: of no two people may one be the same (RFC 9420 section 12.2)."""
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class StagedCommit:
    """A commit that keeps the rules of K3.2; `tree` is the one it leads to."""

    commit_hash: bytes
    tree: bytes


def refused(code: str, error: e2ee.E2eeError) -> PeerError:
    """Our error for a native refusal: its stable code is the detail."""
    return PeerError(code, str(error.args[0]))


class PublicTree:
    """Order of calls: `stage`, then `merge` or `discard`; the rest at any time."""

    def __init__(self, group: e2ee.PublicGroup, offload: Offload) -> None:
        self._group = group
        self._offload = offload

    @classmethod
    async def open(
        cls,
        group_info: bytes,
        tree: bytes,
        params: bytes,
        trust: e2ee.Trust,
        now: UnixMillis,
        offload: Offload,
    ) -> PublicTree:
        """The group as its creator announced it. PeerError `commit_refused` when it breaks a rule."""
        try:
            group = await offload(
                lambda: e2ee.PublicGroup.from_group_info(group_info, tree, params, trust, now)
            )
        except e2ee.E2eeError as error:
            raise refused("commit_refused", error) from None
        return cls(group, offload)

    @property
    def epoch(self) -> int:
        """The last merged epoch."""
        return self._group.epoch

    def size(self) -> int:
        """How many leaves are taken."""
        return len(msgpack.unpackb(self._group.members()))

    def certificates(self) -> set[Certificate]:
        """Those of everybody in the last merged epoch."""
        lines = cast("list[e2ee.Leaf]", msgpack.unpackb(self._group.members()))
        found = [line["identity"] for line in lines]
        return {(one["deployment"], one["tenant"], one["fingerprint"]) for one in found}

    def leaf_of(self, leaf_key: bytes) -> int | None:
        """The leaf that has this key."""
        return self._group.leaf_of(leaf_key)

    async def check_key_package(self, data: bytes, now: UnixMillis) -> CheckedPackage:
        """Chain, lifetime, suite (K2.2). PeerError `key_package_refused` or `suite_refused`."""
        try:
            raw = await self._offload(lambda: self._group.check_key_package(data, now))
        except e2ee.E2eeError as error:
            code = "suite_refused" if "suite" in str(error.args[0]) else "key_package_refused"
            raise refused(code, error) from None
        checked = cast("e2ee.CheckedKeyPackage", msgpack.unpackb(raw))
        identity = checked["identity"]
        uri = (identity["deployment"], identity["tenant"], identity["subject"])
        keys = frozenset({checked["public_key"], checked["init_key"], checked["encryption_key"]})
        certificate = (identity["deployment"], identity["tenant"], identity["fingerprint"])
        return CheckedPackage(checked["ref"], checked["public_key"], uri, keys, certificate)

    async def stage(
        self,
        epoch: int,
        attempt: int,
        proposals: Sequence[bytes],
        commit: bytes,
        signature: bytes,
        committer: int,
        now: UnixMillis,
    ) -> StagedCommit:
        """Check a submission against the announced proposals. PeerError `commit_refused`."""
        call = self._group.stage
        try:
            raw = await self._offload(
                lambda: call(epoch, attempt, proposals, commit, signature, committer, now)
            )
        except e2ee.E2eeError as error:
            raise refused("commit_refused", error) from None
        staged = cast("e2ee.Staged", msgpack.unpackb(raw))
        return StagedCommit(staged["commit_hash"], await self._offload(self._group.tree))

    def receipt(self, data: bytes) -> e2ee.Receipt:
        """A receipt whose signature is that of the leaf it names. PeerError `receipt_refused`."""
        try:
            return cast("e2ee.Receipt", msgpack.unpackb(self._group.check_signed("receipt", data)))
        except e2ee.E2eeError as error:
            raise refused("receipt_refused", error) from None

    def failure(self, data: bytes) -> e2ee.FailureReport:
        """A signed report of failure. PeerError `receipt_refused`."""
        try:
            found = msgpack.unpackb(self._group.check_signed("failure_report", data))
        except e2ee.E2eeError as error:
            raise refused("receipt_refused", error) from None
        return cast("e2ee.FailureReport", found)

    def revoke(self, data: bytes, now: UnixMillis) -> list[int]:
        """The leaves a verified revocation concerns."""
        try:
            return cast("list[int]", msgpack.unpackb(self._group.revoke(data, now)))
        except e2ee.E2eeError as error:
            raise refused("commit_refused", error) from None

    async def welcomes_for(self, welcome: bytes, refs: Sequence[bytes]) -> list[bytes]:
        """Each joiner's own part of a Welcome. PeerError `commit_refused` when one is missing."""
        split = e2ee.PublicGroup.split_welcome
        try:
            return await self._offload(lambda: [split(welcome, ref) for ref in refs])
        except e2ee.E2eeError as error:
            raise refused("commit_refused", error) from None

    def merge(self) -> None:
        """Make the staged commit the current epoch."""
        self._group.merge()

    def discard(self) -> None:
        """Drop the staged commit."""
        self._group.discard()
