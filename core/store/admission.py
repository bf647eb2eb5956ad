"""Queries of who may come into a room, and changes of rooms (`core.ports.AdmissionStore`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import StoreConflict
from core.ports.admission import Place, Standing, TenantState
from core.records import RoomMember
from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import (
    Meeting,
    Quota,
    Room,
    RoomRole,
    RoomRules,
    TenantRules,
    UnixMillis,
)

BEST = (RoomRole.OWNER, RoomRole.COHOST, RoomRole.MEMBER, RoomRole.AUDIENCE)


class SqlAdmission:
    """`AdmissionStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def trusted_address(self, tenant: str, subject: str, room_tenant: str) -> str | None:
        """See the port."""
        accounts, domains = tables.accounts, tables.provider_domains
        query = select(accounts.c.email).where(
            self._scope.owns(accounts.c.tenant),
            accounts.c.tenant == tenant,
            accounts.c.subject == subject,
            accounts.c.blocked.is_(False),
        )
        async with reading(self._engine) as connection:
            address = str(await connection.scalar(query) or "").lower()
            _, at, domain = address.rpartition("@")
            if not at:
                return None
            claimed = await connection.scalar(select(domains.c.tenant).where(domains.c.domain == domain))
        may = claimed == tenant or (claimed is None and tenant == room_tenant)
        return address if may else None

    async def standing(self, room: str, whos: tuple[str, ...]) -> Standing | None:
        """See the port. One transaction, so that the answer is of one moment."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(self._room(room))).first()
            if row is None:
                return None
            found = rows.room(row)
            tenant = await self._tenant(connection, found.tenant)
            meeting = await self._live(connection, room)
            excluded, was = await self._in_meeting(connection, meeting, whos[:1])
            return Standing(
                room=found,
                policy=tenant.policy,
                quota=tenant.quota,
                suspended=tenant.suspended,
                role=await self._role(connection, found, whos),
                meeting=meeting,
                excluded=excluded,
                was=None if excluded else was,
            )

    def _room(self, room: str) -> Any:
        table = tables.rooms
        return select(table).where(self._scope.owns(table.c.tenant), table.c.id == room)

    @staticmethod
    async def _tenant(connection: AsyncConnection, tenant: str) -> TenantState:
        table = tables.tenants
        query = select(table.c.policy, table.c.quota, table.c.suspended).where(table.c.id == tenant)
        row = (await connection.execute(query)).first()
        if row is None:
            return TenantState(TenantRules(), Quota(), False)
        return TenantState(rows.tenant_rules(row.policy), rows.quota(row.quota), row.suspended)

    async def tenant_state(self) -> TenantState:
        """See the port."""
        async with reading(self._engine) as connection:
            return await self._tenant(connection, self._scope.own)

    async def _live(self, connection: AsyncConnection, room: str) -> Meeting | None:
        table = tables.meetings
        query = select(table).where(
            self._scope.owns(table.c.tenant), table.c.room == room, table.c.ended.is_(None)
        )
        row = (await connection.execute(query)).first()
        return rows.meeting(row) if row else None

    async def _role(
        self, connection: AsyncConnection, room: Room, whos: tuple[str, ...]
    ) -> RoomRole | None:
        if room.owner in whos[:1]:
            return RoomRole.OWNER
        table = tables.room_members
        found = await connection.execute(
            select(table.c.role).where(
                self._scope.owns(table.c.tenant), table.c.room == room.id, table.c.who.in_(whos)
            )
        )
        roles = {RoomRole(row.role) for row in found}
        return next((role for role in BEST if role in roles), None)

    async def _in_meeting(
        self, connection: AsyncConnection, meeting: Meeting | None, uri: tuple[str, ...]
    ) -> tuple[bool, RoomRole | None]:
        """Whether excluded, and what the person was in it when last there."""
        if meeting is None or not uri:
            return False, None
        deployment, tenant, subject = uri[0].removeprefix("entente://").split("/", 2)
        gone, people = tables.exclusions, tables.participants
        excluded = await connection.scalar(
            select(func.count()).where(
                self._scope.owns(gone.c.tenant), gone.c.meeting == meeting.id, gone.c.uri == uri[0]
            )
        )
        was = await connection.scalar(
            select(people.c.room_role)
            .where(
                self._scope.owns(people.c.room_tenant),
                people.c.meeting == meeting.id,
                people.c.deployment == deployment,
                people.c.tenant == tenant,
                people.c.subject == subject,
            )
            .order_by(people.c.joined.desc(), people.c.id.desc())
            .limit(1)
        )
        return bool(excluded), None if was is None else RoomRole(was)

    async def exclude(self, meeting: str, uri: str, now: UnixMillis) -> None:
        """See the port."""
        table, meetings = tables.exclusions, tables.meetings.c
        ours = select(meetings.id).where(self._scope.owns(meetings.tenant), meetings.id == meeting)
        async with writing(self._engine) as connection:
            if await connection.scalar(ours) is None:
                raise StoreConflict(f"no meeting {meeting} of this tenant")
            try:
                async with connection.begin_nested():
                    await connection.execute(
                        insert(table).values(tenant=self._scope.own, meeting=meeting, uri=uri, time=now)
                    )
            except IntegrityError:
                return  # excluded already

    async def set_door(self, meeting: str, *, locked: bool, guests_knock: bool) -> None:
        """See the port."""
        table = tables.meetings
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table)
                .where(self._scope.owns(table.c.tenant), table.c.id == meeting)
                .values(locked=locked, guests_knock=guests_knock)
            )

    async def set_rules(self, room: str, rules: RoomRules) -> None:
        """See the port."""
        await self._change(room, rows.rule_columns(rules))

    async def change_room(self, room: Room) -> None:
        """See the port."""
        changed = {
            "title": room.title,
            "guests": room.guests,
            "pin": room.pin,
            "guests_until": room.guests_until,
            "closed": room.closed,
        }
        await self._change(room.id, changed | rows.rule_columns(room.rules))

    async def _change(self, room: str, columns: dict[str, object]) -> None:
        table = tables.rooms
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table).where(self._scope.owns(table.c.tenant), table.c.id == room).values(columns)
            )

    async def set_participant_role(self, participant: str, role: RoomRole) -> None:
        """See the port."""
        table = tables.participants
        async with writing(self._engine) as connection:
            await connection.execute(
                update(table)
                .where(self._scope.owns(table.c.room_tenant), table.c.id == participant)
                .values(room_role=role.value)
            )

    async def put_member(self, member: RoomMember, most: int) -> None:
        """See the port."""
        table = tables.room_members
        which = and_(
            self._scope.owns(table.c.tenant), table.c.room == member.room, table.c.who == member.who
        )
        async with writing(self._engine) as connection:
            if (await connection.execute(self._room(member.room))).first() is None:
                raise StoreConflict(f"no room {member.room} of this tenant")
            changed = await connection.execute(update(table).where(which).values(role=member.role.value))
            if changed.rowcount:
                return
            others = select(func.count()).where(self._scope.owns(table.c.tenant), table.c.room == member.room)
            if int(await connection.scalar(others) or 0) >= most:
                raise StoreConflict("the room has no place for another member")
            await connection.execute(
                insert(table).values(
                    tenant=self._scope.own, room=member.room, who=member.who, role=member.role.value
                )
            )

    async def remove_member(self, room: str, who: str) -> bool:
        """See the port."""
        table = tables.room_members
        async with writing(self._engine) as connection:
            gone = await connection.execute(
                delete(table).where(
                    self._scope.owns(table.c.tenant), table.c.room == room, table.c.who == who
                )
            )
            return gone.rowcount > 0

    async def members(self, room: str, after: str, limit: int) -> list[RoomMember]:
        """See the port."""
        table = tables.room_members
        query = select(table).where(
            self._scope.owns(table.c.tenant), table.c.room == room, table.c.who > after
        )
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(table.c.who).limit(limit))
            return [RoomMember(row.room, row.who, RoomRole(row.role)) for row in found]

    async def rooms_page(self, owner: str, after: Place | None, limit: int) -> list[Room]:
        """See the port."""
        table = tables.rooms
        query = select(table).where(self._scope.owns(table.c.tenant), table.c.owner == owner)
        if after is not None:
            same = and_(table.c.created == after.created, table.c.id > after.room)
            query = query.where(or_(table.c.created < after.created, same))
        async with reading(self._engine) as connection:
            found = await connection.execute(query.order_by(table.c.created.desc(), table.c.id).limit(limit))
            return [rows.room(row) for row in found]

    async def open_rooms(self, most: int) -> int:
        """See the port."""
        table = tables.rooms
        some = (
            select(table.c.id).where(table.c.tenant == self._scope.own, table.c.closed.is_(None)).limit(most)
        )
        async with reading(self._engine) as connection:
            return int(await connection.scalar(select(func.count()).select_from(some.subquery())) or 0)
