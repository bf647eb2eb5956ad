"""Requests made from the OpenAPI document by schemathesis, good and bad: never a 5xx, never a status or a
form of answer that the document does not name, and nothing that nobody foresaw."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode, openapi

from core.store import open_store
from tests.support import people
from tests.support.house import House, furnish
from tests.support.telemetry import series
from tests.unit.gateway.conftest import Site, make_site

EXAMPLES = int(os.environ.get("ENTENTE_EXAMPLES", "4"))
"""Of each operation and each mode; `make soak` makes many more."""
SEED = int(os.environ.get("ENTENTE_SEED", "20"))
SKIPPED = {"revokeToken", "developmentLogin"}
"""The first would end the walker's own right, the second fills the table of logins."""
DOWN = {"testProvider"}
"""Answers 503 here on purpose: there is no network to try a login service in."""
UNSENDABLE = ("host", "content-length", "transfer-encoding", "connection", "authorization", "cookie")
"""Headers that are the transport's or the walker's own; others walk with those."""


class Walk:
    """The application on a loop of its own, since the generator is not asynchronous."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.site, self.house = self.runner.run(self._open(folder))
        self.document = self.runner.run(self.site.client.get("/api/openapi.json")).json()

    async def _open(self, folder: Path) -> tuple[Site, House]:
        store = await open_store(f"sqlite+aiosqlite:///{folder}/test.sqlite")
        for tenant in people.TENANTS:
            await store.put_tenant(tenant)
        site = make_site(store, folder, http={"burst": 1_000_000})
        return site, await furnish(site, store, "exemple")

    def ask(self, case: Any) -> Any:
        """Send a generated case by the program that may do all."""
        sent = case.as_transport_kwargs(base_url="http://localhost:8400")
        headers = {
            name: value
            for name, value in (sent.get("headers") or {}).items()
            if name.lower() not in UNSENDABLE
            and not name.lower().startswith(("x-forwarded", "forwarded", "via"))
            and str(value).isascii()
        }
        return self.runner.run(
            self.site.client.request(
                sent["method"], sent["url"], params=sent.get("params"), json=sent.get("json"),
                content=sent.get("data"), headers={**headers, **self.house.headers},
            )
        )  # fmt: skip

    def check(self, label: str, answers: dict[str, Any], reply: Any) -> None:
        """The answer is one that the document names, in its form."""
        said = answers.get(str(reply.status_code))
        assert said is not None, f"{label}: {reply.status_code} is not documented: {reply.text}"
        kind = reply.headers.get("content-type", "").partition(";")[0]
        assert not said.get("content") or kind in said["content"], f"{label}: {kind}"
        schema = said.get("content", {}).get(kind, {}).get("schema")
        if schema and kind.endswith("json"):
            whole = {**schema, "components": self.document["components"]}
            jsonschema.validate(reply.json(), whole)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Walk(tmp_path_factory.mktemp("walk"))
    yield made
    made.runner.run(made.site.client.aclose())
    made.runner.run(made.site.services.store.close())
    made.runner.close()


def operations(walk: Walk) -> list[tuple[str, Any]]:
    schema = openapi.from_dict(walk.document)
    found = [one.ok() for one in schema.get_all_operations()]
    return [(one.definition.raw["operationId"], one) for one in found]


def many(walk: Walk, label: str, operation: Any, mode: GenerationMode, seen: set[str]) -> None:
    """As many requests to one operation as are wanted."""
    answers = operation.definition.raw["responses"]

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        reply = walk.ask(case)
        assert reply.status_code < 500 or label in DOWN, f"{label}: {reply.text}"
        walk.check(label, answers, reply)
        seen.add(f"{reply.status_code}")

    one()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_generated_requests_meet_only_documented_answers(walk: Walk, mode: GenerationMode) -> None:
    print(f"ENTENTE_SEED={SEED} ENTENTE_EXAMPLES={EXAMPLES}")
    seen: set[str] = set()
    for label, operation in operations(walk):
        if label in SKIPPED:
            continue
        try:
            many(walk, label, operation, mode, seen)
        except hypothesis.errors.Unsatisfiable:
            continue  # nothing about it can be wrong
    unexpected = walk.site.telemetry.counts.get(series("entente_unexpected_total", where="http"), 0)
    assert unexpected == 0
    assert {"400", "404"} <= seen if mode is GenerationMode.NEGATIVE else {"200", "404"} <= seen, seen
