"""The database of who may come into a room, and of the rooms' management."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.records import RoomMember
from core.values import Meeting, Quota, Room, RoomRole, RoomRules, TenantRules, UnixMillis


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of one person at the door of one room. `role` is the best of the person's roles
    in the room, `was` the last in the live `meeting`."""

    room: Room
    policy: TenantRules
    quota: Quota
    suspended: bool
    role: RoomRole | None
    meeting: Meeting | None
    excluded: bool
    was: RoomRole | None


@dataclass(frozen=True, slots=True)
class TenantState:
    """What decides over a tenant's rooms."""

    policy: TenantRules
    quota: Quota
    suspended: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of rooms goes on: after the room of this time and id, newest first."""

    created: UnixMillis
    room: str


class AdmissionStore(Protocol):
    """Roles in rooms, exclusions from meetings, and changes of rooms. Needs the view of the room's tenant
    (`Store.of`), but for `trusted_address`, which belongs to the person's."""

    async def trusted_address(self, tenant: str, subject: str, room_tenant: str) -> str | None:
        """The person's e-mail address in lower case, where this tenant may speak for it to a room of
        `room_tenant`: its domain is one of the tenant's own, or nobody's and both tenants are one."""
        ...

    async def standing(self, room: str, whos: tuple[str, ...]) -> Standing | None:
        """See `Standing`; `whos` are the person's URI first and then other names it has as a room's member.
        None when there is no such room."""
        ...

    async def exclude(self, meeting: str, uri: str, now: UnixMillis) -> None:
        """This person is not to come back into this meeting."""
        ...

    async def set_door(self, meeting: str, *, locked: bool, guests_knock: bool) -> None:
        """The two states of a live meeting's door."""
        ...

    async def set_rules(self, room: str, rules: RoomRules) -> None:
        """The room's rules from now on."""
        ...

    async def change_room(self, room: Room) -> None:
        """Title, rules, PIN, guests and the two ends of a room; nothing else of it ever changes."""
        ...

    async def set_participant_role(self, participant: str, role: RoomRole) -> None:
        """What somebody is in a meeting from now on."""
        ...

    async def put_member(self, member: RoomMember, most: int) -> None:
        """Somebody's role in a room. StoreConflict when `most` others have one already."""
        ...

    async def remove_member(self, room: str, who: str) -> bool:
        """Whether there was one to remove."""
        ...

    async def members(self, room: str, after: str, limit: int) -> list[RoomMember]:
        """A page of a room's people by `who`."""
        ...

    async def rooms_page(self, owner: str, after: Place | None, limit: int) -> list[Room]:
        """A page of the rooms whose owner has this URI, newest first."""
        ...

    async def tenant_state(self) -> TenantState:
        """Of the one tenant of this view; by default where it is not stored."""
        ...

    async def open_rooms(self, most: int) -> int:
        """How many rooms of the tenant are not closed; counts no further than `most`."""
        ...
