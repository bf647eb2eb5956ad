"""Why a socket is gone for good, told by a server that only knows how to close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from core.client.clock import SystemClock
from core.client.socket import Socket

HANG_S = 10


@asynccontextmanager
async def server(
    behave: Callable[[ServerConnection, int], Awaitable[None]],
) -> AsyncIterator[tuple[str, list[int]]]:
    """Its address, and a list that grows with each socket."""
    seen: list[int] = []

    async def handle(connection: ServerConnection) -> None:
        seen.append(len(seen))
        await behave(connection, seen[-1])

    async with serve(handle, "127.0.0.1", 0, subprotocols=[Subprotocol("entente.v1")]) as running:
        port = running.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/api/socket", seen


async def ended(address: str, resume_s: int = 2) -> Socket:
    """A socket that may resume, when it has ended."""
    socket = Socket(address, SystemClock())
    await socket.open()
    socket.allow_resume("p_" + "a" * 16, resume_s, lambda nonce: nonce)
    async with asyncio.timeout(HANG_S):
        async for _ in socket.events():
            pass
    await socket.close()
    return socket


@pytest.mark.parametrize(("code", "reason"), [(1000, "left"), (4503, "restarting")])
async def test_after_a_goodbye_or_a_restart_nothing_is_resumed(code: int, reason: str) -> None:
    async def close(connection: ServerConnection, _: int) -> None:
        await connection.close(code)

    async with server(close) as (address, seen):
        assert (await ended(address)).ended == reason
        assert seen == [0]


@pytest.mark.parametrize(("code", "sockets"), [("resume_expired", 2), ("resume_refused", 2)])
async def test_a_refused_resumption_ends_with_the_nodes_reason(code: str, sockets: int) -> None:
    async def behave(connection: ServerConnection, number: int) -> None:
        if number == 0:
            connection.transport.abort()
            return
        asked = msgpack.unpackb(await connection.recv())
        error = {"code": code, "message": "no", "retry_after": None}
        await connection.send(msgpack.packb({"re": asked["id"], "error": error}))
        await connection.wait_closed()

    async with server(behave) as (address, seen):
        assert (await ended(address)).ended == code
        assert len(seen) == sockets


async def test_a_refusal_for_now_is_tried_again_until_time_is_over() -> None:
    async def behave(connection: ServerConnection, number: int) -> None:
        if number == 0:
            connection.transport.abort()
            return
        asked = msgpack.unpackb(await connection.recv())
        error = {"code": "unavailable", "message": "later", "retry_after": 0.1}
        await connection.send(msgpack.packb({"re": asked["id"], "error": error}))
        await connection.wait_closed()

    async with server(behave) as (address, seen):
        assert (await ended(address, resume_s=1)).ended == "resume_expired"
        assert 2 <= len(seen) - 1 <= 4


async def test_closing_does_not_wait_for_a_resumption_that_goes_on() -> None:
    async def cut(connection: ServerConnection, _: int) -> None:
        connection.transport.abort()

    async with server(cut) as (address, _):
        socket = Socket(address, SystemClock())
        await socket.open()
        socket.allow_resume("p_" + "a" * 16, 600, lambda nonce: nonce)
        await asyncio.sleep(0.2)
        async with asyncio.timeout(HANG_S):
            await socket.close()
        assert socket.ended == "left"
