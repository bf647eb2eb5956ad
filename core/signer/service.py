"""The signer's rules: one method per request, no socket, no file.

Besides the form of a request it refuses to contradict itself: two outcomes for one attempt, or two reached
commits for one epoch, would be proof of equivocation in its own hand (K4.7).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core._native import e2ee
from core.errors import SignerRefused
from core.ports import Clock
from core.signer.keys import SignerKeys, TenantKeys
from core.signer.requests import (
    EntryFields,
    ExternalAdd,
    ExternalRemove,
    Info,
    IssueCertificate,
    Request,
    SignEntry,
    SignManifest,
    SignPolicy,
    SignRevocation,
)
from core.tenants.authority import check_person, issue
from core.values import EntryState, Person

OUTCOMES_KEPT = 65_536
"""Outcomes remembered, oldest first out: a day of a busy deployment. A restart forgets; the store's index
does not."""

HUB_INDEX = 0
"""The hub's place in `external_senders` (K3.2)."""


class Outcomes:
    """What this signer has declared about attempts and epochs."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[tuple[bytes, int, int], EntryState] = OrderedDict()
        self._reached: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()

    def allow(self, entry: EntryFields) -> None:
        """Remember the entry's statement. SignerRefused when it contradicts an earlier one; repeating is
        fine."""
        if entry.state is EntryState.PROPOSED:
            return
        attempt = (entry.group, entry.epoch, entry.attempt)
        if self._attempts.get(attempt, entry.state) is not entry.state:
            raise SignerRefused("contradiction", "the attempt has another outcome already")
        epoch = (entry.group, entry.epoch)
        if entry.state is EntryState.REACHED:
            if self._reached.get(epoch, entry.commit_hash) != entry.commit_hash:
                raise SignerRefused("contradiction", "the epoch was reached by another commit")
            self._reached[epoch] = entry.commit_hash
        self._attempts[attempt] = entry.state
        for table in (self._attempts, self._reached):
            while len(table) > OUTCOMES_KEPT:
                table.popitem(last=False)


class SignerService:
    """Answers requests with the keys it was given. One caller at a time."""

    def __init__(self, keys: SignerKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._outcomes = Outcomes()

    def answer(self, request: Request) -> object:
        """The reply to a request. SignerRefused when a rule forbids it."""
        try:
            match request:
                case Info():
                    return self._info()
                case IssueCertificate():
                    return self._issue(request)
                case SignEntry():
                    return self._entry(request.entry)
                case ExternalAdd(group_id=group, epoch=epoch, key_package=package):
                    return e2ee.external_add(self._hub_seed(), group, epoch, HUB_INDEX, package)
                case ExternalRemove(group_id=group, epoch=epoch, leaf=leaf):
                    return e2ee.external_remove(self._hub_seed(), group, epoch, HUB_INDEX, leaf)
                case SignManifest():
                    return self._manifest(request)
                case SignPolicy():
                    return self._policy(request)
                case SignRevocation():
                    return self._revocation(request)
        except e2ee.E2eeError as error:
            raise SignerRefused(error.args[0], str(error.args[1])) from error

    def _info(self) -> dict[str, object]:
        tenants = self._keys.tenants.items()
        return {
            "deployment": self._keys.deployment,
            "hub_key": self._keys.hub.public_key().public_bytes_raw(),
            "manifest_key": self._keys.manifest.public_key().public_bytes_raw(),
            "roots": {tenant: keys.root for tenant, keys in tenants},
            "policy_keys": {tenant: keys.policy.public_key().public_bytes_raw() for tenant, keys in tenants},
        }

    def _issue(self, request: IssueCertificate) -> list[bytes]:
        """K2.1: the key proves itself over the socket's nonce before it is certified."""
        person = Person(**request.person.model_dump())
        check_person(person, self._keys.deployment, set(self._keys.tenants))
        proven = msgpack.unpackb(e2ee.signed_open("certify", request.proof, request.public_key))
        claimed = (request.nonce, request.participant, request.public_key)
        if (proven["nonce"], proven["participant"], proven["public_key"]) != claimed:
            raise SignerRefused("proof_mismatch", "the proof is for another nonce, participant or key")
        keys = self._keys.tenants[person.tenant]
        return [issue(person, request.public_key, keys.root, keys.authority, self._clock.now())]

    def _entry(self, entry: EntryFields) -> bytes:
        self._outcomes.allow(entry)
        return sign("entry", {**entry.model_dump(), "state": entry.state.value}, self._keys.hub)

    def _manifest(self, request: SignManifest) -> bytes:
        """Only what is true of this signer's own keys: it never vouches for another's root."""
        manifest = request.manifest
        info = self._info()
        if manifest.deployment != info["deployment"] or manifest.key != info["manifest_key"]:
            raise SignerRefused("wrong_deployment", "the manifest is another deployment's")
        if manifest.hub_keys != [info["hub_key"]]:
            raise SignerRefused("wrong_key", "the manifest names another hub key")
        if len({tenant.tenant for tenant in manifest.tenants}) != len(manifest.tenants):
            raise SignerRefused("bad_request", "a tenant is named twice")
        for tenant in manifest.tenants:
            keys = self._tenant(tenant.tenant)
            if (
                tenant.roots != [keys.root]
                or tenant.policy_key != keys.policy.public_key().public_bytes_raw()
            ):
                raise SignerRefused("wrong_key", f"the keys named for {tenant.tenant} are not its own")
        return sign("manifest", manifest.model_dump(), self._keys.manifest)

    def _policy(self, request: SignPolicy) -> bytes:
        policy = request.policy
        if policy.deployment != self._keys.deployment:
            raise SignerRefused("wrong_deployment", "the policy is another deployment's")
        return sign("policy", policy.model_dump(), self._tenant(policy.tenant).policy)

    def _revocation(self, request: SignRevocation) -> bytes:
        fields = {
            "deployment": self._keys.deployment,
            "tenant": request.tenant,
            "fingerprint": request.fingerprint,
            "reason": request.reason,
            "time": self._clock.now(),
        }
        return sign("revocation", fields, self._tenant(request.tenant).authority)

    def _tenant(self, tenant: str) -> TenantKeys:
        keys = self._keys.tenants.get(tenant)
        if keys is None:
            raise SignerRefused("wrong_tenant", f"this signer has no keys for {tenant}")
        return keys

    def _hub_seed(self) -> bytes:
        return self._keys.hub.private_bytes_raw()


def sign(kind: Any, fields: Mapping[str, object], key: Ed25519PrivateKey) -> bytes:
    """A signed structure: our canonical encoding, signed with Ed25519, put together."""
    packed: bytes = msgpack.packb(dict(fields))
    to_be_signed = e2ee.signed_encode(kind, packed)
    return e2ee.signed_assemble(to_be_signed, key.sign(to_be_signed))
