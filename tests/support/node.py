"""A real node for tests: `entente serve` in a folder of its own, on free ports, ended by its process id."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 60
"""A node starts in a second; on a machine that compiles at the same time it takes longer."""

CAMILLE = ("exemple", "x-7f3k2m9q")
AMADOU = ("exemple", "x-4c8w1t6z")
JONAS = ("beispiel", "b-2n6v8j4s")
"""Officials of the development login."""


@contextlib.asynccontextmanager
async def running_node(folder: Path, module: str = "cli.main", **settings: str) -> AsyncIterator[str]:
    """Yields the link of the node's room.

    `module` is what runs as `entente`; `settings` are environment variables after `ENTENTE_`.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ENTENTE_FOLDER": str(folder / "var"),
        "ENTENTE_HTTP__PORT": "0",
        "ENTENTE_MEDIA__PORT": "0",
        "ENTENTE_MEDIA__WORKERS": "1",
        **{f"ENTENTE_{name}": value for name, value in settings.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, "serve", cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reader = asyncio.create_task(_read(process, found))
    try:
        async with asyncio.timeout(START_S):
            link = await found
        yield link
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reader


async def _read(process: asyncio.subprocess.Process, found: asyncio.Future[str]) -> None:
    """Finds the link, then goes on reading, so that the node never waits for its own output."""
    assert process.stdout is not None
    said: list[str] = []
    async for raw in process.stdout:
        line = raw.decode(errors="replace")
        said.append(line)
        if (match := re.search(r"Open\s+(http\S+)", line)) and not found.done():
            found.set_result(match[1])
        elif found.done():
            print(line, end="")
    if not found.done():
        found.set_exception(AssertionError(f"the node did not start:\n{''.join(said)}"))
