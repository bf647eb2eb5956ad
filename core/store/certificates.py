"""Queries of the certificates that were issued (`core.ports.CertificateStore`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.records import CertificateRecord
from core.store import tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import UnixMillis

_T = tables.certificates
_C = tables.certificates.c


class SqlCertificates:
    """`CertificateStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def add_certificate(self, certificate: CertificateRecord) -> None:
        """See the port."""
        self._scope.taking(certificate.tenant)
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(_T).values(
                    fingerprint=certificate.fingerprint,
                    tenant=certificate.tenant,
                    subject=certificate.subject,
                    role=certificate.role,
                    meeting=certificate.meeting,
                    issued=certificate.issued,
                    expires=certificate.expires,
                    revoked=certificate.revoked,
                )
            )

    async def certificate(self, fingerprint: bytes) -> CertificateRecord | None:
        """See the port."""
        query = select(_T).where(_C.fingerprint == fingerprint, self._scope.owns(_C.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return _certificate(row) if row else None

    async def certificates_of(
        self, subject: str | None, after: tuple[UnixMillis, bytes] | None, limit: int
    ) -> list[CertificateRecord]:
        """See the port. Both orders have an index, so that a page costs the same wherever it is."""
        query = select(_T).where(_C.tenant == self._scope.own)
        if subject is not None:
            query = query.where(_C.subject == subject)
        if after is not None:
            issued, fingerprint = after
            same = and_(_C.issued == issued, _C.fingerprint < fingerprint)
            query = query.where(or_(_C.issued < issued, same))
        query = query.order_by(_C.issued.desc(), _C.fingerprint.desc()).limit(limit)
        async with reading(self._engine) as connection:
            return [_certificate(row) for row in await connection.execute(query)]

    async def mark_revoked(self, fingerprint: bytes, now: UnixMillis) -> None:
        """See the port."""
        which = (_C.fingerprint == fingerprint, _C.revoked.is_(None), self._scope.owns(_C.tenant))
        async with writing(self._engine) as connection:
            await connection.execute(update(_T).where(*which).values(revoked=now))


def _certificate(row: Row[Any]) -> CertificateRecord:
    return CertificateRecord(
        fingerprint=row.fingerprint,
        tenant=row.tenant,
        subject=row.subject,
        role=row.role,
        meeting=row.meeting,
        issued=row.issued,
        expires=row.expires,
        revoked=row.revoked,
    )
