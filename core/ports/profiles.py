"""The database of a ministry's own profile, and of the listings of its house."""

from __future__ import annotations

from typing import Protocol

from core.records import Account
from core.values import Quota, Room, Tenant, TenantRules


class ProfileStore(Protocol):
    """All of them speak of the one tenant whose view this is."""

    async def profile(self) -> Tenant | None:
        """The tenant itself, whole."""
        ...

    async def change_profile(self, old: Tenant, new: Tenant) -> None:
        """Names, colour, languages, retention and logo. StoreConflict when the tenant is not `old` any more:
        somebody else was faster."""
        ...

    async def own_policy(self) -> TenantRules | None:
        """The policy that an administrator has given; None while the configuration's holds."""
        ...

    async def change_policy(self, old: TenantRules | None, new: TenantRules) -> None:
        """Give another policy. StoreConflict when it is not `old` any more."""
        ...

    async def used(self) -> Quota:
        """How much of its quota is used: rooms that are not closed, accounts, live meetings, and the most
        people in one of these."""
        ...

    async def people(self, search: str, after: str, limit: int) -> list[Account]:
        """Accounts by subject; with `search` those whose name or address of e-mail contains it."""
        ...

    async def house_rooms(self, search: str, after: tuple[int, str] | None, limit: int) -> list[Room]:
        """Rooms, newest first, after the one of this time and id; with `search` those whose title or slug
        contains it."""
        ...

    async def replace_room(self, old: Room, new: Room) -> None:
        """Title, rules, guests, end. StoreConflict when the room is not `old` any more."""
        ...
