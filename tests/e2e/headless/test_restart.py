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
from tests.support.node import CAMILLE, JONAS
from tests.support.process import NodeProcess, running_node
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


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_same_logins_come_back_and_their_group_cites_the_old(
    tmp_path: Path, how: signal.Signals
) -> None:
    async with running_node(tmp_path) as node:
        base, slug = split_link(node.link)
        logins = [await open_login(base, *CAMILLE), await open_login(base, *JONAS)]
        old = await meet(node.link, logins)
        assert await prior(old[0]) is None and old[0].member is not None
        group = old[0].member.group_id
        url = base.replace("http", "ws") + "/api/socket"
        async with connect(url, subprotocols=[Subprotocol("entente.v1")], proxy=None) as silent:
            await end(node, how)
            await silent.wait_closed()
        assert silent.close_code == (4503 if how is signal.SIGTERM else 1006)
        for person in old:
            await person.leave()
    async with running_node(tmp_path) as node:
        base, again = split_link(node.link)
        assert again == slug
        back = await meet(node.link, [Login(base, login.session) for login in logins])
        cited = await prior(back[0])
        assert cited is not None and cited == await prior(back[1])
        assert (cited["group"], cited["reason"]) == (group, "restart")
        assert back[0].code == back[1].code
        for person in back:
            await person.leave()
            assert person.alarms == []
