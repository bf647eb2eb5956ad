"""The signer as a child of the node: started, waited for, started again when it dies, gone when the node is
gone."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from core.errors import StartError
from gateway.settings import Settings

log = logging.getLogger("entente")

PAUSE = 0.5
"""Seconds before a signer that died is started again: a key file made unreadable must not fill the log."""

PATIENCE = 20.0
"""Seconds for the child to answer: its first start makes keys and imports libraries on a cold disk."""


def _command(config: Path | None) -> list[str]:
    """What to start. -P: a folder named `core` where the node was started must not be imported in place of
    ours."""
    command = [sys.executable, "-P", "-m", "cli.main", "signer", "--child"]
    return command if config is None else [*command, "--config", str(config.absolute())]


class SignerChild:
    """One process `entente signer`. Call `start`, then `stop`; `exited` ends when it dies."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, settings: Settings, config: Path | None) -> SignerChild:
        """Start it and wait until it listens. StartError carries the child's own sentence."""
        environment = {
            **os.environ,
            # What was decided here holds there, whether it came from a file, the environment or a test.
            "ENTENTE_FOLDER": str(settings.folder.absolute()),
            "ENTENTE_SIGNER": settings.signer.model_dump_json(),
            "ENTENTE_SIGNER__SOCKET": settings.within(settings.signer.socket),
            "ENTENTE_SIGNER__KEYS": settings.within(settings.signer.keys),
            "ENTENTE_DEPLOYMENT": settings.deployment.model_dump_json(),
            "ENTENTE_HTTP": settings.http.model_dump_json(),
            "ENTENTE_DEVELOPMENT": settings.development.model_dump_json(),
        }
        process = await asyncio.create_subprocess_exec(
            *_command(config),
            env=environment,
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


class SignerKeeper:
    """Keeps a signer running. Call `start`, then `stop`.

    A signer that died forgot only which outcomes it had declared; the store's indexes still refuse a second
    (K4.7).
    """

    def __init__(self, settings: Settings, config: Path | None, child: SignerChild) -> None:
        self._settings = settings
        self._config = config
        self._child = child
        self._task = asyncio.create_task(self._keep(), name="signer-keeper")

    @classmethod
    async def start(cls, settings: Settings, config: Path | None) -> SignerKeeper:
        """The first start. StartError."""
        return cls(settings, config, await SignerChild.start(settings, config))

    async def stop(self) -> None:
        """End the keeping, then the child."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._child.stop()

    async def _keep(self) -> None:
        while True:
            status = await self._child.exited()
            log.error("the signer ended with status %d and is started again", status)
            await self._child.stop()
            await asyncio.sleep(PAUSE)
            try:
                self._child = await SignerChild.start(self._settings, self._config)
            except StartError as error:
                log.error("the signer did not start: %s", error)
