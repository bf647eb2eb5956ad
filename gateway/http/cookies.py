"""The cookies of a login: their names and attributes, and how a route that has no response yet sets one.

`__Host-` (RFC 6265bis section 4.1.3.2) binds a cookie to this host, to TLS and to the whole path, so that
neither a neighbour's subdomain nor a page without TLS can plant one.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.tenants.account_sessions import ABSOLUTE

SESSION = "__Host-entente"
BROWSER = "__Host-entente-login"
"""Binds a login under way to the browser that began it."""

HINT = "__Secure-entente-hint"
"""The ID token, for the provider's logout. It lies at the person's own browser and nowhere at ours; the path
keeps it off every other request, which `__Host-` would not allow."""

HINT_PATH = "/api/login"
HINT_MAX = 3500
"""Characters; browsers take 4,096 for name, value and attributes together."""

_KEY = "entente.cookies"


def set_cookie(request: HTTPConnection, name: str, value: str, seconds: int, path: str = "/") -> None:
    """Have the response set this cookie, whatever the response will be; 0 seconds takes it away."""
    header = f"{name}={value}; Path={path}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    request.scope.get(_KEY, {})[name] = header


def set_session(request: HTTPConnection, value: str) -> None:
    """The session's cookie, for as long as a session can last."""
    set_cookie(request, SESSION, value, ABSOLUTE // 1000)


def clear_session(request: HTTPConnection) -> None:
    """Take the session's cookie away, so that the next request is plainly nobody's."""
    set_cookie(request, SESSION, "", 0)


class CookieGuard:
    """Adds what `set_cookie` asked for to the response, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted: dict[str, str] = {}

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and wanted:
                headers = MutableHeaders(scope=message)
                for header in wanted.values():
                    headers.append("Set-Cookie", header)
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app({**scope, _KEY: wanted}, receive, with_cookies)
