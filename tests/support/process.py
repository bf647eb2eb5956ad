"""`entente serve` as a process of its own, in a folder of the test, on free ports."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from tests.support.services import built_client

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Everything a node of this test reads: its own folder, free ports, loopback, a made-up web client."""
    static = folder / "static"
    if not static.exists():
        built_client(static)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "ENTENTE_FOLDER": str(folder / "var"),
        "ENTENTE_STATIC": str(static),
        "ENTENTE_HTTP__PORT": "0",
        "ENTENTE_MEDIA__PORT": "0",
        "ENTENTE_MEDIA__BIND": "127.0.0.1",
        "ENTENTE_MEDIA__ADVERTISE": '["127.0.0.1"]',
        **more,
    }


@dataclass
class NodeProcess:
    """A running node; `said` is what it printed until it was up, `written` the file of its log."""

    process: asyncio.subprocess.Process
    said: str
    written: Path

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return read_log(self.written)

    @property
    def url(self) -> str:
        """Where it serves, by address, since `localhost` may be another family here."""
        found = re.search(r"running at http://localhost:(\d+)", self.said)
        assert found, self.said
        return f"http://127.0.0.1:{found[1]}"

    @property
    def link(self) -> str:
        """The printed link of the development room."""
        found = re.search(r"Open +(http://\S+)", self.said)
        assert found, self.said
        return found[1]

    def client(self) -> httpx.AsyncClient:
        """An HTTP client for it."""
        return httpx.AsyncClient(base_url=self.url)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    def child(self) -> int:
        """The process id of its signer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (only,) = [int(child) for child in children]
        return only


def free_port() -> str:
    """A port for a node that is to be found again after it was stopped."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def open_log(path: Path) -> IO[bytes]:
    """The file for a node's standard error."""
    return path.open("wb")


def read_log(path: Path) -> str:
    """What stands in it."""
    return path.read_text()


async def spawn(
    folder: Path, arguments: Sequence[str], more: Mapping[str, str], stderr: int | IO[bytes]
) -> asyncio.subprocess.Process:
    """Start `entente` with these arguments."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "cli.main",
        *arguments,
        cwd=folder,
        env=environment(folder, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


@asynccontextmanager
async def running_node(folder: Path, *arguments: str, **more: str) -> AsyncIterator[NodeProcess]:
    """A node that is up; ended, by force if need be, when the test is over."""
    # A file, not a pipe: a pipe that nobody reads would stop the node at 64 kB of log.
    written = folder / "stderr.log"
    with open_log(written) as log:
        process = await spawn(folder, ["serve", *arguments], more, log)
    assert process.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while "Stop with Ctrl-C." not in said:
                line = await process.stdout.readline()
                if not line:
                    raise AssertionError("the node ended: " + read_log(written))
                said += line.decode()
        yield NodeProcess(process, said, written)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def failure(folder: Path, *arguments: str, **more: str) -> str:
    """What an `entente` that cannot start says on standard error; it must end by itself with status 1."""
    process = await spawn(folder, arguments, more, asyncio.subprocess.PIPE)
    out, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1, (out, said)
    return said.decode()
