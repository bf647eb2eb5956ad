"""What the signer signs, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgpack
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from core._native import e2ee
from core.errors import SignerRefused
from core.federation.manifest import manifest_fields
from core.tenants.policy import TenantPolicy, policy_fields
from core.values import Assurance, CertificateRequest, Person, Role, UnixMillis
from gateway.system import SystemClock
from tests.support import people
from tests.support.clock import START, FakeClock
from tests.support.signer import LocalSigner

NONCE = b"n" * 32


def request(person: Person, key: e2ee.LeafKey | None = None) -> CertificateRequest:
    """A request as the socket makes it, with an honest proof."""
    key = key or e2ee.LeafKey.generate()
    return CertificateRequest(person, "p_1", key.public, NONCE, key.sign_certify(NONCE, "p_1"))


def guest() -> Person:
    """A guest of `exemple`."""
    return replace(
        people.person("g-1", name="Ann"), name_checked=False, role=Role.GUEST, assurance=Assurance.LOW
    )


async def trust(signer: LocalSigner, now: UnixMillis = START) -> e2ee.Trust:
    """The clients' view of this deployment."""
    info = await signer.info()
    manifest = await signer.sign_manifest(manifest_fields(info, people.TENANTS, (), 1, now))
    policy = await signer.sign_policy(
        "exemple", policy_fields(TenantPolicy(), people.DEPLOYMENT, "exemple", 1, now)
    )
    return e2ee.Trust([manifest], policy, people.DEPLOYMENT, now)


@pytest.mark.parametrize(
    "person", [people.person(), guest(), people.person("b-1", "beispiel", "Jürgen Weiß")]
)
async def test_a_client_reads_in_the_certificate_what_the_tenant_said_k2_1(
    signer: LocalSigner, person: Person
) -> None:
    asked = request(person)
    chain = await signer.issue_certificate(asked)
    identity = msgpack.unpackb((await trust(signer)).verify_chain(list(chain), START))
    assert identity["deployment"] == people.DEPLOYMENT
    assert identity["tenant"] == person.tenant and identity["subject"] == person.subject
    assert identity["name"] == person.name and identity["name_checked"] is person.name_checked
    assert identity["role"] == person.role.value and identity["assurance"] == person.assurance.value
    assert identity["leaf_public_key"] == asked.public_key


async def test_a_certificate_lives_a_day_and_began_five_minutes_ago_k2_1(signer: LocalSigner) -> None:
    (leaf,) = await signer.issue_certificate(request(people.person()))
    certificate = x509.load_der_x509_certificate(leaf)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life.total_seconds() * 1000 == e2ee.MAX_CERTIFICATE_MS
    assert START / 1000 - certificate.not_valid_before_utc.timestamp() == 300
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier("entente://test.localhost/exemple/x-1")]
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Camille Durand"
    for oid in (e2ee.OID_ROLE, e2ee.OID_ASSURANCE, e2ee.OID_NAME_CHECKED):
        assert not certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).critical
        assert oid.startswith("2.25.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"deployment": "other.localhost"}, "wrong_tenant"),
        ({"tenant": "unknown"}, "wrong_tenant"),
        ({"subject": "../x"}, "bad_subject"),
        ({"subject": ""}, "bad_subject"),
        ({"name": ""}, "bad_name"),
        ({"name": "x" * 65}, "bad_name"),
        ({"name": "left\u202eright"}, "bad_name"),
        ({"name_checked": False}, "name_unchecked"),
        ({"role": Role.GUEST}, "guest_assurance"),
        ({"role": Role.AGENT}, "role_refused"),
        ({"role": Role.RECIPIENT}, "role_refused"),
    ],
)
async def test_nobody_is_certified_as_what_they_are_not_k2_1(
    signer: LocalSigner, change: dict[str, object], code: str
) -> None:
    with pytest.raises(SignerRefused) as refused:
        await signer.issue_certificate(request(replace(people.person(), **change)))  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_a_key_that_does_not_prove_itself_is_not_certified_k2_1(signer: LocalSigner) -> None:
    honest = request(people.person())
    other = e2ee.LeafKey.generate()
    for wrong in (
        replace(honest, nonce=b"m" * 32),
        replace(honest, participant="p_2"),
        replace(honest, public_key=other.public),
        replace(honest, proof=other.sign_certify(NONCE, "p_1")),
        replace(honest, proof=honest.proof[:-1]),
        replace(honest, proof=b""),
    ):
        with pytest.raises(SignerRefused):
            await signer.issue_certificate(wrong)
    await signer.issue_certificate(honest)


def entry(**change: object) -> dict[str, object]:
    """Fields of a reached entry."""
    return {
        "meeting": b"m" * 32,
        "group": b"g" * 16,
        "term": 1,
        "seq": 2,
        "epoch": 1,
        "attempt": 0,
        "state": "reached",
        "prev_hash": bytes(32),
        "commit_hash": b"c" * 32,
        "time": START,
        "receipts_hash": bytes(32),
        **change,
    }


async def test_an_entry_opens_with_the_hubs_key(signer: LocalSigner) -> None:
    signed = await signer.sign_entry(entry())
    hub = (await signer.info()).hub_key
    assert msgpack.unpackb(e2ee.signed_open("entry", signed, hub)) == entry()


async def test_the_signer_does_not_contradict_itself_k4_7(signer: LocalSigner) -> None:
    await signer.sign_entry(entry(state="proposed"))
    await signer.sign_entry(entry())
    await signer.sign_entry(entry(time=START + 5))
    for change in (
        {"state": "withdrawn"},
        {"commit_hash": b"d" * 32},
        {"attempt": 1, "commit_hash": b"d" * 32},
    ):
        with pytest.raises(SignerRefused) as refused:
            await signer.sign_entry(entry(**change))
        assert refused.value.code == "contradiction"
    await signer.sign_entry(entry(epoch=2, state="withdrawn"))
    with pytest.raises(SignerRefused):
        await signer.sign_entry(entry(epoch=2, state="reached"))
    await signer.sign_entry(entry(group=b"h" * 16, state="withdrawn"))


async def test_a_manifest_of_other_keys_is_not_signed_k2_3(signer: LocalSigner) -> None:
    info = await signer.info()
    good = manifest_fields(info, people.TENANTS, (), 1, START)
    await signer.sign_manifest(good)
    first, second = good["tenants"]  # type: ignore[misc]
    swapped = [{**first, "roots": second["roots"]}, second]  # type: ignore[has-type]
    for wrong in (
        {"deployment": "other.localhost"},
        {"key": bytes(32)},
        {"hub_keys": [bytes(32)]},
        {"tenants": swapped},
        {"tenants": [first, first]},  # type: ignore[has-type]
    ):
        with pytest.raises(SignerRefused):
            await signer.sign_manifest({**good, **wrong})


async def test_a_policy_is_signed_by_its_own_tenant(signer: LocalSigner) -> None:
    info = await signer.info()
    fields = policy_fields(TenantPolicy(), people.DEPLOYMENT, "beispiel", 1, START)
    signed = await signer.sign_policy("beispiel", fields)
    e2ee.signed_open("policy", signed, info.policy_keys["beispiel"])
    with pytest.raises(e2ee.E2eeError):
        e2ee.signed_open("policy", signed, info.policy_keys["exemple"])
    with pytest.raises(SignerRefused):
        await signer.sign_policy("unknown", fields)


async def test_a_revocation_is_signed_by_the_tenants_root_k2_4(signer: LocalSigner, clock: FakeClock) -> None:
    await clock.advance(3)
    signed = await signer.sign_revocation("exemple", b"f" * 32, "lost device")
    root = x509.load_der_x509_certificate((await signer.info()).roots["exemple"][0])
    fields = msgpack.unpackb(
        e2ee.signed_open("revocation", signed, root.public_key().public_bytes_raw())  # type: ignore[union-attr]
    )
    assert (fields["tenant"], fields["fingerprint"], fields["time"]) == ("exemple", b"f" * 32, START + 3000)


async def test_the_hubs_proposals_are_made(tmp_path: Path) -> None:
    # OpenMLS compares a key package's lifetime with the machine's own clock.
    clock = FakeClock(SystemClock().now())
    signer = LocalSigner(tmp_path / "keys", people.DEPLOYMENT, people.TENANTS, clock)
    key = e2ee.LeafKey.generate()
    chain = await signer.issue_certificate(request(people.person(), key))
    member = e2ee.Member(
        key, list(chain), await trust(signer, clock.now()), e2ee.SUITE_HYBRID, False, clock.now()
    )
    assert await signer.external_add(b"g" * 16, 3, member.key_package(clock.now()))
    assert await signer.external_remove(b"g" * 16, 3, 1)
    with pytest.raises(SignerRefused):
        await signer.external_add(b"g" * 16, 3, b"no key package")
