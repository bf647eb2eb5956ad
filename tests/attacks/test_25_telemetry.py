"""Attack 25: secrets in telemetry, forged trace parents, injected log lines.

Canaries are planted in everything that people say and hold, a real meeting runs in a real node, and every
export is searched for them.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgpack
import websockets
from websockets.asyncio.client import connect

from core.client.events import Chat
from core.client.http import join_room, make_room, open_login, split_link
from core.client.participant import Participant
from tests.support.process import NodeProcess, running_node

TITLE = "Kanarienvogel Sitzung"
GUEST = "Zwetschge Kanarienvogel"
CHAT = "kanarie in der kohlengrube"
FORGED = "11111111111111111111111111111111"


def variants(secret: bytes) -> list[str]:
    """The ways in which bytes end up in a text."""
    return [
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        repr(secret)[2:-1],
    ]


def key_bodies(folder: Path) -> list[str]:
    """The secret part of each key file."""
    return [
        path.read_text().splitlines()[1]
        for path in (folder / "var/signer").glob("*.pem")
        if "PRIVATE" in path.read_text()
    ]


async def hostile(node: NodeProcess, token: str) -> None:
    """Requests that try to write into the exports."""
    forged = {"traceparent": f"00-{FORGED}-2222222222222222-01", "tracestate": "kanarie=1"}
    async with node.client() as client:
        await client.get("/api/rooms/kanarie%0a2026-01-01", headers=forged)
        await client.post(
            "/api/rooms", json={"title": "kanarie"}, headers={"Authorization": f"Bearer {token}"}
        )
    address = node.url.replace("http://", "ws://") + "/api/socket"
    for message in (
        {
            "id": 1,
            "type": "hello",
            "token": "kanarie" * 6 + "k",
            "client": {"name": "kanarie", "version": "1"},
        },
        {"id": 1, "type": "kanarie", "kanarie": "kanarie"},
    ):
        async with connect(address, subprotocols=[websockets.Subprotocol("entente.v1")]) as socket:
            await socket.send(msgpack.packb(message))
            reply: dict[str, Any] = msgpack.unpackb(await socket.recv())
            assert "error" in reply


async def both(*participants: Participant) -> None:
    """Wait until all are in one epoch."""
    for _ in range(400):
        if all(len(one.roster) == len(participants) for one in participants):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("they never met in one epoch")


async def meet(node: NodeProcess) -> dict[str, list[str]]:
    """A meeting of two who write to each other; what nobody may find again."""
    login = await open_login(node.url, "exemple", "x-7f3k2m9q")
    link = await make_room(login, TITLE)
    assert login.session is not None
    unused = await join_room(login, split_link(link)[1])
    async with (
        await Participant.join(link, login=login) as official,
        await Participant.join(link, guest_name=GUEST) as guest,
    ):
        await both(official, guest)
        await guest.send_chat(CHAT)
        async with asyncio.timeout(20):
            async for event in official.events():
                if isinstance(event, Chat) and event.text == CHAT:
                    break
        member = official.member
        assert member is not None and official.code == guest.code
        code = official.code or ""
    await hostile(node, login.session)
    secret = base64.urlsafe_b64decode(link.partition("#")[2] + "=")
    return {
        "a title": [TITLE],
        "a name": [GUEST, "Zwetschge", "Camille", "Durand", "x-7f3k2m9q"],
        "a chat": [CHAT, CHAT.encode().hex()],
        "a session": [login.session],
        "a join token": [unused.token],
        "a room's secret": variants(secret),
        "a spoken code": [code],
    }


async def test_no_canary_reaches_a_log_a_metric_or_a_trace_25(tmp_path: Path) -> None:
    traces = tmp_path / "traces.jsonl"
    async with running_node(
        tmp_path, ENTENTE_TELEMETRY__LEVEL="debug", ENTENTE_TELEMETRY__TRACES=str(traces)
    ) as node:
        planted = await meet(node)
        async with node.client() as client:
            metrics = (await client.get("/metrics")).text
        assert await node.stop() == 0
        log = node.log
    planted["a key"] = key_bodies(tmp_path)
    exports = {"log": log, "metrics": metrics, "traces": traces.read_text()}
    for name, text in exports.items():
        lowered = text.lower()
        for what, canaries in planted.items():
            for canary in canaries:
                assert canary and canary.lower() not in lowered, f"{what} in the {name}"
        assert "kanarie" not in lowered, f"text of a hostile request in the {name}"
        assert FORGED not in text, f"a forged trace parent in the {name}"
    # The search would mean nothing in exports that hold nothing.
    assert 'entente_joins_total{result="joined"} 2' in metrics
    spans = [json.loads(line) for line in exports["traces"].splitlines()]
    names = {span["name"] for span in spans}
    assert {"join.token", "socket", "socket.hello", "socket.certify", "signer.issue_certificate"} <= names
    assert log.strip(), "the log is empty at level debug"


async def test_a_join_is_one_trace(tmp_path: Path) -> None:
    traces = tmp_path / "traces.jsonl"
    async with running_node(tmp_path, ENTENTE_TELEMETRY__TRACES=str(traces)) as node:
        link = node.link.replace("localhost", "127.0.0.1")
        async with await Participant.join(link, person=("exemple", "x-7f3k2m9q")):
            pass
        await node.stop()
    spans = [json.loads(line) for line in traces.read_text().splitlines()]
    by_name = {span["name"]: span for span in spans}
    root = by_name["join.token"]
    assert root["parent"] is None and by_name["socket"]["parent"] == root["span"]
    socket, certify = by_name["socket"], by_name["socket.certify"]
    assert by_name["socket.hello"]["parent"] == socket["span"] == certify["parent"]
    assert by_name["signer.issue_certificate"]["parent"] == certify["span"]
    joined = {span["trace"] for name, span in by_name.items() if name.startswith(("join", "socket"))}
    assert joined == {root["trace"]}, "one trace, from the request for a token to the last step"
