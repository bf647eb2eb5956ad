"""What the delivery service of one meeting is given: its ports, and the facts every group of it repeats."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgpack

from core._native import e2ee
from core.e2ee.voice import Offload, Voice
from core.ports import Clock, GroupStore, Rng, Signer


@dataclass(frozen=True, slots=True)
class MeetingKeys:
    """The facts a group's parameters carry (K3.1); `label` is the meeting's in the log (K9.2)."""

    meeting: str
    label: bytes = field(repr=False)
    hub: str
    hub_keys: tuple[bytes, ...]
    policy_hash: bytes
    manifest_set_hash: bytes
    suite: int
    term: int = 1

    def params(self, group_id: bytes, prior: e2ee.Prior | None) -> bytes:
        """Msgpack of GroupParams for a new group."""
        fields: e2ee.GroupParams = {
            "version": e2ee.PROTOCOL_VERSION,
            "group_id": group_id,
            "meeting": self.label,
            "term": self.term,
            "hub": self.hub,
            "hub_keys": list(self.hub_keys),
            "policy_hash": self.policy_hash,
            "manifest_set_hash": self.manifest_set_hash,
            "suite": self.suite,
            "sframe": {"suite": 4},
            "prior": prior,
        }
        return bytes(msgpack.packb(fields))


@dataclass(frozen=True, slots=True)
class Context:
    """Ports and facts of one meeting's delivery service."""

    keys: MeetingKeys
    trust: e2ee.Trust
    store: GroupStore
    signer: Signer
    clock: Clock
    rng: Rng
    voice: Voice
    offload: Offload
