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
from tests.support.clock import LeapingClock

HANG_S = 60
"""For what takes milliseconds."""


class StandingClock(LeapingClock):
    """Whoever sleeps, sleeps for good."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self.asleep.set()
        await asyncio.Event().wait()


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
    socket = Socket(address, LeapingClock())
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


@pytest.mark.parametrize("code", ["resume_expired", "resume_refused", "removed"])
async def test_a_refused_resumption_ends_with_the_nodes_reason(code: str) -> None:
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
        assert seen == [0, 1]


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
        assert seen == [0, 1, 2]


async def test_closing_does_not_wait_for_a_resumption_that_goes_on() -> None:
    async def cut(connection: ServerConnection, _: int) -> None:
        connection.transport.abort()

    async with server(cut) as (address, seen):
        clock = StandingClock()
        socket = Socket(address, clock)
        await socket.open()
        socket.allow_resume("p_" + "a" * 16, 600, lambda nonce: nonce)
        async with asyncio.timeout(HANG_S):
            await clock.asleep.wait()
            assert seen == [0, 1]
            await socket.close()
        assert socket.ended == "left"


@pytest.mark.parametrize("trouble", ["refused", "nonsense", "closed"])
async def test_a_socket_that_resumed_nothing_is_closed(trouble: str) -> None:
    """At once, and without a goodbye that a node as silent as this one would not answer."""
    arrived, over = asyncio.Event(), asyncio.Event()

    async def behave(connection: ServerConnection, number: int) -> None:
        if number == 0:
            connection.transport.abort()
            return
        asked = msgpack.unpackb(await connection.recv())
        arrived.set()
        error = {"code": "resume_refused", "message": "no", "retry_after": None}
        if trouble == "refused":
            await connection.send(msgpack.packb({"re": asked["id"], "error": error}))
        elif trouble == "nonsense":
            await connection.send(b"\xc1")
        await connection.wait_closed()
        over.set()

    async with server(behave) as (address, _):
        socket = Socket(address, SystemClock())
        await socket.open()
        socket.allow_resume("p_" + "a" * 16, 600, lambda nonce: nonce)
        async with asyncio.timeout(HANG_S):
            await arrived.wait()
            if trouble == "closed":
                await socket.close()
            await over.wait()
            await socket.close()


async def test_a_resumption_that_comes_too_late_is_undone() -> None:
    """`close` was called while the node answered: nobody would ever close what it let in."""
    over = asyncio.Event()
    socket: Socket

    async def behave(connection: ServerConnection, number: int) -> None:
        if number == 0:
            connection.transport.abort()
            return
        asked = msgpack.unpackb(await connection.recv())
        await connection.send(msgpack.packb({"re": asked["id"], "ok": {"nonce": bytes(32)}}))
        asked = msgpack.unpackb(await connection.recv())
        socket.ended = "left"
        await connection.send(msgpack.packb({"re": asked["id"], "ok": {"replayed": 0}}))
        await connection.wait_closed()
        over.set()

    async with server(behave) as (address, _):
        socket = Socket(address, SystemClock())
        await socket.open()
        socket.allow_resume("p_" + "a" * 16, 600, lambda nonce: 2 * nonce)
        async with asyncio.timeout(HANG_S):
            await over.wait()
            await socket.close()
