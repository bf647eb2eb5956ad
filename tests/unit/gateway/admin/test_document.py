"""The OpenAPI document: valid, and the routes are in it and it is in the routes."""

from __future__ import annotations

from typing import Any

from openapi_spec_validator import validate
from starlette.routing import Route

from core.errors import CODES
from gateway.admin.scopes import Scope
from tests.unit.gateway.conftest import Site

ELSEWHERE = {("GET", "/"), ("GET", "/login"), ("GET", "/me"), ("GET", "/m/{slug}"), ("GET", "/metrics")}
"""Pages for people and figures for this machine alone; neither is an interface."""


async def document(site: Site) -> dict[str, Any]:
    reply = await site.client.get("/api/openapi.json")
    assert reply.status_code == 200
    said: dict[str, Any] = reply.json()
    return said


async def test_the_document_is_openapi_3_1(site: Site) -> None:
    said = await document(site)
    assert said["openapi"] == "3.1.0"
    validate(said)


async def test_document_and_routes_agree_both_ways(site: Site) -> None:
    routed = {
        (method, route.path)
        for route in site.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    said = {
        (method.upper(), path)
        for path, methods in (await document(site))["paths"].items()
        for method in methods
    }
    assert routed - ELSEWHERE == said


async def test_every_failure_is_a_problem_and_every_operation_has_an_id_of_its_own(site: Site) -> None:
    said = await document(site)
    operations = [one for methods in said["paths"].values() for one in methods.values()]
    ids = [one["operationId"] for one in operations]
    assert len(set(ids)) == len(ids)
    assert said["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(CODES)
    for one in operations:
        failures = {status: answer for status, answer in one["responses"].items() if status >= "400"}
        assert {"400", "429", "500", "503"} <= set(failures), one["operationId"]
        for answer in failures.values():
            assert list(answer["content"]) == ["application/problem+json"]


async def test_what_is_inside_names_its_scope(site: Site) -> None:
    said = await document(site)
    inside = [
        one
        for path, methods in said["paths"].items()
        if path.startswith("/api/admin/")
        for one in methods.values()
    ]
    assert {one["x-scope"] for one in inside} <= set(Scope) and len(inside) > 20
    assert all({"401", "403"} <= set(one["responses"]) for one in inside)
    assert all(one["security"] == [{"session": []}, {"token": []}] for one in inside)
