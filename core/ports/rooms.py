"""The database of rooms and meetings."""

from __future__ import annotations

from typing import Protocol

from core.values import JoinToken, Meeting, ParticipantRecord, Room, Tenant, UnixMillis


class RoomStore(Protocol):
    """Tenants, rooms, meetings, join tokens and participants."""

    async def put_tenant(self, tenant: Tenant) -> None:
        """Insert the tenant or replace its names."""
        ...

    async def tenants(self) -> list[Tenant]:
        """Every tenant, by id."""
        ...

    async def create_room(self, room: Room) -> None:
        """Store a room. StoreConflict when the id or slug is taken."""
        ...

    async def room(self, slug: str) -> Room | None:
        """The room with this slug."""
        ...

    async def room_by_id(self, room: str) -> Room | None:
        """The room with this id."""
        ...

    async def rooms_of(self, owner: str) -> list[Room]:
        """Rooms whose owner has this URI, newest first."""
        ...

    async def start_meeting(self, room: str, meeting: str, now: UnixMillis) -> Meeting:
        """The room's live meeting, which waits for nobody from here on, or a new one with id `meeting`, the
        next serial and its label (K9.2)."""
        ...

    async def await_people(self, meeting: str, until: UnixMillis) -> None:
        """A live meeting whose node was started again waits for its people; does nothing when it does."""
        ...

    async def live_meetings(self) -> list[Meeting]:
        """Meetings not ended, oldest first."""
        ...

    async def end_meeting(self, meeting: str, now: UnixMillis) -> None:
        """Mark ended; does nothing when it already was."""
        ...

    async def add_join_token(self, token: JoinToken) -> None:
        """Store a token's hash. StoreConflict unless its room is its tenant's."""
        ...

    async def redeem_join_token(self, token_hash: bytes, now: UnixMillis) -> JoinToken:
        """Use a token, atomically once. UserError token_unknown, token_used or token_expired."""
        ...

    async def add_participant(self, participant: ParticipantRecord) -> None:
        """Store somebody who joined. StoreConflict unless the meeting is the record's tenant's."""
        ...

    async def set_leaf_key(self, participant: str, leaf_key: bytes) -> None:
        """Remember the certified leaf key. StoreConflict when one was set (one leaf per join, K2.1)."""
        ...

    async def set_left(self, participant: str, now: UnixMillis) -> None:
        """Mark somebody as gone."""
        ...

    async def participants(self, meeting: str) -> list[ParticipantRecord]:
        """Everybody who was ever in the meeting, by time of joining."""
        ...

    async def purge(self, now: UnixMillis) -> int:
        """Delete join tokens that expired more than a day ago, and sessions that are over; returns how
        many."""
        ...
