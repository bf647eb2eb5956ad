"""`POST /api/login/backchannel/{provider}`: the provider says that somebody has logged out there (OpenID
Connect Back-Channel Logout 1.0).

It ends that person's sessions here and every join token not yet used, so nobody comes into another meeting by
them. Who sits in a meeting stays: a logout elsewhere is no removal, and to lose a minister in mid-sentence
because a portal's session ran out would teach people never to log out. To take somebody out of a running
meeting is what blocking and revocation are for (K2.4).
"""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from core.errors import LeaseHeld, PeerError, UserError
from core.ports import Bus, Store
from core.records import AccountSession, Provider
from gateway.http.proxies import address_of
from gateway.login.notes import LoginNotes
from gateway.login.providers import Providers
from gateway.login.tokens import LEEWAY, LOGOUT_AGE, TOKEN_MAX, LogoutNotice, Tokens


class BackChannel:
    """The route's handler."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        deployment: str,
        providers: Providers,
        tokens: Tokens,
        notes: LoginNotes,
    ) -> None:
        self._store = store
        self._bus = bus
        self._deployment = deployment
        self._providers = providers
        self._tokens = tokens
        self._notes = notes

    async def __call__(self, request: Request) -> Response:
        """200 when the sessions are over, also when there were none; 400 with what is wrong of the token."""
        provider = await self._providers.get(request.path_params["provider"])
        if provider is None:
            raise UserError("provider_unknown")
        token = _token(await request.body())
        try:
            notice = await self._tokens.logout(provider, token)
            await self._once(provider, notice)
        except UserError as error:
            await self._notes.refused(provider.tenant, provider.id, error, address_of(request))
            if error.code == "provider_failed":
                raise
            # Section 2.8 wants 400 for a token that does not hold; the code says why.
            raise PeerError("bad_request", error.code) from error
        for session in await self._end(provider, notice):
            await self._notes.ended(session, "backchannel", address_of(request))
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    async def _once(self, provider: Provider, notice: LogoutNotice) -> None:
        """A logout token counts once (section 2.6, 8). The bus remembers, as long as its age is let pass."""
        name = hashlib.sha256(f"{provider.id} {notice.id}".encode()).hexdigest()
        try:
            await self._bus.lease(f"logout:{name}", LOGOUT_AGE + 2 * LEEWAY)
        except LeaseHeld as error:
            raise UserError("login_replayed") from error

    async def _end(self, provider: Provider, notice: LogoutNotice) -> list[AccountSession]:
        own = self._store.of(provider.tenant)
        subject = None
        if notice.provider_subject is not None:
            account = await own.account_of(provider.issuer, notice.provider_subject)
            if account is None and notice.sid is None:
                return []
            subject = account.subject if account else None
        ended = await own.end_provider_sessions(provider.id, sid=notice.sid, subject=subject)
        for subject in {session.subject for session in ended}:
            await own.end_logins(self._deployment, provider.tenant, subject)
        return ended


def _token(body: bytes) -> str:
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=8)
    except ValueError as error:
        raise PeerError("bad_request", "the body is not a form") from error
    token = form.get("logout_token", [])
    if len(token) != 1 or len(token[0]) > TOKEN_MAX:
        raise PeerError("bad_request", "logout_token: one is needed")
    return token[0]
