"""The bot of docs/bots.md, run exactly as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx

from core.client import Chat, Participant, SoundDecoder
from tests.support.node import CAMILLE, ROOT, running_node

WAIT_S = 60


async def next_chat(participant: Participant) -> Chat:
    async with asyncio.timeout(WAIT_S):
        async for event in participant.events():
            if isinstance(event, Chat):
                return event
    raise AssertionError("ended without a word")


async def test_the_bot_of_the_page_greets_repeats_hums_and_stops(tmp_path: Path) -> None:
    page = (ROOT / "docs/bots.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 1
    assert len(blocks[0].splitlines()) <= 30
    script = tmp_path / "echo.py"
    script.write_text(blocks[0])
    async with running_node(tmp_path) as link:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        bot = await asyncio.create_subprocess_exec(sys.executable, script, link, env=environment)
        try:
            await there(link)
            async with await Participant.join(link, person=CAMILLE) as camille:
                await camille.ready(WAIT_S)
                assert (await next_chat(camille)).text == "Hello, Camille Durand"
                async with asyncio.timeout(WAIT_S):
                    async for frame in camille.frames():
                        if any(abs(sample) > 300 for sample in SoundDecoder().decode(frame)):
                            assert frame.sender.name == "Echo"
                            break
                await camille.send_chat("good morning")
                assert (await next_chat(camille)).text == "Camille Durand wrote: good morning"
                await camille.send_chat("stop")
                async with asyncio.timeout(WAIT_S):
                    assert await bot.wait() == 0
        finally:
            if bot.returncode is None:
                bot.terminate()
                await bot.wait()


async def there(link: str) -> None:
    """Returns once somebody is in the room, so that the bot is the first."""
    base, slug = link.split("/m/")[0], link.split("/m/")[1].split("#")[0]
    async with asyncio.timeout(WAIT_S), httpx.AsyncClient(base_url=base) as client:
        while (await client.get(f"/api/rooms/{slug}")).json()["people"] == 0:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.1)
