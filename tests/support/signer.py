"""A signer in this process with real keys: the same service, without the socket."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack

from core.ports import Clock
from core.signer.client import SignerRequests
from core.signer.keys import open_keys
from core.signer.requests import REQUEST
from core.signer.service import SignerService
from core.signer.vault import Vault
from core.values import Tenant


class LocalSigner(SignerRequests):
    """`core.ports.Signer`; keys are made in `folder`."""

    def __init__(
        self,
        folder: Path,
        deployment: str,
        tenants: Sequence[Tenant],
        clock: Clock,
        vault: Vault | None = None,
        enrolled: Collection[str] = (),
    ) -> None:
        self.keys = open_keys(folder, deployment, tenants, clock.now(), vault=vault, enrolled=enrolled)
        self._service = SignerService(self.keys, clock)
        self.requests: list[str] = []

    async def _ask(self, kind: str, fields: Mapping[str, object]) -> Any:
        self.requests.append(kind)
        # Through msgpack, so that a test sees what the socket would carry.
        request = msgpack.unpackb(msgpack.packb({"type": kind, **fields}))
        return msgpack.unpackb(msgpack.packb(self._service.answer(REQUEST.validate_python(request))))
