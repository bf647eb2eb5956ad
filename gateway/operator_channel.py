"""What an operator may ask of the running node, over a Unix socket of its own user: to revoke, to make and
to change tenants, and nothing else.

The file has mode 0600 and the kernel says whose process connects, so that nobody comes in over HTTP, and no
token lies about.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import EntenteError, OperatorError, SignerError, SignerRefused
from core.meeting.revoking import Revoker
from core.signer import frames, unix
from gateway.settings import Settings
from gateway.tenant_commands import Command, TenantCommand
from gateway.tenant_desk import TenantDesk

log = logging.getLogger("entente.operator")

PATIENCE = 30.0
"""Seconds of silence at one end after which the other gives it up. What is being carried out goes on: how
long that takes is not ours to know, since whoever is revoked decides how many certificates there are."""
BEAT = 5.0
"""Seconds between two signs that a command is still being carried out."""


class Revoke(Command):
    """A command: one of `subject` and `fingerprint`."""

    type: Literal["revoke"]
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
    subject: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    fingerprint: Annotated[bytes, Field(min_length=32, max_length=32)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200)]


_COMMAND: TypeAdapter[Revoke | TenantCommand] = TypeAdapter(
    Annotated[Revoke | TenantCommand, Field(discriminator="type")]
)


def operator_socket(settings: Settings) -> Path:
    """Where the node listens for its operator."""
    return Path(settings.within("{folder}/operator.sock"))


class OperatorChannel:
    """The node's end. Call `open`, then `close`."""

    def __init__(self, revoker: Revoker, desk: TenantDesk, path: Path) -> None:
        self._revoker = revoker
        self._desk = desk
        self._server = unix.UnixServer(path, "node", self._hear, log)

    async def open(self) -> None:
        """Listen. StartError."""
        await self._server.open()

    async def close(self) -> None:
        """Stop listening, end every connection, take the socket file away."""
        await self._server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One command a connection."""
        async with asyncio.timeout(PATIENCE):
            message = await frames.read(reader)
        if message is not None:
            await self._serve(message, writer)

    async def _serve(self, message: dict[str, object], writer: asyncio.StreamWriter) -> None:
        """Carry it out to its end, whoever still listens; only `close` ends it before."""
        answer = asyncio.create_task(self._answer(message), name="operator's command")
        try:
            while not (await asyncio.wait({answer}, timeout=BEAT))[0]:
                await self._say(writer, {"going": True})
            await self._say(writer, answer.result())
        except (ConnectionError, TimeoutError) as error:
            log.warning("an operator has gone before the answer: %s", type(error).__name__)
            await answer
        except asyncio.CancelledError:
            answer.cancel()
            await asyncio.wait({answer})
            raise

    async def _say(self, writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
        writer.write(frames.pack(message))
        async with asyncio.timeout(PATIENCE):
            await writer.drain()

    async def _answer(self, message: dict[str, object]) -> dict[str, object]:
        try:
            return {"ok": await self._carry_out(_COMMAND.validate_python(message))}
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            return {"error": f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"}
        except OperatorError as error:
            return {"error": str(error)}
        except SignerError as error:
            return {"error": f"The signer refused: {error.code}."}
        except EntenteError as error:
            log.warning("an operator's command failed: %s", type(error).__name__)
            return {"error": "The node could not do all of it; give the command again."}

    async def _carry_out(self, command: Revoke | TenantCommand) -> object:
        if not isinstance(command, Revoke):
            return await self._desk.carry_out(command)
        if (command.subject is None) == (command.fingerprint is None):
            raise OperatorError("Name a subject or a fingerprint.")
        if command.subject is not None:
            return await self._revoker.by_subject(command.tenant, command.subject, command.reason)
        assert command.fingerprint is not None
        return await self._revoker.by_fingerprint(command.tenant, command.fingerprint, command.reason)


async def revoke(
    settings: Settings, tenant: str, subject: str | None, fingerprint: str | None, reason: str
) -> int:
    """The operator's end: how many certificates are void now. OperatorError in the node's own words."""
    fields: dict[str, object] = {"type": "revoke", "tenant": tenant, "reason": reason}
    if subject is not None:
        fields["subject"] = subject
    if fingerprint is not None:
        try:
            fields["fingerprint"] = bytes.fromhex(fingerprint.replace(":", ""))
        except ValueError as error:
            raise OperatorError("A fingerprint is 64 hexadecimal digits.") from error
    return int(await ask(settings, fields))


async def ask(settings: Settings, fields: dict[str, object]) -> Any:
    """What the node answers to one command. OperatorError in the node's own words."""
    reply = await _ask(operator_socket(settings), fields)
    if "error" in reply:
        raise OperatorError(str(reply["error"]))
    return reply["ok"]


async def _ask(path: Path, fields: dict[str, object]) -> dict[str, Any]:
    """The node's answer, however long it takes, while the node says that it is at it. OperatorError."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(str(path))
    except (OSError, TimeoutError) as error:
        raise OperatorError(f"No running node of yours answers at {path}.") from error
    reply: dict[str, Any] | None = {"going": True}
    try:
        writer.write(frames.pack(fields))
        while reply is not None and "going" in reply:
            async with asyncio.timeout(PATIENCE):
                reply = await frames.read(reader)
    except TimeoutError as error:
        raise OperatorError(
            f"The node at {path} has said nothing for {PATIENCE:.0f} s; it may still be carrying the command"
            " out. Look at its log, and give the command again: what is done is not done twice."
        ) from error
    except (OSError, SignerRefused) as error:
        raise OperatorError(f"The connection to the node at {path} broke; give the command again.") from error
    finally:
        writer.close()
    if reply is None:
        raise OperatorError(f"The node at {path} ended the connection; give the command again.")
    return reply
