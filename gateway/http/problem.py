"""Errors as problem+json (RFC 9457), from the one list in `core.errors`."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from core.errors import (
    CODES,
    PeerError,
    SignerUnavailable,
    StoreUnavailable,
    UserError,
    WireError,
)
from core.ports import Telemetry

log = logging.getLogger("entente.http")

Handler = Callable[[Request, Exception], Awaitable[Response]]

ENDING = frozenset({"body_too_large", "too_slow"})
"""After these the connection is closed: otherwise the server would read the rest of the body to throw it
away."""

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def problem(error: WireError, headers: Mapping[str, str] | None = None) -> Response:
    """The response that says what went wrong."""
    body: dict[str, object] = {
        "type": f"urn:entente:error:{error.code}",
        "title": error.facts.title,
        "status": error.facts.status,
        "code": error.code,
        "detail": error.detail,
    }
    extra = dict(headers or {})
    if error.retry_after is not None:
        body["retry_after"] = math.ceil(error.retry_after)
        extra["Retry-After"] = str(math.ceil(error.retry_after))
    if error.code in ENDING:
        extra["Connection"] = "close"
    if error.facts.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body, status_code=error.facts.status, headers=extra, media_type="application/problem+json"
    )


async def refuse(error: WireError, scope: Scope, receive: Receive, send: Send) -> None:
    """A guard's no, in the way the connection understands."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": error.code})
    else:
        await problem(error)(scope, receive, send)


async def on_wire_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler for errors of ours."""
    assert isinstance(error, WireError)
    return problem(error)


async def on_unavailable(_request: Request, error: Exception) -> Response:
    """The store or the signer does not answer."""
    log.error("a port failed: %s", type(error).__name__)
    return problem(UserError("unavailable", retry_after=2))


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "bad_request")
    return problem(PeerError(code), error.headers)


def handlers(telemetry: Telemetry) -> dict[Any, Handler]:
    """For Starlette. What nobody foresaw is ours and counted."""

    async def on_bug(_request: Request, error: Exception) -> Response:
        """The text of the error stays here, since it may hold what was sent."""
        log.error("a request failed: %s", type(error).__name__, exc_info=error)
        telemetry.count("entente_unexpected_total", where="http")
        return problem(UserError("internal"))

    return {
        WireError: on_wire_error,
        StoreUnavailable: on_unavailable,
        SignerUnavailable: on_unavailable,
        HTTPException: on_http_exception,
        Exception: on_bug,
    }


assert all(code in CODES for code in _BY_STATUS.values())
