"""A root takes over from another (K2.3): both count meanwhile, and then the older is gone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest

from core.errors import SignerRefused, StartError
from core.signer.keys import OVERLAP, open_keys
from core.signer.vault import FileVault
from core.tenants.authority import issuer_of
from core.values import UnixMillis
from tests.support.clock import FakeClock
from tests.support.people import DEPLOYMENT, TENANTS, person
from tests.support.signer import LocalSigner
from tests.unit.core.signer.test_service import request, trust

EXEMPLE = TENANTS[0]


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def test_whoever_knows_the_new_root_gets_it_and_whoever_does_not_the_old_one_k2_3(
    signer: LocalSigner, clock: FakeClock
) -> None:
    (old,) = (await signer.info()).roots["exemple"]
    before = await signer.issue_certificate(request(person()))
    signer.keys.rotate(EXEMPLE, clock.now(), clock.now())
    info = await signer.info()
    new, second = info.roots["exemple"]
    assert second == old and len(info.roots["beispiel"]) == 1
    (fresh,) = await signer.issue_certificate(request(person()))
    (both,) = await signer.issue_certificate(replace(request(person()), roots=(digest(old), digest(new))))
    (running,) = await signer.issue_certificate(replace(request(person()), roots=(digest(old),)))
    assert [issuer_of(one, info.roots["exemple"]) for one in (*before, fresh, both, running)] == [
        old,
        new,
        new,
        old,
    ]
    view = await trust(signer, clock.now())
    for leaf in (*before, fresh, running):
        assert msgpack.unpackb(view.verify_chain([leaf], clock.now()))["tenant"] == "exemple"
    with pytest.raises(SignerRefused) as refused:
        await signer.issue_certificate(replace(request(person()), roots=(digest(b"foreign"),)))
    assert refused.value.code == "root_unknown"


async def test_a_revocation_is_signed_under_the_root_that_issued_k2_4(
    signer: LocalSigner, clock: FakeClock
) -> None:
    view = await trust(signer, clock.now())
    (old,) = (await signer.info()).roots["exemple"]
    signer.keys.rotate(EXEMPLE, clock.now(), clock.now())
    signed = await signer.sign_revocation("exemple", b"f" * 32, "lost", digest(old))
    assert msgpack.unpackb(view.open_revocation(signed))["reason"] == "lost", "a running meeting knows it"
    assert await signer.sign_revocation("exemple", b"f" * 32, "lost") != signed


async def test_the_old_root_retires_after_the_longest_life_of_a_leaf_and_is_destroyed(
    signer: LocalSigner, clock: FakeClock, tmp_path: Path
) -> None:
    (old,) = (await signer.info()).roots["exemple"]
    signer.keys.rotate(EXEMPLE, clock.now(), clock.now())
    await clock.advance(OVERLAP / 1000 - 1)
    assert await signer.issue_certificate(replace(request(person()), roots=(digest(old),)))
    await clock.advance(1)
    assert len((await signer.info()).roots["exemple"]) == 1
    for late in (
        signer.issue_certificate(replace(request(person()), roots=(digest(old),))),
        signer.sign_revocation("exemple", b"f" * 32, "lost", digest(old)),
    ):
        with pytest.raises(SignerRefused, match="root_unknown"):
            await late
    assert (tmp_path / "keys/exemple-authority.pem").exists()
    signer.keys.rotate(EXEMPLE, clock.now(), clock.now())
    assert not (tmp_path / "keys/exemple-authority.pem").exists()
    assert not (tmp_path / "keys/exemple-root.pem").exists()
    again = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, clock)
    assert (await again.info()).roots == (await signer.info()).roots


async def test_a_root_that_is_to_come_is_published_and_does_not_issue_yet(
    signer: LocalSigner, clock: FakeClock
) -> None:
    (old,) = (await signer.info()).roots["exemple"]
    start = UnixMillis(clock.now() + 7 * 86_400_000)
    signer.keys.rotate(EXEMPLE, start, clock.now())
    new, _ = (await signer.info()).roots["exemple"]
    (leaf,) = await signer.issue_certificate(request(person()))
    assert issuer_of(leaf, (new, old)) == old
    with pytest.raises(StartError, match="to take over already"):
        signer.keys.rotate(EXEMPLE, clock.now(), clock.now())
    await clock.advance(7 * 86_400)
    (leaf,) = await signer.issue_certificate(request(person()))
    assert issuer_of(leaf, (new, old)) == new
    assert len((await signer.info()).roots["exemple"]) == 2
    await clock.advance(OVERLAP / 1000)
    assert (await signer.info()).roots["exemple"] == (new,)


async def test_a_running_signer_sees_a_ceremony_in_its_folder_and_one_cut_short_is_taken_up(
    signer: LocalSigner, clock: FakeClock, tmp_path: Path
) -> None:
    FileVault(tmp_path / "keys").make("exemple-authority-2")  # a crash here: a key without its root
    assert not signer.keys.refresh()
    by_hand = open_keys(tmp_path / "keys", DEPLOYMENT, TENANTS, clock.now())
    made = by_hand.rotate(EXEMPLE, clock.now(), clock.now())
    assert len((await signer.info()).roots["exemple"]) == 1
    assert signer.keys.refresh() and not signer.keys.refresh()
    assert (await signer.info()).roots["exemple"][0] == made.root


async def test_a_new_tenant_has_keys_without_a_restart_and_after_one(
    signer: LocalSigner, clock: FakeClock, tmp_path: Path
) -> None:
    for _ in range(2):
        await signer.ensure_tenant("ejemplo", "Ministerio del Ejemplo", "Ejemplo")
    info = await signer.info()
    assert len(info.roots["ejemplo"]) == 1
    again = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, clock)
    assert (await again.info()) == info
    (leaf,) = await again.issue_certificate(request(person("e-1", "ejemplo")))
    assert issuer_of(leaf, info.roots["ejemplo"])


async def test_the_own_signer_vouches_for_a_root_made_elsewhere_once_its_operator_enrolled_it(
    clock: FakeClock, tmp_path: Path
) -> None:
    theirs = open_keys(tmp_path / "theirs", DEPLOYMENT, [EXEMPLE], clock.now(), hub=False)
    ours = open_keys(tmp_path / "ours", DEPLOYMENT, TENANTS, clock.now(), enrolled=["exemple"])
    assert "exemple" not in ours.tenants and not list((tmp_path / "ours").glob("exemple*"))
    held = theirs.tenants["exemple"]
    ours.enrol("exemple", held.authorities[0].root, held.policy_key)
    with pytest.raises(StartError, match="known already"):
        ours.enrol("exemple", held.authorities[0].root, held.policy_key)
    with pytest.raises(StartError, match="no tenant of a signer elsewhere"):
        ours.enrol("beispiel", held.authorities[0].root, held.policy_key)
    assert ours.tenants["exemple"].standing(clock.now())[0].root == held.authorities[0].root
    with pytest.raises(StartError, match="no keys of exemple"):
        ours.rotate(EXEMPLE, clock.now(), clock.now())
    new = theirs.rotate(EXEMPLE, clock.now(), clock.now())
    ours.enrol("exemple", new.root, held.policy_key)
    assert [one.root for one in ours.tenants["exemple"].standing(clock.now())] == [
        one.root for one in theirs.tenants["exemple"].standing(clock.now())
    ]
    with pytest.raises(StartError, match="another policy key"):
        ours.enrol("exemple", theirs.rotate(EXEMPLE, clock.now(), clock.now()).root, bytes(32))
