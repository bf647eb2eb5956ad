"""The deployment's standing statements, its manifest and policies: kept in files, signed afresh only when
needed.

A kept file is public. One that cannot be opened with the signer's present key is replaced, with a greater
serial where the old one can still be read.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgpack

from core._native import e2ee
from core.errors import SignerError, SignerUnavailable, StartError
from core.federation.manifest import manifest_fields
from core.ports import Clock, Signer
from core.tenants.policy import TenantPolicy, policy_fields, says_the_same
from core.values import Deployment, SignerInfo, Tenant, UnixMillis

log = logging.getLogger("entente.statements")

Fields = Mapping[str, object]


async def declare(
    signer: Signer,
    clock: Clock,
    folder: Path,
    tenants: Sequence[Tenant],
    policies: Mapping[str, TenantPolicy],
    endpoints: Sequence[str],
) -> Deployment:
    """The deployment as its signed statements describe it. StartError when `folder` cannot be written.

    A crash between two files leaves valid statements of different age, which the next start mends.
    """
    info = await signer.info()
    now = clock.now()
    own = await _standing(
        folder / "manifest.bin",
        "manifest",
        info.manifest_key,
        lambda serial: manifest_fields(info, tenants, endpoints, serial, now),
        signer.sign_manifest,
        now,
    )
    signed: dict[str, bytes] = {}
    for tenant in tenants:
        if info.roots.get(tenant.id):
            policy = policies.get(tenant.id, TenantPolicy())
            statement = await _policy(signer, info, folder, tenant.id, policy, now)
            signed |= {tenant.id: statement} if statement else {}
    return Deployment(
        id=info.deployment,
        tenants=tuple(tenants),
        manifests=(own,),
        policies=signed,
        suites={tenant: policies.get(tenant, TenantPolicy()).suites for tenant in signed},
        hub_keys=(info.hub_key,),
        roots={
            tenant: tuple(hashlib.sha256(root).digest() for root in info.roots[tenant]) for tenant in signed
        },
    )


async def _policy(
    signer: Signer, info: SignerInfo, folder: Path, tenant: str, policy: TenantPolicy, now: UnixMillis
) -> bytes | None:
    """The tenant's policy. While a signer elsewhere does not answer, the one kept, as long as it is valid;
    None where there is none, and then nobody of this tenant can join."""
    path, key = folder / f"policy-{tenant}.bin", info.policy_keys[tenant]
    try:
        return await _standing(
            path,
            "policy",
            key,
            lambda serial: policy_fields(policy, info.deployment, tenant, serial, now),
            lambda fields: signer.sign_policy(tenant, fields),
            now,
        )
    except SignerError as error:
        # Silent, refusing or lying: it concerns its own tenant alone.
        log.warning("the signer of %s signs no policy: %s", tenant, error.code)
        kept = _kept(path)
        try:
            said = msgpack.unpackb(e2ee.signed_open("policy", kept, key))
        except e2ee.E2eeError:
            return None
        return kept if said["not_after"] > now else None


async def _standing(
    path: Path,
    kind: Literal["manifest", "policy"],
    key: bytes,
    fields: Callable[[int], Fields],
    sign: Callable[[Fields], Awaitable[bytes]],
    now: Any,
) -> bytes:
    """The kept statement if it still says what is true, else a fresh one."""
    kept = _kept(path)
    serial = 0
    if kept:
        try:
            said = msgpack.unpackb(e2ee.signed_open(kind, kept, key))
            if says_the_same(said, fields(0), now):
                return kept
            serial = said["serial"]
        except e2ee.E2eeError:
            serial = _serial_of(kind, kept)
    made = await sign(fields(serial + 1))
    try:
        e2ee.signed_open(kind, made, key)
    except e2ee.E2eeError as error:
        raise SignerUnavailable(f"what it signed as {kind} does not hold") from error
    _replace(path, made)
    return made


def _serial_of(kind: Literal["manifest", "policy"], kept: bytes) -> int:
    """The serial of a statement under an older key; 0 when it is not readable at all."""
    try:
        return int(msgpack.unpackb(e2ee.signed_peek(kind, kept))["serial"])
    except e2ee.E2eeError:
        return 0


def _kept(path: Path) -> bytes:
    """The statement in the file; empty when there is none."""
    return path.read_bytes() if path.exists() else b""


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StartError(f"{path} cannot be written: {error.strerror}.") from error
