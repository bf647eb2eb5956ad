"""The OpenAPI 3.1 document of everything that HTTP offers, from the same registrations as the routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import CODES
from gateway.admin.operation import ID, Operation
from gateway.admin.scopes import MEANINGS

REFERENCE = "#/components/schemas/{model}"

EVERYWHERE = (
    "bad_request", "forwarded_refused", "too_slow", "host_refused", "proxy_refused", "rate_limited",
    "body_too_large", "internal", "unavailable",
)  # fmt: skip
"""What any request can be answered."""
INSIDE = (
    "unauthorized", "forbidden", "scope_missing", "account_blocked", "assurance_low", "tenant_suspended",
)  # fmt: skip
"""What the administration can answer whoever is not let in."""
CHANGING = ("cross_site",)
WITH_BODY = ("unsupported_media_type",)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is one of docs/errors.md and never changes its meaning.",
    "required": ["type", "title", "status", "code", "detail"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "pattern": "^urn:entente:error:[a-z_0-9]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(CODES)},
        "detail": {"type": "string"},
        "retry_after": {"type": "integer", "description": "Seconds."},
    },
}

TAGS = {
    "meetings of everybody": "What a page needs before and while people meet.",
    "ministry": "The ministry's profile.",
    "quota": "Limits, and what is used of them.",
    "login": "Login services.",
    "people": "Accounts of the ministry.",
    "rooms": "Rooms of the ministry.",
    "meetings": "Meetings that run on this node.",
    "certificates": "Certificates that the ministry's authority has issued.",
    "policy": "What the ministry allows.",
    "audit": "Who did what.",
    "tokens": "Programs that use this interface.",
    "administration": "The caller.",
}


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for one in operations:
        paths[one.path][one.method.lower()] = _operation(one)
    models = {model for one in operations for model in (one.body, one.reply) if model is not None}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Entente",
            "version": version,
            "summary": "Encrypted video meetings between administrations: rooms, logins, administration.",
            "description": _description(),
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(paths),
        "components": {
            "schemas": {**_schemas(models), "Problem": PROBLEM},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-entente"},
                "token": {"type": "http", "scheme": "bearer", "description": "A service token, `ent_…`."},
            },
        },
    }


def _description() -> str:
    scopes = "\n".join(f"- `{scope.value}`: {text}" for scope, text in MEANINGS.items())
    return (
        "Errors are problem documents (RFC 9457). Everything under `/api/admin` speaks of the caller's own "
        "ministry alone: what is another's is not found. A page comes in by its session, a program by a "
        f"service token made for scopes:\n\n{scopes}\n"
    )


def _schemas(models: set[type[BaseModel]]) -> dict[str, Any]:
    assert len({model.__name__ for model in models}) == len(models), "two models of one name"
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=REFERENCE
    )
    return dict(found.get("$defs", {}))


def _operation(one: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.summary,
        "tags": [one.tag],
        "parameters": [*_path_parameters(one), *_query_parameters(one), *_header_parameters(one)],
        "responses": _responses(one),
        "security": [{}] if one.public else [{"session": []}, {"token": []}],
    }
    if one.scope is not None:
        said["x-scope"] = one.scope.value
    if one.body is not None:
        content: dict[str, Any] = {"schema": {"$ref": REFERENCE.format(model=one.body.__name__)}}
        if one.example is not None:
            content["example"] = one.example
        required = any(field.is_required() for field in one.body.model_fields.values())
        said["requestBody"] = {"required": required, "content": {"application/json": content}}
    return said


def _path_parameters(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{ID}$"},
        }
        for name in one.parameters
    ]


def _query_parameters(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = one.query.model_json_schema(ref_template=REFERENCE)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": field.get("description", name),
            "schema": _plain(field),
        }
        for name, field in schema["properties"].items()
    ]


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is never null in a query."""
    choices = [one for one in field.get("anyOf", []) if one.get("type") != "null"]
    kept = {key: value for key, value in field.items() if key not in ("anyOf", "default", "title")}
    return {**kept, **choices[0]} if len(choices) == 1 else kept


def _header_parameters(one: Operation) -> list[dict[str, Any]]:
    if not one.versioned or one.method == "GET" or one.status == 201:
        return []
    return [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The ETag of what was read; `conflict` when it is another by now.",
            "schema": {"type": "string", "pattern": '^"[0-9a-f]{16}"$'},
        }
    ]


def _responses(one: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": one.summary}
    if one.status == 204:
        good["description"] = "Done"
    elif one.reply is not None:
        good["content"] = {
            "application/json": {"schema": {"$ref": REFERENCE.format(model=one.reply.__name__)}}
        }
    else:
        good["content"] = {kind: {"schema": {}} for kind in one.media}
    if one.versioned:
        good["headers"] = {"ETag": {"description": "The version read.", "schema": {"type": "string"}}}
    answers: dict[str, Any] = {str(one.status): good}
    answers |= {str(status): {"description": text} for status, text in one.more.items()}
    for status, codes in sorted(_failures(one).items()):
        answers[str(status)] = {
            "description": "; ".join(f"`{code}`: {CODES[code].title}" for code in codes),
            "content": {
                "application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}
            },
        }
    return answers


def _failures(one: Operation) -> dict[int, list[str]]:
    codes = [*EVERYWHERE, *one.codes]
    if not one.public:
        codes += INSIDE
    if one.method != "GET":
        codes += CHANGING
    if one.body is not None:
        codes += WITH_BODY
    if one.parameters:
        codes.append("not_found")
    found: dict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        found[CODES[code].status].append(code)
    return found


def document_route(operations: Sequence[Operation], version: str) -> Route:
    """`GET /api/openapi.json`."""
    made = document(operations, version)

    async def show(_request: Request) -> Response:
        return JSONResponse(made, headers={"Cache-Control": "no-cache"})

    return Route("/api/openapi.json", show, methods=["GET"])
