"""`entente revoke` at a real node: whose certificate it is, is out of the tree, and the others go on."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

import msgpack

from core.client import Chat, Participant, Roster
from tests.support.node import AMADOU, CAMILLE, JONAS
from tests.support.process import NodeProcess, running_node, spawn

WAIT_S = 30
"""For what takes milliseconds; only a hanging program waits as long."""


async def until(person: Participant, people: int) -> None:
    async with asyncio.timeout(WAIT_S):
        async for event in person.events():
            if isinstance(event, Roster) and len(event.members) == people:
                return
    raise AssertionError(f"never {people}")


async def command(folder: Path, *arguments: str) -> tuple[int | None, str]:
    process = await spawn(folder, ["revoke", *arguments], {}, asyncio.subprocess.PIPE)
    out, said = await asyncio.wait_for(process.communicate(), WAIT_S)
    return process.returncode, (out + said).decode()


async def raw(node: NodeProcess, folder: Path, message: object) -> object:
    """A command that the program would not send."""
    reader, writer = await asyncio.open_unix_connection(str(folder / "var/operator.sock"))
    body = msgpack.packb(message)
    writer.write(struct.pack(">I", len(body)) + body)
    data = await asyncio.wait_for(reader.read(), WAIT_S)
    writer.close()
    return msgpack.unpackb(data[4:]) if data else None


async def test_an_operator_revokes_and_the_holder_is_gone_from_the_tree(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        assert (tmp_path / "var/operator.sock").stat().st_mode & 0o777 == 0o600
        people = [await Participant.join(node.link, person=who) for who in (CAMILLE, JONAS, AMADOU)]
        for person in people:
            await until(person, 3)
        camille, jonas, amadou = people
        reason = ["--reason", "laptop stolen"]
        status, said = await command(tmp_path, "--tenant", AMADOU[0], "--subject", AMADOU[1], *reason)
        void = "1 certificate void; whoever held one is out of every meeting."
        assert (status, said) == (0, f"{void} The person's logins have ended.\n")
        await until(camille, 2)
        await until(jonas, 2)
        assert {line.name for line in camille.roster.values()} == {"Camille Durand", "Jonas Weber"}
        await camille.send_chat("still here")
        async with asyncio.timeout(WAIT_S):
            async for event in jonas.events():
                if isinstance(event, Chat):
                    break
        assert amadou.ended == "removed: revocation"
        status, said = await command(tmp_path, "--tenant", "exemple", "--subject", "nobody", *reason)
        assert status == 1 and "No certificate and no login of nobody" in said
        status, said = await command(tmp_path, "--tenant", "exemple", "--fingerprint", "xyz", *reason)
        assert status == 1 and "64 hexadecimal digits" in said
        nobody = {"type": "revoke", "tenant": "exemple", "reason": "x"}
        for wrong in ({"type": "revoke"}, {"type": "stop"}, nobody):
            answer = await raw(node, tmp_path, wrong)
            assert isinstance(answer, dict) and "error" in answer
        assert await raw(node, tmp_path, [1]) is None, "no map is no command"
        for person in people:
            await person.leave()
        assert camille.alarms == jonas.alarms == []
        assert await node.stop() == 0
        assert "operator.sock" not in os.listdir(tmp_path / "var")
    status, said = await command(tmp_path, "--tenant", "exemple", "--subject", "x-1", *reason)
    assert status == 1 and "No running node" in said
