"""Queries of login sessions (`core.ports.SessionStore`)."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import LoginSession

_S = tables.sessions.c


class SqlSessions:
    """`SessionStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def add_session(self, session: LoginSession, most: int) -> None:
        """See the port."""
        self._scope.taking(session.person.tenant)
        mine = self._scope.owns(_S.tenant)
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.sessions).values(
                    hash=session.hash, expires=session.expires, **rows.person_columns(session.person)
                )
            )
            held = select(func.count()).select_from(tables.sessions).where(mine)
            count = await connection.scalar(held) or 0
            if count > most:
                oldest = select(_S.hash).where(mine).order_by(_S.expires).limit(count - most)
                await connection.execute(delete(tables.sessions).where(_S.hash.in_(oldest)))

    async def session(self, token_hash: bytes) -> LoginSession | None:
        """See the port."""
        query = select(tables.sessions).where(_S.hash == token_hash, self._scope.owns(_S.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.session(row) if row else None

    async def end_session(self, token_hash: bytes) -> None:
        """See the port."""
        gone = delete(tables.sessions).where(_S.hash == token_hash, self._scope.owns(_S.tenant))
        async with writing(self._engine) as connection:
            await connection.execute(gone)

    async def end_sessions(self) -> int:
        """See the port."""
        async with writing(self._engine) as connection:
            gone = await connection.execute(delete(tables.sessions).where(self._scope.owns(_S.tenant)))
            return gone.rowcount

    async def end_logins(self, deployment: str, tenant: str, subject: str) -> int:
        """See the port. In one transaction: a session that is left would get the next token."""
        person = {"deployment": deployment, "tenant": tenant, "subject": subject}
        tokens = tables.join_tokens
        if not self._scope.sees(tenant):
            return 0
        async with writing(self._engine) as connection:
            sessions = await connection.execute(delete(tables.sessions).filter_by(**person))
            unused = await connection.execute(
                delete(tokens).filter_by(**person, used=None).where(self._scope.owns(tokens.c.room_tenant))
            )
            return sessions.rowcount + unused.rowcount
