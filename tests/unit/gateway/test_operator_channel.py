"""The operator's channel: a command is carried out to its end, and each failure has its own words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import OperatorError
from core.signer import frames
from gateway import operator_channel as module
from gateway.operator_channel import OperatorChannel, operator_socket, revoke
from gateway.settings import Settings


class SlowRevoker:
    """Works until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.done = asyncio.Event()

    async def by_subject(self, tenant: str, subject: str, reason: str) -> int:
        await self.go.wait()
        self.done.set()
        return 3_000


@asynccontextmanager
async def channel(folder: Path, revoker: SlowRevoker) -> AsyncIterator[Settings]:
    settings = Settings(folder=folder)
    opened = OperatorChannel(revoker, None, operator_socket(settings))  # type: ignore[arg-type]
    await opened.open()
    yield settings
    await opened.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(module, "BEAT", 0.05)


@pytest.mark.usefixtures("hasty")
async def test_a_command_may_take_longer_than_any_silence(tmp_path: Path) -> None:
    revoker = SlowRevoker()
    async with channel(tmp_path, revoker) as settings:
        asked = asyncio.create_task(revoke(settings, "exemple", "x-2", None, "gone"))
        await asyncio.wait({asked}, timeout=1.2)
        assert not asked.done()
        revoker.go.set()
        assert await asked == 3_000


@pytest.mark.usefixtures("hasty")
async def test_whoever_gives_the_command_and_goes_does_not_end_it(tmp_path: Path) -> None:
    revoker = SlowRevoker()
    async with channel(tmp_path, revoker) as settings:
        _, writer = await asyncio.open_unix_connection(str(operator_socket(settings)))
        command = {"type": "revoke", "tenant": "exemple", "subject": "x-2", "reason": "gone"}
        writer.write(frames.pack(command))
        await writer.drain()
        writer.close()
        await asyncio.wait({asyncio.create_task(revoker.done.wait())}, timeout=1.0)
        revoker.go.set()
        async with asyncio.timeout(10):
            await revoker.done.wait()


async def test_a_node_that_falls_silent_is_not_said_to_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    async with channel(tmp_path, SlowRevoker()) as settings:
        with pytest.raises(OperatorError, match="has said nothing for"):
            await revoke(settings, "exemple", "x-2", None, "gone")
    with pytest.raises(OperatorError, match="No running node"):
        await revoke(settings, "exemple", "x-2", None, "gone")
