"""`entente tenant` at a real node: a ministry comes while it runs, and is refused while it is suspended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import msgpack

from core._native import e2ee
from core.client.participant import Participant
from tests.support.process import failure, running_node, spawn

OWN = ("exemple", "x-7f3k2m9q")
NEW = (
    "create", "interieur", "--name", "Ministère de l'Intérieur", "--short", "Intérieur",
    "--colour", "#1d4ed8",
)  # fmt: skip
HANG_S = 60


async def tenant(folder: Path, *arguments: str) -> str:
    """What `entente tenant` says."""
    process = await spawn(folder, ["tenant", *arguments], {}, asyncio.subprocess.PIPE)
    out, err = await asyncio.wait_for(process.communicate(), HANG_S)
    assert process.returncode == 0, err.decode()
    return out.decode()


def declared(folder: Path) -> dict[str, str]:
    """Names by tenant, as the manifest that stands in the folder says."""
    said = msgpack.unpackb(e2ee.signed_peek("manifest", (folder / "var/manifest.bin").read_bytes()))
    return {one["tenant"]: one["name"] for one in said["tenants"]}


async def log_in(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/login/development", json={"tenant": OWN[0], "subject": OWN[1]})


async def test_a_ministry_comes_while_the_node_runs_and_stays_over_a_restart(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node, node.client() as client:
        said = await tenant(tmp_path, *NEW, "--name-in", "de=Innenministerium", "--guests", "no")
        assert "name in de   Innenministerium" in said and "guests       no" in said
        assert "Nobody of it can join yet" not in said, "its keys were made"
        assert declared(tmp_path)["interieur"] == "Ministère de l'Intérieur"
        assert (tmp_path / "var/policy-interieur.bin").exists()
        shown = {one["id"] for one in (await client.get("/api/config")).json()["tenants"]}
        assert shown == {"exemple", "beispiel", "interieur"}
        policy = (tmp_path / "var/policy-exemple.bin").read_bytes()
        await tenant(tmp_path, "set", "exemple", "--suites", "79", "1", "--retention-days", "30")
        assert (tmp_path / "var/policy-exemple.bin").read_bytes() != policy, "signed anew"
        await node.stop()
    async with running_node(tmp_path) as node:
        listed = (await tenant(tmp_path, "list")).splitlines()
        assert [line.split()[0] for line in listed] == ["beispiel", "exemple", "interieur"]
        shown_again = await tenant(tmp_path, "show", "exemple")
        assert "suites       79, 1" in shown_again and "retention    30 days" in shown_again
        assert "rooms        1 of 10000" in shown_again
        await node.stop()


async def test_a_suspended_ministry_is_out_until_it_is_resumed(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node, node.client() as client:
        slug = node.link.split("/m/")[1].split("#")[0]
        token = (await log_in(client)).json()["session"]
        own = {"Authorization": f"Bearer {token}"}
        person = await Participant.join(node.link, person=OWN)
        assert "(suspended)" in await tenant(tmp_path, "suspend", "exemple")
        async with asyncio.timeout(HANG_S):
            while person.ended is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert "tenant_suspended" in person.ended
        refused = [
            await log_in(client),
            await client.post(f"/api/rooms/{slug}/join", json={"guest_name": "Ada"}),
        ]
        assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "tenant_suspended")] * 2
        assert (await client.get("/api/rooms", headers=own)).json()["code"] == "unauthorized"
        assert "(suspended)" not in await tenant(tmp_path, "resume", "exemple")
        assert (await log_in(client)).status_code == 200
        async with await Participant.join(node.link, person=OWN):
            pass
        await node.stop()


async def test_a_node_may_serve_one_ministry_alone(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await tenant(tmp_path, *NEW)
        await node.stop()
    only = ("--tenant", "interieur", "--tenant", "exemple")
    async with running_node(tmp_path, *only) as node, node.client() as client:
        shown = {one["id"] for one in (await client.get("/api/config")).json()["tenants"]}
        assert shown == {"exemple", "interieur"} and set(declared(tmp_path)) == {*shown, "beispiel"}
        foreign = {"tenant": "beispiel", "subject": "b-2n6v8j4s"}
        assert (await client.post("/api/login/development", json=foreign)).json()["code"] == "person_unknown"
        assert (await log_in(client)).status_code == 200
        said = await failure(tmp_path, "tenant", "show", "beispiel")
        assert said == "entente: This node knows no ministry beispiel.\n"
        await node.stop()
    said = await failure(tmp_path, "serve", "--tenant", "nobody")
    assert said == "entente: deployment.serve names no ministry of this deployment: nobody.\n"


async def test_without_a_node_it_is_a_sentence(tmp_path: Path) -> None:
    assert (await failure(tmp_path, "tenant", "list")).startswith("entente: No running node of yours answers")
    (tmp_path / "logo.png").write_bytes(b"GIF89a")
    said = await failure(tmp_path, "tenant", "set", "exemple", "--logo", "logo.png")
    assert said == "entente: The logo is no PNG.\n"
