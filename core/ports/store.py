"""The database as a whole."""

from __future__ import annotations

from typing import Protocol

from core.ports.accounts import AccountStore
from core.ports.administration import AdministrationStore
from core.ports.admission import AdmissionStore
from core.ports.certificates import CertificateStore
from core.ports.groups import GroupStore
from core.ports.profiles import ProfileStore
from core.ports.rooms import RoomStore
from core.ports.sessions import SessionStore
from core.ports.tenants import TenantStore


class Store(
    RoomStore,
    SessionStore,
    GroupStore,
    AdmissionStore,
    CertificateStore,
    TenantStore,
    AccountStore,
    AdministrationStore,
    ProfileStore,
    Protocol,
):
    """The database, whichever it is."""

    def of(self, tenant: str) -> Store:
        """The same database seen by one tenant: whatever is another's is not there, and a value that is
        another's is a LibraryError. The empty tenant is the deployment itself."""
        ...

    async def ping(self) -> None:
        """StoreUnavailable when the database does not answer."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...
