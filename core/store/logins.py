"""Queries of logins under way (`core.ports.AccountStore`)."""

from __future__ import annotations

import hmac

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import UserError
from core.records import PendingLogin
from core.store import tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import UnixMillis

_L = tables.pending_logins.c

REMEMBERED = 3600 * 1000
"""Milliseconds that a used or expired login is remembered, so that its replay is told apart from nonsense."""


class SqlLogins:
    """Logins under way over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def add_pending_login(self, login: PendingLogin, now: UnixMillis) -> None:
        """See the port."""
        tenant = self._scope.taking(login.tenant)
        async with writing(self._engine) as connection:
            await connection.execute(
                delete(tables.pending_logins).where(
                    self._scope.owns(_L.tenant), _L.expires < now - REMEMBERED
                )
            )
            await connection.execute(
                insert(tables.pending_logins).values(
                    state=login.state,
                    tenant=tenant,
                    provider=login.provider,
                    nonce=login.nonce,
                    verifier=login.verifier,
                    browser=login.browser,
                    return_to=login.return_to,
                    expires=login.expires,
                )
            )

    async def take_pending_login(self, state: bytes, browser: bytes, now: UnixMillis) -> PendingLogin | None:
        """See the port. The one UPDATE decides; a used login keeps neither nonce nor verifier."""
        mine = (self._scope.owns(_L.tenant), _L.state == state)
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(tables.pending_logins).where(*mine))).first()
        if row is None:
            return None
        if row.expires <= now and row.verifier:
            raise UserError("login_expired")
        if not hmac.compare_digest(row.browser, browser):
            raise UserError("login_mismatch")
        async with writing(self._engine) as connection:
            used = await connection.execute(
                update(tables.pending_logins)
                .where(*mine, _L.verifier != "")
                .values(nonce="", verifier="")
            )
        if used.rowcount != 1:
            raise UserError("login_replayed")
        return PendingLogin(
            state=row.state,
            tenant=row.tenant,
            provider=row.provider,
            nonce=row.nonce,
            verifier=row.verifier,
            browser=row.browser,
            return_to=row.return_to,
            expires=row.expires,
        )
