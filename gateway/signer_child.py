"""The signer as a child of the node: started, waited for, watched, and gone when the node is gone."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from core.errors import StartError
from gateway.settings import Settings

PATIENCE = 20.0
"""Seconds for the child to answer: its first start makes keys and imports libraries on a cold disk."""


class SignerChild:
    """The process `entente signer`. Call `start`, then `stop`; `exited` ends when it dies."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, settings: Settings, config: Path | None) -> SignerChild:
        """Start it and wait until it listens. StartError carries the child's own sentence."""
        arguments = [sys.executable, "-m", "cli.main", "signer", "--child"]
        if config is not None:
            arguments += ["--config", str(config)]
        environment = {
            **os.environ,
            # What was decided here holds there, whether it came from a file, the environment or a test.
            "ENTENTE_FOLDER": str(settings.folder.absolute()),
            "ENTENTE_SIGNER__SOCKET": settings.within(settings.signer.socket),
            "ENTENTE_SIGNER__KEYS": settings.within(settings.signer.keys),
            "ENTENTE_DEPLOYMENT": settings.deployment.model_dump_json(),
            "ENTENTE_HTTP": settings.http.model_dump_json(),
            "ENTENTE_DEVELOPMENT": settings.development.model_dump_json(),
        }
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=environment,
            cwd=Path(__file__).parent.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        child = cls(process)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                said = (await process.stdout.readline()).decode(errors="replace").strip()
        except TimeoutError as error:
            await child.stop()
            raise StartError(f"The signer did not answer within {PATIENCE:g} seconds.") from error
        if said != "ready":
            await child.stop()
            raise StartError(said or "The signer ended before it was ready; its message stands above.")
        return child

    async def exited(self) -> int:
        """Its exit status, once it has one."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Close its standard input, which ends it; end it harder after two seconds."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(2):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
