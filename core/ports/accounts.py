"""The database of logins by a provider: who has an account, which providers there are, which logins are under
way, and which sessions they became.

What is found by an unguessable key (a state, a session's id) is found in the node's own view; the rest
belongs to one tenant's.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from core.records import (
    Account,
    AccountSession,
    HeldSession,
    PendingLogin,
    Provider,
    Right,
)
from core.values import Assurance, UnixMillis


class AccountStore(Protocol):
    """Accounts, providers, logins under way, and sessions."""

    async def add_account(self, account: Account, most: int) -> None:
        """Store a first login. StoreConflict when the subject or the provider's subject has one already;
        UserError quota_reached when the tenant has `most`."""
        ...

    async def account(self, subject: str) -> Account | None:
        """The account of the tenant with this subject."""
        ...

    async def account_of(self, issuer: str, provider_subject: str) -> Account | None:
        """The account of the tenant that this provider calls so."""
        ...

    async def refresh_account(
        self, subject: str, *, name: str, email: str, assurance: Assurance, seen: UnixMillis
    ) -> None:
        """What a later login says of the person."""
        ...

    async def change_account(
        self, subject: str, *, rights: Collection[Right] | None = None, blocked: bool | None = None
    ) -> bool:
        """An administrator's change; False when there is no such account."""
        ...

    async def put_provider(self, provider: Provider) -> None:
        """Insert a provider or replace it. StoreConflict when another's id or domain."""
        ...

    async def provider(self, provider: str) -> Provider | None:
        """The provider with this id."""
        ...

    async def providers(self, limit: int) -> list[Provider]:
        """The first providers by tenant and id."""
        ...

    async def provider_for(self, domains: Collection[str]) -> Provider | None:
        """The provider that has one of these domains, the longest first."""
        ...

    async def remove_provider(self, provider: str) -> bool:
        """Forget a provider and its domains; False when there is none. Accounts and sessions stay."""
        ...

    async def add_pending_login(self, login: PendingLogin, now: UnixMillis) -> None:
        """Store a login under way; those that are long over go."""
        ...

    async def take_pending_login(self, state: bytes, browser: bytes, now: UnixMillis) -> PendingLogin | None:
        """Use a login under way, atomically once; None when there is none. UserError login_expired,
        login_mismatch (another browser's: nothing is used), login_replayed."""
        ...

    async def add_account_session(self, session: AccountSession, most: int) -> None:
        """Store a session; of more than `most` of one person the longest unseen go, and all that are over."""
        ...

    async def held_session(self, session: str) -> HeldSession | None:
        """The session with this id, over or not."""
        ...

    async def rotate_session(
        self, session: str, old: bytes, new: bytes, previous_until: UnixMillis, now: UnixMillis
    ) -> bool:
        """Give the session a new hash and keep the old one until then; False when `old` is not its hash any
        more, because another request was faster."""
        ...

    async def see_session(self, session: str, now: UnixMillis) -> None:
        """Somebody uses it."""
        ...

    async def account_sessions(self, subject: str) -> list[AccountSession]:
        """The person's sessions, the latest seen first."""
        ...

    async def end_account_session(self, session: str) -> bool:
        """Forget it; False when there was none."""
        ...

    async def end_account_sessions(self, subject: str) -> int:
        """Forget the person's sessions; returns how many."""
        ...

    async def end_provider_sessions(
        self, provider: str, *, sid: str | None, subject: str | None
    ) -> list[AccountSession]:
        """Forget a provider's sessions by its own sid, or by our subject, or both; returns them."""
        ...
