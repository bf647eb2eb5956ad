"""Operations to routes: who asks, may they, what was sent; then the handler; then the answer."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import PeerError, StoreConflict, UserError
from core.ports import Store
from gateway.admin.door import Door, needs
from gateway.admin.operation import ID, Call, Operation, Query, Reply
from gateway.http.body import read_body

_ID = re.compile(ID)
PRIVATE = {"Cache-Control": "no-store"}


def routes(operations: Sequence[Operation], door: Door, store: Store) -> list[Route]:
    """A route for each operation that has a handler."""
    return [
        Route(one.path, _endpoint(one, door, store), methods=[one.method], name=one.id)
        for one in operations
        if one.handler is not None
    ]


def _endpoint(
    operation: Operation, door: Door, store: Store
) -> Callable[[Request], Awaitable[Response]]:
    assert operation.handler is not None
    handler = operation.handler

    async def endpoint(request: Request) -> Response:
        entry = await door.enter(request)
        needs(entry.scopes, operation.scope)
        call = Call(
            tenant=entry.tenant,
            actor=entry.actor,
            scopes=entry.scopes,
            store=store.of(entry.tenant),
            path=_path(request),
            query=_query(request, operation),
            body=await read_body(request, operation.body) if operation.body else None,
            if_match=request.headers.get("if-match"),
            account=entry.account,
        )
        try:
            return _answer(operation, await handler(call))
        except StoreConflict as error:
            raise UserError("conflict") from error

    return endpoint


def _path(request: Request) -> dict[str, str]:
    found = {name: str(value) for name, value in request.path_params.items()}
    if not all(_ID.fullmatch(value) for value in found.values()):
        raise PeerError("not_found")
    return found


def _query(request: Request, operation: Operation) -> Query | None:
    """The query as its model; a parameter that is there twice could be read as either."""
    sent = request.query_params.multi_items()
    if len({name for name, _ in sent}) != len(sent):
        raise PeerError("bad_request", "query: a parameter is there twice")
    if operation.query is None:
        if sent:
            raise PeerError("bad_request", "query: no parameter is known here")
        return None
    try:
        return operation.query.model_validate(dict(sent))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PeerError("bad_request", f"query.{where}: {first['msg']}") from error


def _answer(operation: Operation, said: Reply | Response | None) -> Response:
    if isinstance(said, Response):
        return said
    if said is None:
        return Response(status_code=204, headers=PRIVATE)
    headers = dict(PRIVATE)
    if operation.versioned:
        headers["ETag"] = f'"{said.version}"'  # type: ignore[attr-defined]
    return JSONResponse(said.model_dump(mode="json"), status_code=operation.status, headers=headers)


def unchanged(call: Call, version: str) -> None:
    """The change is one of what is there now: UserError conflict otherwise, PeerError bad_request when the
    caller does not say what it read."""
    if call.if_match is None:
        raise PeerError("bad_request", "If-Match: send the ETag of what you read")
    if not hmac.compare_digest(call.if_match.encode(), f'"{version}"'.encode()):
        raise UserError("conflict")
