"""What a person sees of the own login: who one is, where one is logged in, and the way out of each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import PeerError, UserError
from core.records import AccountSession
from core.tenants.account_sessions import AccountSessions
from core.tenants.sessions import Sessions
from gateway.http.cookies import SESSION, clear_session
from gateway.http.who import Caller, Who, same_site
from gateway.login.notes import LoginNotes
from gateway.services import Services


class MeRoutes:
    """`/api/me` and logout."""

    def __init__(
        self,
        services: Services,
        who: Who,
        development: Sessions,
        sessions: AccountSessions,
        notes: LoginNotes,
    ) -> None:
        self._store = services.store
        self._who = who
        self._development = development
        self._sessions = sessions
        self._notes = notes

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/api/me", self._me, methods=["GET"]),
            Route("/api/me/sessions", self._list, methods=["GET"]),
            Route("/api/me/sessions/{session}", self._revoke, methods=["DELETE"]),
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
                self._notes.ended(session, "revoked")
                return Response(status_code=204)
        raise PeerError("not_found")

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
            return Response(status_code=204)
        if cookie := request.cookies.get(SESSION):
            same_site(request)
            if held := await self._sessions.close(cookie):
                self._notes.ended(held.session, "logout")
        clear_session(request)
        return Response(status_code=204)


_PRIVATE = {"Cache-Control": "no-store"}


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
