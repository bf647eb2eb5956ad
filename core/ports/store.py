"""The database as a whole."""

from __future__ import annotations

from typing import Protocol

from core.ports.accounts import AccountStore
from core.ports.administration import AdministrationStore
from core.ports.groups import GroupStore
from core.ports.profiles import ProfileStore
from core.ports.rooms import RoomStore
from core.ports.sessions import SessionStore


class Store(RoomStore, SessionStore, GroupStore, AccountStore, AdministrationStore, ProfileStore, Protocol):
    """The database, whichever it is."""

    def of(self, tenant: str) -> Store:
        """The same database seen by one tenant: whatever is another's is not there. Writes that belong to a
        tenant need this view; on the node's own, which sees every tenant it serves, they are a
        LibraryError."""
        ...

    async def ping(self) -> None:
        """StoreUnavailable when the database does not answer."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...
