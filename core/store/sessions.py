"""Queries of login sessions (`core.ports.SessionStore`)."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store import rows, tables
from core.store.engine import reading, writing
from core.values import LoginSession

_S = tables.sessions.c


class SqlSessions:
    """`SessionStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine

    async def add_session(self, session: LoginSession, most: int) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.sessions).values(
                    hash=session.hash, expires=session.expires, **rows.person_columns(session.person)
                )
            )
            count = await connection.scalar(select(func.count()).select_from(tables.sessions)) or 0
            if count > most:
                oldest = select(_S.hash).order_by(_S.expires).limit(count - most)
                await connection.execute(delete(tables.sessions).where(_S.hash.in_(oldest)))

    async def session(self, token_hash: bytes) -> LoginSession | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (
                await connection.execute(select(tables.sessions).where(_S.hash == token_hash))
            ).first()
            return rows.session(row) if row else None

    async def end_session(self, token_hash: bytes) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(delete(tables.sessions).where(_S.hash == token_hash))

    async def end_sessions(self) -> int:
        """See the port."""
        async with writing(self._engine) as connection:
            return (await connection.execute(delete(tables.sessions))).rowcount

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        """See the port. In one transaction: a session that is left would get the next token."""
        person = {"deployment": deployment, "tenant": tenant, "subject": subject}
        tokens = tables.join_tokens
        async with writing(self._engine) as connection:
            sessions = await connection.execute(delete(tables.sessions).filter_by(**person))
            unused = await connection.execute(delete(tokens).filter_by(**person, used=None))
            return sessions.rowcount + unused.rowcount
