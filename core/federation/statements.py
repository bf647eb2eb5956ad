"""The deployment's standing statements, its manifest and policies: kept in files, signed afresh only when
needed.

A kept file is public. One that cannot be opened with the signer's present key is replaced, with a greater
serial where the old one can still be read.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgpack

from core._native import e2ee
from core.errors import StartError
from core.federation.manifest import manifest_fields
from core.ports import Clock, Signer
from core.tenants.policy import TenantPolicy, policy_fields, says_the_same
from core.values import Deployment, Tenant

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
        policy = policies.get(tenant.id, TenantPolicy())
        signed[tenant.id] = await _standing(
            folder / f"policy-{tenant.id}.bin",
            "policy",
            info.policy_keys[tenant.id],
            lambda serial, t=tenant.id, p=policy: policy_fields(p, info.deployment, t, serial, now),  # type: ignore[misc]
            lambda fields, t=tenant.id: signer.sign_policy(t, fields),  # type: ignore[misc]
            now,
        )
    return Deployment(
        id=info.deployment,
        tenants=tuple(tenants),
        manifests=(own,),
        policies=signed,
        suites={t.id: policies.get(t.id, TenantPolicy()).suites for t in tenants},
        hub_keys=(info.hub_key,),
    )


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


async def declare_policy(
    signer: Signer, clock: Clock, folder: Path, tenant: str, policy: TenantPolicy
) -> bytes:
    """One tenant's policy, signed afresh when it says something new. SignerError; StartError."""
    info = await signer.info()
    now = clock.now()
    return await _standing(
        folder / f"policy-{tenant}.bin",
        "policy",
        info.policy_keys[tenant],
        lambda serial: policy_fields(policy, info.deployment, tenant, serial, now),
        lambda fields: signer.sign_policy(tenant, fields),
        now,
    )
