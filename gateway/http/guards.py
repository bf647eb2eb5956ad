"""What every connection passes before a route sees it: host, rate, size, time, and headers on the way out.

Each guard is one ASGI application around the next. A refusal is problem+json on HTTP and a plain close on a
socket.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import PeerError, UserError
from core.ports import Clock, Telemetry
from gateway.http.problem import refuse
from gateway.limits import Limiter, network_of

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?")

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; worker-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'; connect-src 'self'"
)
"""Nothing inline, nothing from elsewhere; `connect-src` is completed with this host's sockets per request."""

FEATURES = (
    "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), "
    "screen-wake-lock=(self), speaker-selection=(self), geolocation=(), payment=(), usb=(), serial=(), hid=()"
)

FAILURE_COST = 10.0
"""Requests that a refused one counts as: guessing tokens or links runs dry ten times sooner than using
them."""


def _matches(name: str, host: str) -> bool:
    """Whether a name is the host, or below it where the host is written `*.example.org`."""
    return name.endswith(host[1:]) and len(name) > len(host) - 1 if host.startswith("*.") else name == host


class HostGuard:
    """Serve only the names we have: a page of another name that resolves here reads nothing (DNS
    rebinding)."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] in ("http", "websocket"):
            found = _HOST.fullmatch(Headers(scope=scope).get("host", "").lower())
            if found is None or not any(_matches(found[1], host) for host in self._hosts):
                await refuse(PeerError("host_refused"), scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy says that it stands between: then the peer's address is not the client's."""
    return any(name in ("forwarded", "via") or name.startswith("x-forwarded-") for name in headers)


class ProxyGuard:
    """While anybody may log in, refuse what comes through a proxy: loopback is then no proof of this
    machine."""

    def __init__(self, app: ASGIApp, development: bool) -> None:
        self._app = app
        self._development = development

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if self._development and scope["type"] != "lifespan" and is_forwarded(Headers(scope=scope)):
            await refuse(PeerError("proxy_refused"), scope, receive, send)
            return
        await self._app(scope, receive, send)


class HeaderGuard:
    """Security headers on every response, and leave for the listed embedders to read (Fetch standard,
    CORS)."""

    def __init__(self, app: ASGIApp, embedders: Sequence[str] = ()) -> None:
        self._app = app
        self._embedders = frozenset(embedders)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin")
        embedder = origin if origin in self._embedders else None

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), asked.get("host", ""), embedder)
            await send(message)

        if embedder and scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            await with_headers({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, with_headers)

    def _add(self, headers: MutableHeaders, host: str, embedder: str | None) -> None:
        sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host.lower()) else ""
        headers["Content-Security-Policy"] = POLICY + sockets
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = FEATURES
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin" if self._embedders else "same-origin"
        if self._embedders:
            headers.add_vary_header("Origin")
        if embedder:
            headers["Access-Control-Allow-Origin"] = embedder
            headers["Access-Control-Allow-Methods"] = "GET, POST"
            headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            headers["Access-Control-Max-Age"] = "600"


class BodyGuard:
    """Bound the size of a request's body and the time it takes to arrive."""

    def __init__(self, app: ASGIApp, size: int, seconds: float) -> None:
        self._app = app
        self._size = size
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 12 or int(declared) > self._size:
            await refuse(PeerError("body_too_large"), scope, receive, send)
            return
        received = 0
        deadline = asyncio.get_running_loop().time() + self._seconds
        complete = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise PeerError("too_slow") from error
            received += len(message.get("body", b""))
            if received > self._size:
                raise PeerError("body_too_large")
            complete = not message.get("more_body", False)
            return message

        await self._app(scope, bounded, send)


class RateGuard:
    """A bucket of requests per address; refused requests cost more, so guessing runs dry first."""

    def __init__(
        self, app: ASGIApp, clock: Clock, telemetry: Telemetry, burst: int, per_second: float
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._limiter = Limiter(clock, float(burst), per_second)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        address = network_of(scope["client"][0] if scope.get("client") else None)
        if (wait := self._limiter.take(address)) > 0:
            self._telemetry.count("entente_http_refused_total", reason="rate_limited")
            error = UserError("rate_limited", retry_after=wait)
            await refuse(error, scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (401, 403, 404, 409):
                self._limiter.take(address, FAILURE_COST - 1.0)
            await send(message)

        await self._app(scope, receive, counted)
