"""Certificates that A's CA issued."""

from __future__ import annotations

from typing import Any

from core.records import CertificateRecord
from core.values import UnixMillis
from tests.support.clock import START
from tests.unit.core.store.isolation import A, Probe

ORDER = 1
CERTIFICATE = CertificateRecord(b"c" * 32, A, "x-1", "participant", "m1", START, UnixMillis(START + 1))
OTHER = CertificateRecord(b"d" * 32, A, "x-1", "participant", "m1", START, UnixMillis(START + 1))


async def seed(store: Any) -> None:
    """One certificate."""
    await store.add_certificate(CERTIFICATE)


PROBES = {
    "add_certificate": Probe(lambda store: store.add_certificate(OTHER)),
    "certificate": Probe(lambda store: store.certificate(CERTIFICATE.fingerprint)),
    "certificates_of": Probe(lambda store: store.certificates_of("x-1", None, 10), foreign=[]),
    "mark_revoked": Probe(lambda store: store.mark_revoked(CERTIFICATE.fingerprint, START)),
}
