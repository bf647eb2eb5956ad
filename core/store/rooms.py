"""Queries of tenants, rooms, meetings, join tokens and participants (`core.ports.RoomStore`)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.errors import StoreConflict, UserError
from core.store import rows, tables
from core.store.engine import reading, writing
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

    async def put_tenant(self, tenant: Tenant) -> None:
        """See the port."""
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
        async with reading(self._engine) as connection:
            found = await connection.execute(select(tables.tenants).order_by(tables.tenants.c.id))
            return [rows.tenant(row) for row in found]

    async def create_room(self, room: Room) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(insert(tables.rooms).values(rows.room_columns(room)))

    async def room(self, slug: str) -> Room | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(tables.rooms).where(tables.rooms.c.slug == slug))).first()
            return rows.room(row) if row else None

    async def room_by_id(self, room: str) -> Room | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(tables.rooms).where(tables.rooms.c.id == room))).first()
            return rows.room(row) if row else None

    async def rooms_of(self, owner: str) -> list[Room]:
        """See the port."""
        query = select(tables.rooms).where(tables.rooms.c.owner == owner)
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(tables.rooms.c.created.desc(), tables.rooms.c.id))
            return [rows.room(row) for row in found]

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        """See the port. Two nodes that start at once meet at the partial index; the second reads the
        first's."""
        live = select(tables.meetings).where(
            tables.meetings.c.room == room, tables.meetings.c.ended.is_(None)
        )
        async with writing(self._engine) as connection:
            if row := (await connection.execute(live)).first():
                await connection.execute(
                    update(tables.meetings).where(tables.meetings.c.id == row.id).values(awaited=None)
                )
                return replace(rows.meeting(row), awaited=None)
            secret = await connection.scalar(select(tables.rooms.c.secret).where(tables.rooms.c.id == room))
            if secret is None:
                raise StoreConflict(f"no room {room}")
            last = await connection.scalar(
                select(func.max(tables.meetings.c.serial)).where(tables.meetings.c.room == room)
            )
            made = Meeting(
                id=meeting,
                room=room,
                serial=(last or 0) + 1,
                label=meeting_label(secret, (last or 0) + 1),
                started=now,
            )
            try:
                async with connection.begin_nested():
                    await connection.execute(
                        insert(tables.meetings).values(
                            id=made.id, room=room, serial=made.serial, label=made.label, started=now
                        )
                    )
            except IntegrityError:
                if row := (await connection.execute(live)).first():
                    return rows.meeting(row)
                raise
            return made

    async def live_meetings(self) -> list[Meeting]:
        """See the port."""
        query = select(tables.meetings).where(tables.meetings.c.ended.is_(None))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(tables.meetings.c.started))
            return [rows.meeting(row) for row in found]

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        """See the port."""
        c = tables.meetings.c
        async with writing(self._engine) as connection:
            await connection.execute(
                update(tables.meetings)
                .where(c.id == meeting, c.ended.is_(None), c.awaited.is_(None))
                .values(awaited=until)
            )

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        """See the port."""
        table = tables.meetings
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table).where(table.c.id == meeting, table.c.ended.is_(None)).values(ended=now)
            )

    async def add_join_token(self, token: JoinToken) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.join_tokens).values(
                    hash=token.hash,
                    room=token.room,
                    expires=token.expires,
                    room_tenant=token.tenant,
                    admitted=token.admitted,
                    **rows.person_columns(token.person),
                )
            )

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        """See the port. The one UPDATE decides; a crash after it costs the person a new click on the link."""
        table = tables.join_tokens
        async with writing(self._engine) as connection:
            redeemed = await connection.execute(
                update(table)
                .where(table.c.hash == token_hash, table.c.used.is_(None), table.c.expires > now)
                .values(used=now)
            )
            row = (await connection.execute(select(table).where(table.c.hash == token_hash))).first()
            if row is None:
                raise UserError("token_unknown")
            if redeemed.rowcount == 1:
                return rows.join_token(row)
            raise UserError("token_expired" if row.used is None else "token_used")

    async def add_participant(self, participant: ParticipantRecord) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.participants).values(
                    id=participant.id,
                    meeting=participant.meeting,
                    joined=participant.joined,
                    left=participant.left,
                    leaf_key=participant.leaf_key,
                    room_tenant=participant.tenant,
                    room_role=participant.room_role.value,
                    **rows.person_columns(participant.person),
                )
            )

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        """See the port."""
        table = tables.participants
        async with writing(self._engine) as connection:
            changed = await connection.execute(
                update(table)
                .where(table.c.id == participant, table.c.leaf_key.is_(None))
                .values(leaf_key=leaf_key)
            )
            if changed.rowcount != 1:
                raise StoreConflict(f"participant {participant} has a leaf key already, or does not exist")

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        """See the port."""
        table = tables.participants
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table).where(table.c.id == participant, table.c.left.is_(None)).values(left=now)
            )

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        """See the port."""
        table = tables.participants
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(table).where(table.c.meeting == meeting).order_by(table.c.joined, table.c.id)
            )
            return [rows.participant(row) for row in found]

    async def purge(self, now: UnixMillis) -> int:
        """See the port."""
        table = tables.join_tokens
        async with writing(self._engine) as connection:
            deleted = await connection.execute(delete(table).where(table.c.expires < now - TOKEN_GRACE))
            over = await connection.execute(
                delete(tables.sessions).where(tables.sessions.c.expires <= now)
            )
            return deleted.rowcount + over.rowcount
