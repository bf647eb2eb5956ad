"""Every metric of the table is seen in one real meeting of two, or is named here as one that must not be."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from core.client import Chat, LobbyChanged, Participant, PictureSource, RequestRefused, ToneSource
from core.wire import requests
from observability.metrics import METRICS
from tests.support.process import NodeProcess, running_node

CAMILLE, JONAS = ("exemple", "x-7f3k2m9q"), ("beispiel", "b-2n6v8j4s")
WAIT_S = 60

PROVIDER = "needs a ministry's login service: tests/unit/gateway/login, tests/interop/oidc"
UNSEEN = {
    "entente_media_overflows_total": "a queue between engine and core that runs over is a fault",
    "entente_unexpected_total": "an error that nobody foresaw is a fault",
    "entente_audit_lost_total": "an event that could not be written down is a fault",
    "entente_audit_waiting": "events wait while the database does not answer",
    "entente_audit_events_total": PROVIDER,
    "entente_logins_refused_total": PROVIDER,
    "entente_sessions_ended_total": PROVIDER,
}


def seen(text: str) -> dict[str, float]:
    """The largest value of each metric's series; a histogram's is its count."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if match := re.match(r"(entente_[a-z_]+?)(_count)?(\{[^}]*\})? ([0-9.e+-]+)$", line):
            name = match[1] if match[1] in METRICS else match[1] + (match[2] or "")
            found[name] = max(found.get(name, 0.0), float(match[4]))
    return found


async def metrics(node: NodeProcess) -> str:
    async with node.client() as client:
        reply = await client.get("/metrics")
    assert reply.status_code == 200
    return reply.text


async def misbehave(node: NodeProcess, participant: Participant) -> None:
    """A receipt that is none, a header of a proxy, a socket that says nothing useful, and a lost socket."""
    with pytest.raises(RequestRefused):
        await participant._do(requests.GroupReceipt(id=0, receipt=b"none"))
    await participant.host.set_rules(access="restricted")
    knocking = asyncio.create_task(
        Participant.join(node.link.replace("localhost", "127.0.0.1"), guest_name="Ann")
    )
    async with asyncio.timeout(WAIT_S):
        async for event in participant.events():
            if isinstance(event, LobbyChanged):
                break
    knocking.cancel()
    await asyncio.gather(knocking, return_exceptions=True)
    async with node.client() as client:
        for _ in range(30):
            await client.get("/api/rooms/guess-ed")
    address = node.url.replace("http://", "ws://") + "/api/socket"
    try:
        async with connect(address, subprotocols=["entente.v1"]) as socket:  # type: ignore[list-item]
            await socket.send(b"\xc1")
            await socket.recv()
    except (WebSocketException, InvalidHandshake, OSError):
        pass  # that this address has spent its rate is one of the things to be counted


async def meet(node: NodeProcess) -> list[Participant]:
    """A meeting with everything in it, which goes on."""
    link = node.link.replace("localhost", "127.0.0.1")
    camille = await Participant.join(link, person=CAMILLE)
    jonas = await Participant.join(link, person=JONAS)
    for one in (camille, jonas):
        await one.ready(WAIT_S)
    await camille.publish("microphone", ToneSource())
    await camille.publish("camera", PictureSource())
    await jonas.send_chat("one")
    async with asyncio.timeout(WAIT_S):
        async for event in camille.events():
            if isinstance(event, Chat):
                break
        async for frame in jonas.frames():
            if frame.kind == "camera":
                break
    await jonas.drop_socket()
    await camille.send_chat("two")
    async with asyncio.timeout(WAIT_S):
        async for event in jonas.events():
            if isinstance(event, Chat):
                break
    await misbehave(node, camille)
    assert jonas._stay is not None and jonas._stay.media.current is not None
    await jonas._stay.media.current.close()
    return [camille, jonas]


async def test_every_metric_of_the_table_is_counted_in_a_real_meeting(tmp_path: Path) -> None:
    found: dict[str, float] = {}
    # Little enough per second that guessing is refused, and enough to ask for the figures.
    async with running_node(tmp_path, ENTENTE_HTTP__BURST="150", ENTENTE_HTTP__PER_SECOND="20") as node:
        people = await meet(node)
        for _ in range(WAIT_S * 5):
            now = seen(await metrics(node))
            found = {name: max(found.get(name, 0), now.get(name, 0)) for name in METRICS}
            missing = {name for name, value in found.items() if not value}
            if missing == UNSEEN.keys():
                break
            if people and "entente_media_lost_total" not in missing and "entente_participants" not in missing:
                while people:
                    await people.pop().leave()
            await asyncio.sleep(0.2)
    assert missing == UNSEEN.keys(), {name: found[name] for name in missing}
