"""What the operator and the ministry's own security team learn of logins: counted here, and noted as events
of who did what, without a name, an address or a token."""

from __future__ import annotations

import logging

from core.actions import Action
from core.audit import SYSTEM, Actor, Auditor
from core.errors import WireError
from core.ports import Telemetry
from core.records import Account, AccountSession

log = logging.getLogger("entente.login")


class LoginNotes:
    """One method for each thing that happens."""

    def __init__(self, telemetry: Telemetry, audit: Auditor) -> None:
        self._telemetry = telemetry
        self._audit = audit

    async def logged_in(self, account: Account, address: str, *, first: bool) -> None:
        """A login went well; `first` made the account."""
        self._telemetry.count("entente_logins_total", method="provider")
        actor = Actor("account", account.subject, address)
        if first:
            await self._audit.note(account.tenant, actor, Action.ACCOUNT_CREATED, account.subject)
        await self._audit.note(account.tenant, actor, Action.LOGIN, account.subject)

    async def refused(self, tenant: str, provider: str, error: WireError, address: str) -> None:
        """A login was refused. The detail is ours: it never holds what the provider said of a person."""
        self._telemetry.count("entente_logins_refused_total", code=error.code)
        log.warning("login refused at %s of %s: %s, %s", provider, tenant, error.code, error.detail)
        if tenant:
            actor = Actor("system", "system", address)
            await self._audit.note(tenant, actor, Action.LOGIN, provider, "refused", code=error.code)

    async def ended(self, session: AccountSession, how: str, address: str = "") -> None:
        """A session ended: `logout`, `backchannel`, `revoked`."""
        self._telemetry.count("entente_sessions_ended_total", reason=how)
        actor = SYSTEM if how == "backchannel" else Actor("account", session.subject, address)
        await self._audit.note(session.tenant, actor, Action.LOGOUT, session.subject, by=how)

    async def stolen(self, session: AccountSession) -> None:
        """An older cookie of a session came back: it was copied, and the session is over."""
        self._telemetry.count("entente_sessions_ended_total", reason="stolen")
        log.warning("a session of %s was used with an older cookie and is ended", session.tenant)
        await self._audit.note(session.tenant, SYSTEM, Action.SESSION_REUSED, session.subject)
