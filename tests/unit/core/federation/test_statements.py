"""Manifest and policies: signed once, signed again only when they say something new or run out."""

from __future__ import annotations

from pathlib import Path

import msgpack

from core._native import e2ee
from core.federation.statements import declare
from core.tenants.policy import CLASSICAL, HYBRID, LIFE, RENEW, TenantPolicy
from core.values import Deployment
from tests.support.clock import FakeClock
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.signer import LocalSigner


async def declared(
    folder: Path, signer: LocalSigner, clock: FakeClock, policies: dict[str, TenantPolicy] | None = None
) -> Deployment:
    """The deployment as a start would declare it."""
    return await declare(signer, clock, folder, TENANTS, policies or {}, ())


def new_signer(folder: Path, clock: FakeClock) -> LocalSigner:
    """A signer with its keys in `folder`."""
    return LocalSigner(folder, DEPLOYMENT, TENANTS, clock)


async def test_a_client_trusts_what_is_declared(tmp_path: Path) -> None:
    clock = FakeClock()
    deployment = await declared(tmp_path, new_signer(tmp_path / "keys", clock), clock)
    trust = e2ee.Trust(list(deployment.manifests), deployment.policies["exemple"], DEPLOYMENT, clock.now())
    assert trust.suites == [HYBRID] == list(deployment.suites["exemple"])
    assert set(deployment.policies) == {"exemple", "beispiel"}


async def test_a_restart_keeps_what_still_holds(tmp_path: Path) -> None:
    clock = FakeClock()
    first = await declared(tmp_path, new_signer(tmp_path / "keys", clock), clock)
    await clock.advance(3600)
    signer = new_signer(tmp_path / "keys", clock)
    assert await declared(tmp_path, signer, clock) == first
    assert signer.requests == ["info"]


async def test_a_new_policy_has_a_greater_serial_and_leaves_the_manifest(tmp_path: Path) -> None:
    clock = FakeClock()
    signer = new_signer(tmp_path / "keys", clock)
    first = await declared(tmp_path, signer, clock)
    changed = {"exemple": TenantPolicy((HYBRID, CLASSICAL), guests=False)}
    second = await declared(tmp_path, signer, clock, changed)
    key = (await signer.info()).policy_keys["exemple"]
    one = msgpack.unpackb(e2ee.signed_open("policy", first.policies["exemple"], key))
    two = msgpack.unpackb(e2ee.signed_open("policy", second.policies["exemple"], key))
    assert (one["serial"], two["serial"]) == (1, 2)
    assert (two["suites"], two["guests"]) == ([HYBRID, CLASSICAL], False)
    assert second.manifests == first.manifests
    assert second.policies["beispiel"] == first.policies["beispiel"]


async def test_statements_are_renewed_before_they_run_out(tmp_path: Path) -> None:
    clock = FakeClock()
    signer = new_signer(tmp_path / "keys", clock)
    first = await declared(tmp_path, signer, clock)
    await clock.advance((LIFE - RENEW) / 1000 - 1)
    assert (await declared(tmp_path, signer, clock)).manifests == first.manifests
    await clock.advance(2)
    assert (await declared(tmp_path, signer, clock)).manifests != first.manifests


async def test_a_tampered_or_foreign_file_is_replaced(tmp_path: Path) -> None:
    clock = FakeClock()
    signer = new_signer(tmp_path / "keys", clock)
    first = await declared(tmp_path, signer, clock)
    kept = tmp_path / "manifest.bin"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # a zero would be what stood there, once in sixteen
    second = await declared(tmp_path, signer, clock)
    key = (await signer.info()).manifest_key
    assert msgpack.unpackb(e2ee.signed_open("manifest", second.manifests[0], key))["serial"] == 2
    assert second.manifests != first.manifests
    kept.write_bytes(b"nonsense")
    third = await declared(tmp_path, signer, clock)
    assert msgpack.unpackb(e2ee.signed_open("manifest", third.manifests[0], key))["serial"] == 1
