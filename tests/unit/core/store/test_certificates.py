"""Certificates that were issued, on the database: pages, whose they are, and what a revocation marks."""

from __future__ import annotations

import hashlib
from itertools import chain

import pytest

from core.errors import LibraryError, StoreConflict
from core.ports import Store
from core.records import CertificateRecord
from core.values import UnixMillis
from tests.support.clock import START

DAY = 86_400_000


def record(number: int, subject: str = "x-1", tenant: str = "exemple") -> CertificateRecord:
    """The certificate with this number; two of three share their millisecond."""
    issued = UnixMillis(START + number // 3)
    fingerprint = hashlib.sha256(f"{tenant} {number}".encode()).digest()
    return CertificateRecord(
        fingerprint, tenant, subject, "participant", "m1", issued, UnixMillis(issued + DAY)
    )


async def pages(store: Store, subject: str | None, limit: int) -> list[list[CertificateRecord]]:
    found: list[list[CertificateRecord]] = []
    after = None
    while page := await store.certificates_of(subject, after, limit):
        found.append(page)
        assert len(found) < 50, "a page that leads to itself"
        after = (page[-1].issued, page[-1].fingerprint)
    return found


async def test_a_person_and_an_administrator_page_through_what_was_issued(store: Store) -> None:
    own = store.of("exemple")
    rows = [record(number, "x-1" if number % 2 else "x-2") for number in range(20)]
    for row in rows:
        await own.add_certificate(row)
    await store.of("beispiel").add_certificate(record(1, tenant="beispiel"))
    newest = sorted(rows, key=lambda one: (one.issued, one.fingerprint), reverse=True)
    everyone = await pages(own, None, 7)
    assert [len(page) for page in everyone] == [7, 7, 6] and list(chain(*everyone)) == newest
    one = await pages(own, "x-2", 3)
    assert list(chain(*one)) == [row for row in newest if row.subject == "x-2"]
    assert await pages(own, "x-3", 3) == []


async def test_a_certificate_is_its_own_tenants_alone(store: Store) -> None:
    own, other = store.of("exemple"), store.of("beispiel")
    row = record(1)
    await own.add_certificate(row)
    with pytest.raises(StoreConflict):
        await own.add_certificate(row)
    with pytest.raises(LibraryError):
        await other.add_certificate(record(2))
    await other.mark_revoked(row.fingerprint, UnixMillis(START))
    assert await other.certificate(row.fingerprint) is None
    assert await own.certificate(row.fingerprint) == row == await store.certificate(row.fingerprint)
    assert await other.certificates_of(None, None, 10) == []
    with pytest.raises(LibraryError):
        await store.certificates_of(None, None, 10)


async def test_the_first_revocation_stays(store: Store) -> None:
    own = store.of("exemple")
    await own.add_certificate(record(1))
    for when in (START + 5, START + 9):
        await own.mark_revoked(record(1).fingerprint, UnixMillis(when))
    found = await own.certificate(record(1).fingerprint)
    assert found is not None and found.revoked == START + 5
