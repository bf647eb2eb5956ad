"""What a person sees of the own login: who one is, where one is logged in, and the way out of each."""

from __future__ import annotations

import re

from authlib.common.urls import add_params_to_uri
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import PeerError, UserError
from core.records import AccountSession, CertificateRecord, HeldSession
from core.tenants.account_sessions import AccountSessions
from core.tenants.sessions import Sessions
from core.values import UnixMillis
from gateway.http.cookies import HINT, HINT_PATH, SESSION, clear_session, set_cookie
from gateway.http.proxies import address_of
from gateway.http.who import Caller, Who, same_site
from gateway.login.parts import LoginParts
from gateway.login.routes import own_origin
from gateway.services import Services


class MeRoutes:
    """`/api/me` and logout."""

    def __init__(
        self,
        services: Services,
        who: Who,
        development: Sessions,
        sessions: AccountSessions,
        parts: LoginParts,
    ) -> None:
        self._store = services.store
        self._rng = services.rng
        self._who = who
        self._development = development
        self._sessions = sessions
        self._parts = parts
        self._notes = parts.notes

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/api/me", self._me, methods=["GET"]),
            Route("/api/me/sessions", self._list, methods=["GET"]),
            Route("/api/me/sessions/{session}", self._revoke, methods=["DELETE"]),
            Route("/api/me/certificates", self._certificates, methods=["GET"]),
            Route("/api/login/logout", self._logout, methods=["POST"]),
        ]

    async def _me(self, request: Request) -> Response:
        """Nobody is an answer too, not a refusal: each page asks."""
        try:
            caller = await self._who.caller(request, any_assurance=True)
        except UserError as error:
            if error.code != "unauthorized":
                raise
            caller = None
        return JSONResponse({"person": _shown(caller) if caller else None}, headers=_PRIVATE)

    async def _list(self, request: Request) -> Response:
        caller = await self._account(request)
        assert caller.session is not None
        found = await self._store.of(caller.person.tenant).account_sessions(caller.person.subject)
        return JSONResponse(
            {"sessions": [_session(one, caller.session.id) for one in found]}, headers=_PRIVATE
        )

    async def _revoke(self, request: Request) -> Response:
        caller = await self._account(request)
        own = self._store.of(caller.person.tenant)
        wanted = request.path_params["session"]
        for session in await own.account_sessions(caller.person.subject):
            if session.id == wanted and await own.end_account_session(wanted):
                await self._notes.ended(session, "revoked", address_of(request))
                return Response(status_code=204)
        raise PeerError("not_found")

    async def _certificates(self, request: Request) -> Response:
        """Those issued in one's name, by whomever they were asked for (K2.4): a page at a time."""
        person = (await self._who.needed(request)).person
        found = await self._store.of(person.tenant).certificates_of(
            person.subject, _before(request.query_params.get("before")), PAGE + 1
        )
        page = found[:PAGE]
        more = f"{page[-1].issued}-{page[-1].fingerprint.hex()}" if len(found) > PAGE else None
        return JSONResponse(
            {"certificates": [_certificate(one) for one in page], "before": more}, headers=_PRIVATE
        )

    async def _account(self, request: Request) -> Caller:
        caller = await self._who.caller(request, any_assurance=True)
        if caller is None or caller.session is None:
            raise UserError("unauthorized")
        return caller

    async def _logout(self, request: Request) -> Response:
        """Out of whatever one is in; a cookie that is over is taken away all the same."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            await self._development.close(token.strip())
            return JSONResponse({"redirect": None}, headers=_PRIVATE)
        held = None
        if cookie := request.cookies.get(SESSION):
            same_site(request)
            if held := await self._sessions.close(cookie):
                await self._notes.ended(held.session, "logout", address_of(request))
        clear_session(request)
        if held is None:
            return JSONResponse({"redirect": None}, headers=_PRIVATE)
        return JSONResponse({"redirect": await self._end_session(request, held)}, headers=_PRIVATE)

    async def _end_session(self, request: Request, held: HeldSession) -> str | None:
        """Where the browser goes so that the provider's own session ends too (OpenID Connect RP-Initiated
        Logout 1.0); None where it offers that not, or does not answer."""
        hint = request.cookies.get(HINT)
        set_cookie(request, HINT, "", 0, HINT_PATH)
        try:
            provider = await self._parts.flow.provider(held.session.provider)
            metadata = await self._parts.discovery.metadata(provider.issuer)
        except UserError:
            return None
        if metadata.end_session is None:
            return None
        asked = {
            "client_id": provider.client_id,
            "post_logout_redirect_uri": own_origin(request, self._parts.origin) + "/",
            "state": self._rng.bytes(16).hex(),
        }
        if hint:
            asked["id_token_hint"] = hint
        return str(add_params_to_uri(metadata.end_session, asked.items()))


_PRIVATE = {"Cache-Control": "no-store"}

PAGE = 50
_BEFORE = re.compile(r"([0-9]{1,15})-([0-9a-f]{64})")


def _before(text: str | None) -> tuple[UnixMillis, bytes] | None:
    found = _BEFORE.fullmatch(text) if text is not None else None
    if text is not None and found is None:
        raise UserError("invalid", "before: must be the one that the last page gave")
    return (UnixMillis(int(found[1])), bytes.fromhex(found[2])) if found else None


def _certificate(one: CertificateRecord) -> dict[str, object]:
    return {
        "fingerprint": one.fingerprint.hex(),
        "role": one.role,
        "meeting": one.meeting,
        "issued": one.issued,
        "expires": one.expires,
        "revoked": one.revoked,
    }


def _shown(caller: Caller) -> dict[str, object]:
    person = caller.person
    return {
        "tenant": person.tenant,
        "subject": person.subject,
        "name": person.name,
        "assurance": person.assurance.value,
        "rights": sorted(caller.rights),
        "login": "provider" if caller.session else "development",
    }


def _session(session: AccountSession, current: str) -> dict[str, object]:
    return {
        "id": session.id,
        "current": session.id == current,
        "assurance": session.assurance.value,
        "authenticated": session.authenticated,
        "seen": session.seen,
        "expires": session.expires,
    }
