"""The hub's signed proposals for one epoch: asked of the signer once, served again to later attempts
(K3.2)."""

from __future__ import annotations

import asyncio

from core.e2ee.batch import Batch
from core.e2ee.context import Context
from core.e2ee.members import Waiting

AT_ONCE = 16
"""Requests to the signer in flight."""


class Proposals:
    """Order of calls: `of` for each attempt, `clear` once the epoch is reached."""

    def __init__(self, context: Context, group_id: bytes) -> None:
        self._signer = context.signer
        self._group = group_id
        self._made: dict[object, bytes] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def of(self, batch: Batch, epoch: int) -> tuple[bytes, ...]:
        """Removals first, then adds, each in the order of the batch. SignerError."""
        removals = await asyncio.gather(*(self._remove(removal.leaf, epoch) for removal in batch.removals))
        return (*removals, *await asyncio.gather(*(self._add(waiting, epoch) for waiting in batch.adds)))

    def clear(self) -> None:
        """Proposals are for one epoch."""
        self._made.clear()

    async def _add(self, waiting: Waiting, epoch: int) -> bytes:
        if waiting.ref not in self._made:
            async with self._gate:
                made = await self._signer.external_add(self._group, epoch, waiting.key_package)
            self._made[waiting.ref] = made
        return self._made[waiting.ref]

    async def _remove(self, leaf: int, epoch: int) -> bytes:
        if leaf not in self._made:
            async with self._gate:
                self._made[leaf] = await self._signer.external_remove(self._group, epoch, leaf)
        return self._made[leaf]
