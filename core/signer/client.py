"""The node's half: `core.ports.Signer` over one connection, requests answered in order.

A request that gets no answer in time is not repeated here: the caller knows whether repeating it is safe.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import SignerRefused, SignerUnavailable
from core.ports import Clock, Telemetry
from core.signer import frames
from core.signer.tls import Dial, unix_dial
from core.values import CertificateRequest, SignerInfo

PATIENCE = 5.0
"""Seconds for one answer. A signature takes under a millisecond; this covers a paused machine, not a
queue."""


PAUSE = 1.0
"""Seconds between two tries to reach a signer. A crowd that waits for one that is down must not wait in turn
for each other's tries."""


class SignerRequests(ABC):
    """The port's methods as typed requests; `_ask` carries them to the signer."""

    @abstractmethod
    async def _ask(self, kind: str, fields: Mapping[str, object]) -> Any:
        """The reply. SignerRefused or SignerUnavailable."""

    async def info(self) -> SignerInfo:
        """See the port."""
        said = await self._ask("info", {})
        roots = {tenant: tuple(ring) for tenant, ring in said["roots"].items()}
        return SignerInfo(**{**said, "roots": roots})

    async def ensure_tenant(self, tenant: str, name: str, short: str) -> None:
        """See the port."""
        await self._ask("ensure_tenant", {"tenant": tenant, "name": name, "short": short})

    async def issue_certificate(self, request: CertificateRequest) -> tuple[bytes, ...]:
        """See the port."""
        person = request.person
        fields = {
            "person": {
                "deployment": person.deployment,
                "tenant": person.tenant,
                "subject": person.subject,
                "name": person.name,
                "name_checked": person.name_checked,
                "role": person.role.value,
                "assurance": person.assurance.value,
            },
            "participant": request.participant,
            "public_key": request.public_key,
            "nonce": request.nonce,
            "proof": request.proof,
            "roots": list(request.roots),
        }
        chain = await self._ask("issue_certificate", fields)
        if not isinstance(chain, list):
            raise SignerUnavailable("its answer has no form")
        return tuple(signed(one) for one in chain)

    async def sign_entry(self, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return signed(await self._ask("sign_entry", {"entry": dict(fields)}))

    async def external_add(self, group_id: bytes, epoch: int, key_package: bytes) -> bytes:
        """See the port."""
        fields = {"group_id": group_id, "epoch": epoch, "key_package": key_package}
        return signed(await self._ask("external_add", fields))

    async def external_remove(self, group_id: bytes, epoch: int, leaf: int) -> bytes:
        """See the port."""
        fields = {"group_id": group_id, "epoch": epoch, "leaf": leaf}
        return signed(await self._ask("external_remove", fields))

    async def sign_manifest(self, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return signed(await self._ask("sign_manifest", {"manifest": dict(fields)}))

    async def sign_policy(self, tenant: str, fields: Mapping[str, object]) -> bytes:
        """See the port."""
        return signed(await self._ask("sign_policy", {"policy": {**fields, "tenant": tenant}}))

    async def sign_revocation(
        self, tenant: str, fingerprint: bytes, reason: str, root: bytes = b""
    ) -> bytes:
        """See the port."""
        fields = {"tenant": tenant, "fingerprint": fingerprint, "reason": reason, "root": root}
        return signed(await self._ask("sign_revocation", fields))


def signed(answer: object) -> bytes:
    """The bytes a signer answers with. A signer in another house may answer anything: SignerUnavailable."""
    if not isinstance(answer, bytes):
        raise SignerUnavailable("its answer has no form")
    return answer


class SocketSigner(SignerRequests):
    """The port over a socket, on this machine or elsewhere. Any request from any task, `close` at the end.

    It connects by itself, afresh when the signer was started again; a request that was under way is not
    repeated. Where nobody answers, whoever asks within the next `PAUSE` seconds is told so at once.
    """

    def __init__(self, dial: Dial, where: str, clock: Clock, telemetry: Telemetry) -> None:
        self._dial = dial
        self._where = where
        self._clock = clock
        self._telemetry = telemetry
        self._link: _Link | None = None
        self._failed = -math.inf
        self._connecting = asyncio.Lock()

    @classmethod
    async def connect(cls, path: Path, clock: Clock, telemetry: Telemetry) -> SocketSigner:
        """The signer on this machine. SignerUnavailable when nobody listens."""
        signer = cls(unix_dial(path), str(path), clock, telemetry)
        await signer._connected()
        return signer

    async def close(self) -> None:
        """Hang up; whoever still waits gets SignerUnavailable."""
        if self._link is not None:
            await self._link.close()

    async def _connected(self) -> _Link:
        async with self._connecting:
            if self._link is None or self._link.dead:
                if self._clock.monotonic() - self._failed < PAUSE:
                    raise SignerUnavailable(f"no signer answered at {self._where}")
                if self._link is not None:
                    await self._link.close()
                try:
                    self._link = _Link(*await self._dial())
                except (OSError, TimeoutError) as error:
                    self._failed = self._clock.monotonic()
                    raise SignerUnavailable(f"no signer answers at {self._where}") from error
            return self._link

    async def _ask(self, kind: str, fields: Mapping[str, object]) -> Any:
        began, result = self._clock.monotonic(), "failed"
        try:
            with self._telemetry.span(f"signer.{kind}"):
                answer = await (await self._connected()).ask(kind, fields)
            result = "ok"
            return answer
        except SignerRefused:
            result = "refused"
            raise
        finally:
            self._telemetry.count("entente_signer_requests_total", type=kind, result=result)
            self._telemetry.observe("entente_signer_seconds", self._clock.monotonic() - began, type=kind)


class _Link:
    """One connection, until it is dead."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.dead = False
        self._task = asyncio.create_task(self._read(), name="signer-client")

    async def close(self) -> None:
        self._writer.close()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def ask(self, kind: str, fields: Mapping[str, object]) -> Any:
        number = next(self._ids)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(frames.pack({"id": number, "request": {"type": kind, **fields}}))
            async with asyncio.timeout(PATIENCE):
                await self._writer.drain()
                reply = await answer
        except (TimeoutError, OSError) as error:
            raise SignerUnavailable(f"no answer to {kind}") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in reply:
            refusal = reply["error"]
            raise SignerRefused(str(refusal["code"]), str(refusal["detail"]))
        return reply["ok"]

    async def _read(self) -> None:
        try:
            while (reply := await frames.read(self._reader)) is not None:
                waiting = self._waiting.get(reply.get("id", 0))
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        except (OSError, SignerRefused):
            return
        finally:
            self.dead = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(SignerUnavailable("the signer is gone"))
