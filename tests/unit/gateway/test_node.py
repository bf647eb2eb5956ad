"""A whole node as a process: what it prints, how it ends, and the sentences with which it does not start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from core.client.participant import Participant
from tests.support.process import environment, failure, running_node


def ended(pid: int) -> bool:
    """Whether the process is no more, or waits only to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return state.rsplit(")", 1)[1].split()[0] == "Z"


async def gone(pid: int) -> bool:
    """Whether a process ends within five seconds."""
    for _ in range(100):
        if ended(pid):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_node_prints_a_link_serves_and_ends_clean(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        assert "/m/" in node.link and "#" in node.link
        slug = node.link.split("/m/")[1].split("#")[0]
        async with node.client() as client:
            assert (await client.get("/healthz")).json() == {"status": "ok", "failing": []}
            assert (await client.get(f"/api/rooms/{slug}")).json()["title"] == "Entente"
            assert "entente_up 1" in (await client.get("/metrics")).text
            assert (await client.get(f"/m/{slug}")).headers["content-type"].startswith("text/html")
        signer = node.child()
        assert await node.stop() == 0
        assert await gone(signer)
        assert node.log == ""
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var").rglob("*")}
    assert modes["signer"] == 0o700 and modes["hub.pem"] == 0o600 and modes["entente.sqlite"] == 0o600
    assert "signer.sock" not in modes


async def test_a_restart_keeps_the_room_and_the_statements(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        first = node.link.split("/m/")[1]
        manifest = (tmp_path / "var/manifest.bin").read_bytes()
        await node.stop(signal.SIGINT)
    async with running_node(tmp_path) as node:
        assert node.link.split("/m/")[1] == first
        assert (tmp_path / "var/manifest.bin").read_bytes() == manifest
        await node.stop()


async def test_the_signer_dies_with_a_node_that_is_killed(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        signer = node.child()
        await node.stop(signal.SIGKILL)
        assert await gone(signer)


async def test_a_killed_signer_is_started_again(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node, node.client() as client:
        first = node.child()
        os.kill(first, signal.SIGKILL)
        seen = set()
        for _ in range(400):
            seen.add((await client.get("/healthz")).status_code)
            if seen == {200, 503} and (await client.get("/healthz")).status_code == 200:
                break
            await asyncio.sleep(0.05)
        assert seen == {200, 503}, "the failure was never seen, or never mended"
        second = node.child()
        assert second != first
        assert await node.stop() == 0
        assert await gone(second)
        assert "the signer ended with status -9 and is started again" in node.log


async def test_a_second_node_in_the_same_folder_does_not_start(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        said = await failure(tmp_path, "serve")
        assert said.startswith("entente: Another signer already listens on") and said.count("\n") == 1
        async with node.client() as client:
            assert (await client.get("/healthz")).status_code == 200
        await node.stop()


async def test_a_taken_port_moves_to_the_next_or_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with running_node(tmp_path, ENTENTE_HTTP__PORT=port) as node:
            assert not node.url.endswith(f":{port}")
            await node.stop()
        said = await failure(tmp_path, "serve", ENTENTE_HTTP__PORT=port, ENTENTE_HTTP__NEXT_FREE="false")
    assert said == f"entente: TCP port {port} is taken. Stop the other program or set http.port.\n"


async def test_what_prevents_a_start_is_one_sentence(tmp_path: Path) -> None:
    environment(tmp_path)
    (tmp_path / "static/index.html").rename(tmp_path / "page")
    said = await failure(tmp_path, "serve")
    assert said.startswith("entente: The web client is not built") and said.count("\n") == 1
    (tmp_path / "page").rename(tmp_path / "static/index.html")

    (tmp_path / "var/signer/hub.pem").chmod(0o644)
    said = await failure(tmp_path, "serve")
    assert "hub.pem has mode 644; others could read the keys. Run: chmod 600" in said
    assert said.count("\n") == 1
    (tmp_path / "var/signer/hub.pem").chmod(0o600)

    (tmp_path / "var/entente.sqlite").write_bytes(b"not a database" * 1000)
    said = await failure(tmp_path, "serve")
    assert said.startswith("entente: The database at store.url cannot be opened") and said.count("\n") == 1


async def test_unwritable_traces_are_a_sentence(tmp_path: Path) -> None:
    said = await failure(tmp_path, "serve", ENTENTE_TELEMETRY__TRACES="/proc/none/traces")
    assert (
        said.startswith("entente: The traces cannot be written to /proc/none/traces")
        and said.count("\n") == 1
    )


@pytest.mark.parametrize("bind", ["0.0.0.0"])
async def test_the_development_login_is_refused_beyond_loopback_20(tmp_path: Path, bind: str) -> None:
    said = await failure(tmp_path, "serve", ENTENTE_HTTP__BIND=bind)
    assert said.startswith("entente: The development login lets anybody in")
    assert not (tmp_path / "var").exists(), "nothing was made"


async def test_a_node_ends_in_order_while_people_are_in_a_meeting(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        link = node.link.replace("localhost", "127.0.0.1")
        async with await Participant.join(link, person=("exemple", "x-7f3k2m9q")):
            loop = asyncio.get_running_loop()
            began = loop.time()
            assert await node.stop() == 0
            assert loop.time() - began < 15
        assert "error" not in node.log, node.log
    async with running_node(tmp_path) as node, node.client() as client:
        slug = node.link.split("/m/")[1].split("#")[0]
        assert (await client.get(f"/api/rooms/{slug}")).json()["people"] == 0
        await node.stop()


async def test_the_signer_reads_the_same_file_from_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/__init__.py").write_text("raise SystemExit('imported from where the node was started')")
    (tmp_path / "my.toml").write_text(
        "[deployment]\nid = 'meet.example.org'\n[signer]\nkeys = '{folder}/elsewhere'\n"
    )
    async with running_node(tmp_path, "--config", "my.toml") as node, node.client() as client:
        assert (await client.get("/api/config")).json()["deployment"] == "meet.example.org"
        assert (tmp_path / "var/elsewhere/hub.pem").exists()
        await node.stop()
