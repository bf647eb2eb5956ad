"""Queries of accounts and of their sessions (`core.ports.AccountStore`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import UserError
from core.records import Account, AccountSession, HeldSession, Right
from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import Assurance, UnixMillis

_A = tables.accounts.c
_S = tables.account_sessions.c


def account(row: Row[Any]) -> Account:
    """An account from its row."""
    return Account(
        tenant=row.tenant,
        subject=row.subject,
        issuer=row.issuer,
        provider_subject=row.provider_subject,
        name=row.name,
        email=row.email,
        assurance=Assurance(row.assurance),
        rights=frozenset(Right(one) for one in row.rights),
        blocked=row.blocked,
        created=row.created,
        seen=row.seen,
    )


def _session(row: Row[Any]) -> AccountSession:
    return AccountSession(
        id=row.id,
        hash=row.hash,
        previous=row.previous,
        previous_until=row.previous_until,
        tenant=row.tenant,
        subject=row.subject,
        provider=row.provider,
        sid=row.sid,
        acr=row.acr,
        assurance=Assurance(row.assurance),
        authenticated=row.authenticated,
        rotated=row.rotated,
        seen=row.seen,
        expires=row.expires,
    )


class SqlAccounts:
    """Accounts and sessions over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def add_account(self, account: Account, most: int) -> None:
        """See the port."""
        tenant = self._scope.taking(account.tenant)
        async with writing(self._engine) as connection:
            count = await connection.scalar(
                select(func.count()).select_from(tables.accounts).where(self._scope.owns(_A.tenant))
            )
            if (count or 0) >= most:
                raise UserError("quota_reached")
            await connection.execute(
                insert(tables.accounts).values(
                    tenant=tenant,
                    subject=account.subject,
                    issuer=account.issuer,
                    provider_subject=account.provider_subject,
                    name=account.name,
                    email=account.email,
                    assurance=account.assurance.value,
                    rights=sorted(account.rights),
                    blocked=account.blocked,
                    created=account.created,
                    seen=account.seen,
                )
            )

    async def account(self, subject: str) -> Account | None:
        """See the port."""
        return await self._account(_A.subject == subject)

    async def account_of(self, issuer: str, provider_subject: str) -> Account | None:
        """See the port."""
        return await self._account((_A.issuer == issuer) & (_A.provider_subject == provider_subject))

    async def _account(self, condition: Any) -> Account | None:
        query = select(tables.accounts).where(self._scope.owns(_A.tenant), condition)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return account(row) if row else None

    async def refresh_account(
        self, subject: str, *, name: str, email: str, assurance: Assurance, seen: UnixMillis
    ) -> None:
        """See the port."""
        await self._change_account(subject, name=name, email=email, assurance=assurance.value, seen=seen)

    async def change_account(
        self, subject: str, *, rights: Collection[Right] | None = None, blocked: bool | None = None
    ) -> bool:
        """See the port."""
        values: dict[str, object] = {}
        if rights is not None:
            values["rights"] = sorted(rights)
        if blocked is not None:
            values["blocked"] = blocked
        return await self._change_account(subject, **values)

    async def _change_account(self, subject: str, **values: object) -> bool:
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(tables.accounts)
                .where(self._scope.owns(_A.tenant), _A.subject == subject)
                .values(values)
            )
            return changed.rowcount == 1

    async def add_account_session(self, session: AccountSession, most: int) -> None:
        """See the port."""
        values = {name: getattr(session, name) for name in _S.keys() if name not in ("tenant", "assurance")}
        tenant = self._scope.taking(session.tenant)
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.account_sessions).values(
                    tenant=tenant, assurance=session.assurance.value, **values
                )
            )
            mine = (self._scope.owns(_S.tenant), _S.subject == session.subject)
            kept = select(_S.id).where(*mine).order_by(_S.seen.desc(), _S.id).limit(most)
            over = (self._scope.owns(_S.tenant), _S.expires <= session.seen)
            await connection.execute(delete(tables.account_sessions).where(*over))
            # By a list: a subquery with a limit cannot stand beside the table it deletes from everywhere.
            alive = list((await connection.execute(kept)).scalars())
            await connection.execute(delete(tables.account_sessions).where(*mine, _S.id.not_in(alive)))

    async def held_session(self, session: str) -> HeldSession | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = await self._row(connection, session)
            if row is None:
                return None
            owner = select(tables.accounts).where(_A.tenant == row.tenant, _A.subject == row.subject)
            tenant = select(tables.tenants).where(tables.tenants.c.id == row.tenant)
            return HeldSession(
                session=_session(row),
                account=account((await connection.execute(owner)).one()),
                tenant=rows.tenant((await connection.execute(tenant)).one()),
            )

    async def _row(self, connection: AsyncConnection, session: str) -> Row[Any] | None:
        query = select(tables.account_sessions).where(self._scope.owns(_S.tenant), _S.id == session)
        return (await connection.execute(query)).first()

    async def rotate_session(
        self, session: str, old: bytes, new: bytes, previous_until: UnixMillis, now: UnixMillis
    ) -> bool:
        """See the port. The one UPDATE decides between two requests that come at once."""
        values = {
            "hash": new,
            "previous": old,
            "previous_until": previous_until,
            "rotated": now,
            "seen": now,
        }
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(tables.account_sessions)
                .where(self._scope.owns(_S.tenant), _S.id == session, _S.hash == old)
                .values(values)
            )
            return changed.rowcount == 1

    async def see_session(self, session: str, now: UnixMillis) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                update(tables.account_sessions)
                .where(self._scope.owns(_S.tenant), _S.id == session)
                .values(seen=now)
            )

    async def account_sessions(self, subject: str) -> list[AccountSession]:
        """See the port."""
        query = select(tables.account_sessions).where(self._scope.owns(_S.tenant), _S.subject == subject)
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(_S.seen.desc(), _S.id))
            return [_session(row) for row in found]

    async def end_account_session(self, session: str) -> bool:
        """See the port."""
        return bool(await self._end(_S.id == session))

    async def end_account_sessions(self, subject: str) -> int:
        """See the port."""
        return len(await self._end(_S.subject == subject))

    async def end_provider_sessions(
        self, provider: str, *, sid: str | None, subject: str | None
    ) -> list[AccountSession]:
        """See the port."""
        condition = _S.provider == provider
        if sid is not None:
            condition &= _S.sid == sid
        if subject is not None:
            condition &= _S.subject == subject
        if sid is None and subject is None:
            return []
        return await self._end(condition)

    async def _end(self, condition: Any) -> list[AccountSession]:
        mine = (self._scope.owns(_S.tenant), condition)
        async with writing(self._engine) as connection:
            found = await connection.execute(select(tables.account_sessions).where(*mine))
            ended = [_session(row) for row in found]
            await connection.execute(delete(tables.account_sessions).where(*mine))
            return ended
