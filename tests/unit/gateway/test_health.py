"""What operators ask."""

from __future__ import annotations

import httpx

from tests.support.services import KeylessSigner
from tests.unit.gateway.conftest import Site


async def test_health_names_the_part_that_does_not_answer(site: Site) -> None:
    reply = await site.client.get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "failing": []})
    assert isinstance(site.services.signer, KeylessSigner)
    site.services.signer.down = True
    reply = await site.client.get("/healthz")
    assert (reply.status_code, reply.json()) == (503, {"status": "failing", "failing": ["signer"]})


async def test_metrics_are_for_this_machine(site: Site) -> None:
    assert (await site.client.get("/metrics")).text == "# metrics\n"
    stranger = httpx.AsyncClient(
        transport=httpx.ASGITransport(site.app, client=("10.1.2.3", 5)), base_url="http://localhost"
    )
    assert (await stranger.get("/metrics")).status_code == 404


async def test_a_bug_tells_the_client_nothing(site: Site) -> None:
    async def fails(slug: str) -> None:
        raise RuntimeError("the password is 1234")

    site.services.store.room = fails  # type: ignore[method-assign]
    reply = await site.client.get("/api/rooms/x")
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert "1234" not in reply.text
