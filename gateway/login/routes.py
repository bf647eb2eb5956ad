"""The login's addresses: which providers there are, the way to one, and back.

`start` and `callback` are pages a browser is led through, so what goes wrong there is told on the login page,
by its code, and never as a document nobody reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import UserError
from core.records import Provider
from core.tenants.account_sessions import AccountSessions
from core.tenants.sessions import new_token, token_hash
from core.values import Assurance
from gateway.http.body import Body, read_body
from gateway.http.cookies import BROWSER, HINT, HINT_MAX, HINT_PATH, SESSION, set_cookie, set_session
from gateway.http.proxies import address_of
from gateway.login.backchannel import BackChannel
from gateway.login.flow import LOGIN_LIFE, Done, Refused
from gateway.login.parts import LoginParts
from gateway.services import Services

RETURN = re.compile(r"/(?:m/[A-Za-z0-9][A-Za-z0-9_-]{0,63}|me|admin(?:/[A-Za-z0-9_-]{1,64}){0,4})?")
"""Where a login may lead: a page of ours. The room's secret stays at the browser, in its fragment."""

FIELD_MAX = 8192


class Discover(Body):
    """Whose provider."""

    email: Annotated[str, Field(max_length=254)]


class LoginRoutes:
    """Login by a provider. `sessions` is what a login becomes."""

    def __init__(self, services: Services, parts: LoginParts, sessions: AccountSessions) -> None:
        self._services = services
        self._parts = parts
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """For the app."""
        parts, services = self._parts, self._services
        back = BackChannel(
            services.store, services.bus, services.deployment.id, parts.providers, parts.tokens, parts.notes
        )

        async def back_channel(request: Request) -> Response:
            return await back(request)

        return [
            Route("/api/login/providers", self._providers, methods=["GET"]),
            Route("/api/login/discover", self._discover, methods=["POST"]),
            Route("/api/login/start", self._start, methods=["GET"]),
            Route("/api/login/callback/{provider}", self._callback, methods=["GET"]),
            Route("/api/login/backchannel/{provider}", back_channel, methods=["POST"]),
        ]

    async def _providers(self, _request: Request) -> Response:
        found = await self._parts.providers.listed()
        return JSONResponse({"providers": [self._shown(one) for one in found]})

    async def _discover(self, request: Request) -> Response:
        """Where an address's domain leads. The answer is the same for every name before the @."""
        body = await read_body(request, Discover)
        found = await self._parts.providers.for_email(body.email)
        return JSONResponse({"provider": self._shown(found) if found else None})

    def _shown(self, provider: Provider) -> dict[str, str]:
        return {"id": provider.id, "name": provider.name, "tenant": provider.tenant}

    async def _start(self, request: Request) -> Response:
        asked = request.query_params
        name, return_to = asked.get("provider", ""), asked.get("return_to", "/")
        browser = request.cookies.get(BROWSER, "")
        if token_hash(browser) is None:
            browser = new_token(self._services.rng)
        try:
            if not RETURN.fullmatch(return_to):
                raise UserError("invalid", "return_to: must be a page of this site")
            level = _level(asked.get("level", "low"))
            target = await self._parts.flow.begin(
                name,
                return_to=return_to,
                level=level,
                browser=browser,
                redirect_uri=redirect_uri(request, self._parts.origin, name),
            )
        except UserError as error:
            return _problem(error, name, return_to)
        set_cookie(request, BROWSER, browser, LOGIN_LIFE // 1000)
        return RedirectResponse(target, status_code=303)

    async def _callback(self, request: Request) -> Response:
        name = request.path_params["provider"]
        try:
            done = await self._parts.flow.finish(
                name,
                _answer(request),
                request.cookies.get(BROWSER, ""),
                redirect_uri(request, self._parts.origin, name),
            )
        except Refused as refused:
            provider = refused.provider
            await self._parts.notes.refused(
                provider.tenant if provider else "",
                provider.id if provider else "",
                refused.error,
                address_of(request),
            )
            return _problem(refused.error, provider.id if provider else "", refused.return_to)
        return await self._welcome(request, done)

    async def _welcome(self, request: Request, done: Done) -> Response:
        """A fresh session, whatever cookie came along: a planted one gains nothing, one's own older one
        ends."""
        if before := request.cookies.get(SESSION):
            await self._sessions.close(before)
        who = done.identity
        cookie = await self._sessions.open(
            done.account, done.provider.id, sid=who.sid, acr=who.acr, assurance=who.assurance
        )
        await self._parts.notes.logged_in(done.account, address_of(request), first=done.first)
        set_session(request, cookie)
        if len(done.hint) <= HINT_MAX:
            set_cookie(request, HINT, done.hint, 12 * 3600, HINT_PATH)
        return RedirectResponse(done.return_to, status_code=303)


def redirect_uri(request: Request, origin: str | None, provider: str) -> str:
    """Where the provider sends people back: each its own address (RFC 9700 section 4.4.2.2)."""
    return f"{own_origin(request, origin)}/api/login/callback/{provider}"


def own_origin(request: Request, origin: str | None) -> str:
    """How browsers reach us: as configured, else by the name asked for, which the host guard let through; TLS
    is taken for granted but on this machine."""
    if origin is not None:
        return origin
    host = request.headers["host"].lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    local = name in ("localhost", "127.0.0.1", "[::1]") or name.endswith(".localhost")
    return f"{'http' if local and request.url.scheme != 'https' else 'https'}://{host}"


def _level(text: str) -> Assurance:
    try:
        return Assurance(text)
    except ValueError as error:
        raise UserError("invalid", "level: must be low, substantial or high") from error


def _answer(request: Request) -> Mapping[str, str]:
    """The provider's answer. What comes twice or is overlong counts as absent."""
    found: dict[str, str] = {}
    asked = request.query_params
    for name in ("state", "code", "iss", "error"):
        values = asked.getlist(name)
        if len(values) == 1 and len(values[0]) <= FIELD_MAX:
            found[name] = values[0]
    return found


def _problem(error: UserError, provider: str, return_to: str) -> Response:
    """The login page with what went wrong."""
    said = {"problem": error.code}
    if RETURN.fullmatch(return_to):
        said["return_to"] = return_to
    if re.fullmatch(r"[A-Za-z0-9-]{1,32}", provider):
        said["provider"] = provider
    return RedirectResponse(f"/login?{urlencode(said)}", status_code=303)
