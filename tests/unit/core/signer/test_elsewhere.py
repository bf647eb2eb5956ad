"""A signer that a ministry hosts elsewhere: TLS 1.3 with both ends checked, its own tenants alone, and a
ministry whose signer is down is the only one that notices."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest

from core._native import e2ee
from core.errors import SignerRefused, SignerUnavailable, StartError
from core.federation.statements import declare
from core.signer.audit import AuditFile
from core.signer.client import SocketSigner
from core.signer.keys import SignerKeys, open_keys
from core.signer.router import SignerRouter
from core.signer.server import SignerServer
from core.signer.service import SignerService
from core.signer.tls import TlsFiles, TlsServer, dial
from core.tenants.policy import LIFE, RENEW
from tests.support.clock import START, FakeClock
from tests.support.people import DEPLOYMENT, TENANTS, person
from tests.support.private_ca import PrivateCa
from tests.support.signer import LocalSigner
from tests.support.telemetry import RecordingTelemetry
from tests.unit.core.signer.test_service import request

EXEMPLE, BEISPIEL = TENANTS
LOG = logging.getLogger("test")


class Elsewhere:
    """The ministry's signer, listening."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.ca = PrivateCa(folder)
        self.keys: SignerKeys = open_keys(folder / "theirs", DEPLOYMENT, [EXEMPLE], START, hub=False)
        self.record = folder / "record.jsonl"
        self.clock = clock
        self.service = SignerService(self.keys, clock, AuditFile(self.record), burst=3, per_second=1)
        serve = SignerServer(self.service, folder / "unused.sock").serve
        self.server = TlsServer("127.0.0.1", 0, self.ca.files("localhost"), serve, LOG)

    def client(self, files: TlsFiles | None = None, host: str = "localhost") -> SocketSigner:
        files = files or self.ca.files("node")
        return SocketSigner(dial(host, self.server.port, files), "there", self.clock, RecordingTelemetry())


@pytest.fixture
async def there(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Elsewhere]:
    made = Elsewhere(tmp_path, clock)
    await made.server.open()
    yield made
    await made.server.close()


async def test_a_ministry_certifies_its_people_from_its_own_house_and_writes_it_down(
    there: Elsewhere,
) -> None:
    signer = there.client()
    asked = request(person())
    (leaf,) = await signer.issue_certificate(asked)
    await signer.sign_revocation("exemple", b"f" * 32, "lost")
    issued, revoked = (json.loads(line) for line in there.record.read_text().splitlines())
    assert there.record.stat().st_mode & 0o777 == 0o600
    assert (issued["event"], issued["subject"], issued["role"]) == (
        "certificate_issued",
        "x-1",
        "participant",
    )
    assert issued["certificate"] == hashlib.sha256(leaf).hexdigest()
    assert revoked["event"] == "certificate_revoked" and revoked["certificate"] == "66" * 32
    assert "Camille" not in there.record.read_text()
    with pytest.raises(SignerRefused) as refused:
        await signer.issue_certificate(request(person("b-1", "beispiel")))
    assert refused.value.code == "wrong_tenant"
    for hubs in (
        signer.sign_manifest(
            {
                "deployment": DEPLOYMENT,
                "serial": 1,
                "not_before": 0,
                "not_after": 1,
                "key": bytes(32),
                "hub_keys": [bytes(32)],
                "witness_key": b"",
                "endpoints": [],
                "tenants": [
                    {
                        "tenant": "exemple",
                        "name": "x",
                        "roots": [there.keys.tenants["exemple"].authorities[0].root],
                        "policy_key": there.keys.tenants["exemple"].policy_key,
                    }
                ],
            }
        ),
        signer.external_remove(b"g", 0, 0),
        signer.ensure_tenant("neu", "Neu", "Neu"),
    ):
        with pytest.raises(SignerRefused) as refused:
            await hubs
        assert refused.value.code == "not_hub"
    await signer.close()


async def test_whoever_takes_too_many_certificates_waits(there: Elsewhere) -> None:
    signer = there.client()
    for _ in range(3):
        await signer.issue_certificate(request(person()))
    with pytest.raises(SignerRefused, match="rate_limited"):
        await signer.issue_certificate(request(person()))
    await there.clock.advance(1)
    await signer.issue_certificate(request(person()))
    assert len(there.record.read_text().splitlines()) == 4, "what was refused is no certificate"
    await signer.close()


async def test_what_cannot_be_written_down_is_not_issued(tmp_path: Path, clock: FakeClock) -> None:
    audit = AuditFile(tmp_path / "record.jsonl")
    keys = open_keys(tmp_path / "keys", DEPLOYMENT, TENANTS, START)
    service = SignerService(keys, clock, audit)
    audit.close()
    signer = LocalSigner(tmp_path / "other", DEPLOYMENT, TENANTS, clock)
    signer._service = service
    with pytest.raises(SignerRefused, match="audit_failed"):
        await signer.issue_certificate(request(person()))


async def test_neither_end_talks_to_one_of_another_ca_or_name(there: Elsewhere, tmp_path: Path) -> None:
    foreign = PrivateCa(tmp_path, "foreign")
    own = there.ca.files("node")
    impostor = foreign.files("node")
    for files in (
        impostor,
        TlsFiles(there.ca.path, impostor.certificate, impostor.key),  # a certificate the signer must refuse
        TlsFiles(foreign.path, own.certificate, own.key),  # a signer that the node must refuse
    ):
        signer = there.client(files)
        with pytest.raises(SignerUnavailable):
            await signer.info()
        await signer.close()
    with pytest.raises(SignerUnavailable):
        await there.client(host="127.0.0.1").info()  # its certificate names localhost
    fine = there.client()
    assert (await fine.info()).hub_key == b""
    await fine.close()


async def test_nothing_older_than_tls_1_3_and_nobody_without_a_certificate(there: Elsewhere) -> None:
    files = there.ca.files("node")
    old = ssl.create_default_context(cafile=str(there.ca.path))
    old.load_cert_chain(files.certificate, files.key)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):  # an alert, or the hang-up after it
        await asyncio.open_connection("localhost", there.server.port, ssl=old)
    bare = ssl.create_default_context(cafile=str(there.ca.path))
    reader, writer = await asyncio.open_connection("localhost", there.server.port, ssl=bare)
    with pytest.raises(OSError):
        writer.write(b"\0\0\0\1\x80")
        if not await reader.read(1):
            raise ConnectionError
    writer.close()


def test_a_key_that_others_can_read_is_refused(there: Elsewhere) -> None:
    files = there.ca.files("careless")
    files.key.chmod(0o644)
    with pytest.raises(StartError, match="has mode 644"):
        dial("localhost", 1, files)
    gone = replace(there.ca.files("gone"), authority=Path("/nowhere/ca.pem"))
    with pytest.raises(StartError, match="is missing"):
        dial("localhost", 1, gone)


async def test_a_ministry_whose_signer_is_down_cannot_certify_and_no_other_notices(
    there: Elsewhere, clock: FakeClock, tmp_path: Path
) -> None:
    own = LocalSigner(tmp_path / "ours", DEPLOYMENT, TENANTS, clock, enrolled=["exemple"])
    held = there.keys.tenants["exemple"]
    own.keys.enrol("exemple", held.authorities[0].root, held.policy_key)
    remote = there.client()
    node = SignerRouter(own, {"exemple": remote})
    deployment = await declare(node, clock, tmp_path / "node", TENANTS, {}, ())
    trust = e2ee.Trust(list(deployment.manifests), deployment.policies["beispiel"], DEPLOYMENT, START)
    theirs = await node.issue_certificate(request(person()))
    assert msgpack.unpackb(trust.verify_chain(list(theirs), START))["tenant"] == "exemple"
    assert own.requests.count("issue_certificate") == 0, "the deployment has no key of theirs to use"

    await there.server.close()
    for _ in range(2):
        with pytest.raises(SignerUnavailable):
            await node.issue_certificate(request(person()))
    ours = await node.issue_certificate(request(person("b-1", "beispiel")))
    assert msgpack.unpackb(trust.verify_chain(list(ours), START))["tenant"] == "beispiel"
    again = await declare(node, clock, tmp_path / "node", TENANTS, {}, ())
    assert again == deployment, "what it signed before still stands"
    fresh = await declare(node, clock, tmp_path / "another", TENANTS, {}, ())
    assert set(fresh.policies) == {"beispiel"} and fresh.suites.keys() == {"beispiel"}
    await clock.advance((LIFE - RENEW) / 1000 + 1)
    due = await declare(node, clock, tmp_path / "node", TENANTS, {}, ())
    assert due.policies["exemple"] == deployment.policies["exemple"], "due to be renewed, and valid still"
    assert due.policies["beispiel"] != deployment.policies["beispiel"]
    await clock.advance(RENEW / 1000)
    assert set((await declare(node, clock, tmp_path / "node", TENANTS, {}, ())).policies) == {"beispiel"}
    await remote.close()


async def test_a_root_that_nobody_enrolled_stands_in_no_manifest(
    there: Elsewhere, clock: FakeClock, tmp_path: Path
) -> None:
    own = LocalSigner(tmp_path / "ours", DEPLOYMENT, TENANTS, clock, enrolled=["exemple"])
    remote = there.client()
    deployment = await declare(
        SignerRouter(own, {"exemple": remote}), clock, tmp_path / "node", TENANTS, {}, ()
    )
    info = await own.info()
    said = msgpack.unpackb(e2ee.signed_open("manifest", deployment.manifests[0], info.manifest_key))
    assert [line["tenant"] for line in said["tenants"]] == ["beispiel"]
    assert set(deployment.policies) == {"beispiel"}
    await remote.close()
