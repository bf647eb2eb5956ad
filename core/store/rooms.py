"""Queries of tenants, rooms, meetings, join tokens and participants (`core.ports.RoomStore`)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import StoreConflict, UserError
from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import (
    JoinToken,
    Meeting,
    ParticipantRecord,
    Room,
    Tenant,
    UnixMillis,
    meeting_label,
)

TOKEN_GRACE = 24 * 3600 * 1000
"""Milliseconds that an expired token is remembered, so that its late use is told apart from a forged one."""


class SqlRooms:
    """`RoomStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def put_tenant(self, tenant: Tenant) -> None:
        """See the port."""
        self._scope.taking(tenant.id)
        columns = {
            "deployment": tenant.deployment,
            "name": tenant.name,
            "short": tenant.short,
            "colour": tenant.colour,
        }
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(tables.tenants).where(tables.tenants.c.id == tenant.id).values(columns)
            )
            if changed.rowcount == 0:
                await connection.execute(insert(tables.tenants).values(id=tenant.id, **columns))

    async def tenants(self) -> list[Tenant]:
        """See the port."""
        query = select(tables.tenants).where(self._scope.owns(tables.tenants.c.id))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(tables.tenants.c.id))
            return [rows.tenant(row) for row in found]

    async def create_room(self, room: Room) -> None:
        """See the port."""
        self._scope.taking(room.tenant)
        async with writing(self._engine) as connection:
            await connection.execute(insert(tables.rooms).values(rows.room_columns(room)))

    async def room(self, slug: str) -> Room | None:
        """See the port."""
        return await self._one_room(tables.rooms.c.slug == slug)

    async def room_by_id(self, room: str) -> Room | None:
        """See the port."""
        return await self._one_room(tables.rooms.c.id == room)

    async def _one_room(self, which: ColumnElement[bool]) -> Room | None:
        query = select(tables.rooms).where(which, self._scope.owns(tables.rooms.c.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.room(row) if row else None

    async def rooms_of(self, owner: str) -> list[Room]:
        """See the port."""
        c = tables.rooms.c
        query = select(tables.rooms).where(c.owner == owner, self._scope.owns(c.tenant))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(c.created.desc(), c.id))
            return [rows.room(row) for row in found]

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        """See the port. Two nodes that start at once meet at the partial index; the second reads the
        first's."""
        c = tables.meetings.c
        live = select(tables.meetings).where(
            c.room == room, c.ended.is_(None), self._scope.owns(c.tenant)
        )
        async with writing(self._engine) as connection:
            if row := (await connection.execute(live)).first():
                await connection.execute(
                    update(tables.meetings).where(c.id == row.id).values(awaited=None)
                )
                return replace(rows.meeting(row), awaited=None)
            made = await self._next_meeting(connection, room, meeting, now)
            try:
                async with connection.begin_nested():
                    await connection.execute(insert(tables.meetings).values(rows.meeting_columns(made)))
            except IntegrityError:
                if row := (await connection.execute(live)).first():
                    return rows.meeting(row)
                raise
            return made

    async def _next_meeting(
        self, connection: AsyncConnection, room: str, meeting: str, now: UnixMillis
    ) -> Meeting:
        """The room's next meeting, of the room's tenant. StoreConflict without the room."""
        c = tables.rooms.c
        found = await connection.execute(
            select(c.secret, c.tenant).where(c.id == room, self._scope.owns(c.tenant))
        )
        if (row := found.first()) is None:
            raise StoreConflict(f"no room {room}")
        last = await connection.scalar(
            select(func.max(tables.meetings.c.serial)).where(tables.meetings.c.room == room)
        )
        serial = (last or 0) + 1
        label = meeting_label(row.secret, serial)
        return Meeting(id=meeting, room=room, serial=serial, label=label, started=now, tenant=row.tenant)

    async def live_meetings(self) -> list[Meeting]:
        """See the port."""
        c = tables.meetings.c
        query = select(tables.meetings).where(c.ended.is_(None), self._scope.owns(c.tenant))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(c.started))
            return [rows.meeting(row) for row in found]

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        """See the port."""
        c = tables.meetings.c
        async with writing(self._engine) as connection:
            await connection.execute(
                update(tables.meetings)
                .where(c.id == meeting, c.ended.is_(None), c.awaited.is_(None), self._scope.owns(c.tenant))
                .values(awaited=until)
            )

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        """See the port."""
        c = tables.meetings.c
        async with writing(self._engine) as connection:
            await connection.execute(
                update(tables.meetings)
                .where(c.id == meeting, c.ended.is_(None), self._scope.owns(c.tenant))
                .values(ended=now)
            )

    async def add_join_token(self, token: JoinToken) -> None:
        """See the port."""
        self._scope.taking(token.tenant)
        c = tables.rooms.c
        async with writing(self._engine) as connection:
            if await connection.scalar(select(c.tenant).where(c.id == token.room)) != token.tenant:
                raise StoreConflict(f"no room {token.room} of this tenant")
            await connection.execute(
                insert(tables.join_tokens).values(
                    hash=token.hash,
                    room=token.room,
                    room_tenant=token.tenant,
                    admitted=token.admitted,
                    expires=token.expires,
                    **rows.person_columns(token.person),
                )
            )

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        """See the port. The one UPDATE decides; a crash after it costs the person a new click on the link."""
        table = tables.join_tokens
        this = and_(table.c.hash == token_hash, self._scope.owns(table.c.room_tenant))
        async with writing(self._engine) as connection:
            redeemed = await connection.execute(
                update(table)
                .where(this, table.c.used.is_(None), table.c.expires > now)
                .values(used=now)
            )
            row = (await connection.execute(select(table).where(this))).first()
            if row is None:
                raise UserError("token_unknown")
            if redeemed.rowcount == 1:
                return rows.join_token(row)
            raise UserError("token_expired" if row.used is None else "token_used")

    async def add_participant(self, participant: ParticipantRecord) -> None:
        """See the port."""
        self._scope.taking(participant.tenant)
        c = tables.meetings.c
        async with writing(self._engine) as connection:
            meeting = select(c.tenant).where(c.id == participant.meeting)
            if await connection.scalar(meeting) != participant.tenant:
                raise StoreConflict(f"no meeting {participant.meeting} of this tenant")
            await connection.execute(
                insert(tables.participants).values(
                    id=participant.id,
                    room_tenant=participant.tenant,
                    room_role=participant.room_role.value,
                    meeting=participant.meeting,
                    joined=participant.joined,
                    left=participant.left,
                    leaf_key=participant.leaf_key,
                    **rows.person_columns(participant.person),
                )
            )

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        """See the port."""
        table = tables.participants
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(table)
                .where(
                    table.c.id == participant,
                    table.c.leaf_key.is_(None),
                    self._scope.owns(table.c.room_tenant),
                )
                .values(leaf_key=leaf_key)
            )
            if changed.rowcount != 1:
                raise StoreConflict(f"participant {participant} has a leaf key already, or does not exist")

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        """See the port."""
        table = tables.participants
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table)
                .where(
                    table.c.id == participant,
                    table.c.left.is_(None),
                    self._scope.owns(table.c.room_tenant),
                )
                .values(left=now)
            )

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        """See the port."""
        table = tables.participants
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(table)
                .where(table.c.meeting == meeting, self._scope.owns(table.c.room_tenant))
                .order_by(table.c.joined, table.c.id)
            )
            return [rows.participant(row) for row in found]

    async def purge(self, now: UnixMillis) -> int:
        """See the port."""
        tokens, sessions = tables.join_tokens.c, tables.sessions.c
        owns = self._scope.owns
        async with writing(self._engine) as connection:
            deleted = await connection.execute(
                delete(tables.join_tokens).where(
                    tokens.expires < now - TOKEN_GRACE, owns(tokens.room_tenant)
                )
            )
            over = await connection.execute(
                delete(tables.sessions).where(sessions.expires <= now, owns(sessions.tenant))
            )
            return deleted.rowcount + over.rowcount
