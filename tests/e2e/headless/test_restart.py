"""A real node that is stopped or killed and started again: the logins come back into the same meeting."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from core.client import Participant, Roster, open_login
from core.client.http import Login, split_link
from core.client.socket import Socket
from tests.support.node import CAMILLE, JONAS
from tests.support.process import NodeProcess, free_port, running_node
from tests.unit.gateway.test_node import gone

WAIT_S = 30
"""For what takes milliseconds; only a hanging program waits as long."""


async def meet(link: str, logins: list[Login]) -> list[Participant]:
    """Everybody in one epoch."""
    people = []
    for login in logins:
        people.append(await Participant.join(link, login=login))
        async with asyncio.timeout(WAIT_S):
            async for event in people[-1].events():
                if isinstance(event, Roster):
                    break
    return people


async def prior(person: Participant) -> dict[str, object] | None:
    assert person.member is not None
    found: dict[str, object] | None = msgpack.unpackb(person.member.params())["prior"]
    return found


async def end(node: NodeProcess, how: signal.Signals) -> None:
    signer = node.child()
    await node.stop(how)
    assert await gone(signer)


async def together(people: list[Participant]) -> None:
    """Returns once everybody is in one epoch of one group of this size."""
    async with asyncio.timeout(WAIT_S):
        while (  # noqa: ASYNC110 - a foreign state
            {len(one.roster) for one in people} != {len(people)} or len({one.code for one in people}) > 1
        ):
            await asyncio.sleep(0.02)


def socket_of(person: Participant) -> Socket:
    assert person._stay is not None
    return person._stay._socket


@pytest.mark.parametrize(
    ("how", "code", "reason"),
    [(signal.SIGKILL, 1006, "resume_expired"), (signal.SIGTERM, 4503, "restarting")],
)
async def test_who_stayed_and_who_logs_in_again_come_back_and_their_group_cites_the_old(
    tmp_path: Path, how: signal.Signals, code: int, reason: str
) -> None:
    """Camille stays and comes back by herself; Jonas closed the program and kept his login."""
    port = free_port()
    async with running_node(tmp_path, ENTENTE_HTTP__PORT=port) as node:
        base, slug = split_link(node.link)
        logins = [await open_login(base, *CAMILLE), await open_login(base, *JONAS)]
        camille, jonas = await meet(node.link, logins)
        assert await prior(camille) is None and camille.member is not None
        group, id_, old = camille.member.group_id, camille.id, socket_of(camille)
        url = base.replace("http", "ws") + "/api/socket"
        async with connect(url, subprotocols=[Subprotocol("entente.v1")], proxy=None) as silent:
            await end(node, how)
            await silent.wait_closed()
        assert silent.close_code == code, "who has not even said hello is told as well"
        await jonas.leave()
    async with running_node(tmp_path, ENTENTE_HTTP__PORT=port) as node:
        base, again = split_link(node.link)
        assert again == slug
        (jonas,) = await meet(node.link, [Login(base, logins[1].session)])
        await together([camille, jonas])
        await camille.ready(WAIT_S)
        assert old._connection is not None
        assert (old._connection.close_code, old.ended) == (code, reason)
        cited = await prior(camille)
        assert cited is not None and cited == await prior(jonas)
        assert (cited["group"], cited["reason"]) == (group, "restart")
        assert camille.id != id_ and camille.code == jonas.code
        for person in (camille, jonas):
            await person.leave()
            assert person.alarms == [] and person.ended == "left"
