"""The deployment as its signed statements describe it now: while a node runs, roots take over, tenants come
and statements are renewed.

Whoever reads `deployment` keeps what it read for as long as it needs one truth. A meeting keeps it for its
whole life, because its group is bound to one set of manifests (K2.3).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.errors import EntenteError
from core.ports import Clock
from core.values import Deployment

log = logging.getLogger("entente.statements")

LOOK = 10.0
"""Seconds between two looks for changes: a root that took over is used by the meetings that begin from then
on. Lower asks the signer more often; higher delays what nobody waits for."""


class Standing:
    """`deployment` is the present one. `refresh` declares it anew by the given function; `run` as a task does
    so from time to time."""

    def __init__(
        self, deployment: Deployment, declare: Callable[[], Awaitable[Deployment]] | None = None
    ) -> None:
        self._deployment = deployment
        self._declare = declare
        self._turn = asyncio.Lock()

    @property
    def deployment(self) -> Deployment:
        """What holds now."""
        return self._deployment

    async def refresh(self) -> bool:
        """Declare anew; whether something changed. SignerError, StoreError, StartError."""
        if self._declare is None:
            return False
        async with self._turn:
            fresh = await self._declare()
            changed, self._deployment = fresh != self._deployment, fresh
        return changed

    async def run(self, clock: Clock) -> None:
        """Until cancelled. What fails is tried again with the next look, and what held goes on."""
        while True:
            await clock.sleep(LOOK)
            try:
                if await self.refresh():
                    log.info("the deployment's statements have changed")
            except EntenteError as error:
                log.warning("the deployment's statements were not looked at: %s", type(error).__name__)
            except Exception:
                log.exception("the look for changed statements failed")
