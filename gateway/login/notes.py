"""What the operator and the ministry's own security team learn of logins: counted here, and noted as events
of who did what, without a name, an address or a token."""

from __future__ import annotations

import logging

from core.errors import WireError
from core.ports import Telemetry
from core.records import Account, AccountSession

log = logging.getLogger("entente.login")


class LoginNotes:
    """One method for each thing that happens."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def logged_in(self, account: Account, *, first: bool) -> None:
        """A login went well; `first` made the account."""
        self._telemetry.count("entente_logins_total", method="provider")

    def refused(self, tenant: str, provider: str, error: WireError) -> None:
        """A login was refused. The detail is ours: it never holds what the provider said of a person."""
        self._telemetry.count("entente_logins_refused_total", code=error.code)
        log.warning("login refused at %s of %s: %s, %s", provider, tenant, error.code, error.detail)

    def ended(self, session: AccountSession, how: str) -> None:
        """A session ended: `logout`, `backchannel`, `revoked`."""
        self._telemetry.count("entente_sessions_ended_total", reason=how)

    async def stolen(self, session: AccountSession) -> None:
        """An older cookie of a session came back: it was copied, and the session is over."""
        self._telemetry.count("entente_sessions_ended_total", reason="stolen")
        log.warning("a session of %s was used with an older cookie and is ended", session.tenant)
