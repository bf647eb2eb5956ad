"""The signer's rules: one method per request, no socket, no file.

Besides the form of a request it refuses to contradict itself: two outcomes for one attempt, or two reached
commits for one epoch, would be proof of equivocation in its own hand (K4.7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core._native import e2ee
from core.errors import SignerRefused, StartError
from core.ports import Clock
from core.signer.audit import NoAudit, SignerAudit
from core.signer.bounds import BURST, PER_SECOND, Outcomes, Rate
from core.signer.keys import Authority, SignerKeys, TenantKeys
from core.signer.requests import (
    EnsureTenant,
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
from core.values import Person, Tenant

HUB_INDEX = 0
"""The hub's place in `external_senders` (K3.2)."""


class SignerService:
    """Answers requests with the keys it was given. One caller at a time. `audit` hears of every certificate,
    revocation and new key before it is handed out."""

    def __init__(
        self,
        keys: SignerKeys,
        clock: Clock,
        audit: SignerAudit | None = None,
        burst: int = BURST,
        per_second: float = PER_SECOND,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._audit = audit or NoAudit()
        self._rate = Rate(clock, burst, per_second)
        self._outcomes = Outcomes()
        self._handlers: Mapping[type[Request], Callable[[Any], object]] = {
            Info: lambda _: self._info(),
            EnsureTenant: self._ensure,
            IssueCertificate: self._issue,
            SignEntry: lambda request: self._entry(request.entry),
            ExternalAdd: self._external_add,
            ExternalRemove: self._external_remove,
            SignManifest: self._manifest,
            SignPolicy: self._policy,
            SignRevocation: self._revocation,
        }

    def answer(self, request: Request) -> object:
        """The reply to a request. SignerRefused when a rule forbids it."""
        try:
            return self._handlers[type(request)](request)
        except StartError as error:
            raise SignerRefused("keys_failed", str(error)) from error
        except e2ee.E2eeError as error:
            raise SignerRefused(error.args[0], str(error.args[1])) from error

    def _info(self) -> dict[str, object]:
        """Without a hub's keys their places are empty."""
        keys, now = self._keys, self._clock.now()
        return {
            "deployment": keys.deployment,
            "hub_key": keys.hub.public_key().public_bytes_raw() if keys.hub else b"",
            "manifest_key": keys.manifest.public_key().public_bytes_raw() if keys.manifest else b"",
            "roots": {
                tenant: [one.root for one in held.standing(now)] for tenant, held in keys.tenants.items()
            },
            "policy_keys": {tenant: held.policy_key for tenant, held in keys.tenants.items()},
        }

    def _ensure(self, request: EnsureTenant) -> None:
        """Only the deployment's own signer: a ministry's makes keys by its own people's hands alone."""
        self._hub()
        if request.tenant in self._keys.tenants:
            return
        now = self._clock.now()
        tenant = Tenant(request.tenant, self._keys.deployment, request.name, request.short, "#000000")
        self._audit.note(time=now, event="keys_made", tenant=tenant.id)
        self._keys.ensure(tenant, now)

    def _issue(self, request: IssueCertificate) -> list[bytes]:
        """K2.1: the key proves itself over the socket's nonce before it is certified."""
        person = Person(**request.person.model_dump())
        check_person(person, self._keys.deployment, set(self._keys.tenants))
        proven = msgpack.unpackb(e2ee.signed_open("certify", request.proof, request.public_key))
        claimed = (request.nonce, request.participant, request.public_key)
        if (proven["nonce"], proven["participant"], proven["public_key"]) != claimed:
            raise SignerRefused("proof_mismatch", "the proof is for another nonce, participant or key")
        authority = self._authority(person.tenant, request.roots)
        self._rate.take(person.tenant)
        assert authority.key is not None
        now = self._clock.now()
        leaf = issue(person, request.public_key, authority.root, authority.key, now)
        self._audit.note(
            time=now,
            event="certificate_issued",
            tenant=person.tenant,
            subject=person.subject,
            role=person.role.value,
            participant=request.participant,
            certificate=hashlib.sha256(leaf).digest(),
            root=authority.fingerprint,
        )
        return [leaf]

    def _authority(self, tenant: str, among: Collection[bytes]) -> Authority:
        authority = self._tenant(tenant).issuing(self._clock.now(), among)
        if authority is None:
            raise SignerRefused("root_unknown", f"none of the roots named for {tenant} issues here now")
        return authority

    def _entry(self, entry: EntryFields) -> bytes:
        self._outcomes.allow(entry)
        return sign("entry", {**entry.model_dump(), "state": entry.state.value}, self._hub())

    def _external_add(self, request: ExternalAdd) -> bytes:
        seed = self._hub().private_bytes_raw()
        return e2ee.external_add(seed, request.group_id, request.epoch, HUB_INDEX, request.key_package)

    def _external_remove(self, request: ExternalRemove) -> bytes:
        seed = self._hub().private_bytes_raw()
        return e2ee.external_remove(seed, request.group_id, request.epoch, HUB_INDEX, request.leaf)

    def _manifest(self, request: SignManifest) -> bytes:
        """Only what is true of this signer's own keys, and of those that its operator enrolled by hand: it
        never vouches for a root because a node asks it to."""
        self._hub()
        assert self._keys.manifest is not None
        manifest, now = request.manifest, self._clock.now()
        info = self._info()
        if manifest.deployment != info["deployment"] or manifest.key != info["manifest_key"]:
            raise SignerRefused("wrong_deployment", "the manifest is another deployment's")
        if manifest.hub_keys != [info["hub_key"]]:
            raise SignerRefused("wrong_key", "the manifest names another hub key")
        if len({tenant.tenant for tenant in manifest.tenants}) != len(manifest.tenants):
            raise SignerRefused("bad_request", "a tenant is named twice")
        for tenant in manifest.tenants:
            keys = self._tenant(tenant.tenant)
            roots = [one.root for one in keys.standing(now)]
            if tenant.roots != roots or tenant.policy_key != keys.policy_key:
                raise SignerRefused("wrong_key", f"the keys named for {tenant.tenant} are not its own")
        return sign("manifest", manifest.model_dump(), self._keys.manifest)

    def _policy(self, request: SignPolicy) -> bytes:
        policy = request.policy
        if policy.deployment != self._keys.deployment:
            raise SignerRefused("wrong_deployment", "the policy is another deployment's")
        key = self._tenant(policy.tenant).policy
        if key is None:
            raise SignerRefused("wrong_tenant", f"the keys of {policy.tenant} are in a signer elsewhere")
        return sign("policy", policy.model_dump(), key)

    def _revocation(self, request: SignRevocation) -> bytes:
        authority = self._authority(request.tenant, [request.root] if request.root else ())
        assert authority.key is not None
        fields = {
            "deployment": self._keys.deployment,
            "tenant": request.tenant,
            "fingerprint": request.fingerprint,
            "reason": request.reason,
            "time": self._clock.now(),
        }
        signed = sign("revocation", fields, authority.key)
        self._audit.note(
            time=fields["time"],
            event="certificate_revoked",
            tenant=request.tenant,
            certificate=request.fingerprint,
            root=authority.fingerprint,
        )
        return signed

    def _tenant(self, tenant: str) -> TenantKeys:
        keys = self._keys.tenants.get(tenant)
        if keys is None:
            raise SignerRefused("wrong_tenant", f"this signer has no keys for {tenant}")
        return keys

    def _hub(self) -> Ed25519PrivateKey:
        if self._keys.hub is None:
            raise SignerRefused("not_hub", "this signer certifies people and nothing else")
        return self._keys.hub


def sign(kind: Any, fields: Mapping[str, object], key: Ed25519PrivateKey) -> bytes:
    """A signed structure: our canonical encoding, signed with Ed25519, put together."""
    packed: bytes = msgpack.packb(dict(fields))
    to_be_signed = e2ee.signed_encode(kind, packed)
    return e2ee.signed_assemble(to_be_signed, key.sign(to_be_signed))
