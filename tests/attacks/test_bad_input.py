"""Malformed and hostile HTTP: a named error or a closed connection, and the node goes on serving everybody
else."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store import SqlStore, open_store
from tests.support import people
from tests.support.live import Live, get, live
from tests.unit.gateway.conftest import make_site


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Live]:
    """The application over doubles with a short patience, on a real port."""
    store: SqlStore = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in people.TENANTS:
        await store.put_tenant(tenant)
    site = make_site(store, tmp_path, http={"body_seconds": 0.5, "burst": 5000})
    async with live(site.app, site.settings.http) as running:
        yield running
    await site.client.aclose()
    await store.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000, 400),
        (b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999\r\n\r\n", 413),
        (b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n", 413),
        (b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"DELETE /api/rooms HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    ],
)
async def test_a_malformed_request_has_a_status(node: Live, sent: bytes, status: int) -> None:
    assert await node.status(sent) == status
    assert await node.is_well()


async def test_a_20_mb_body_is_refused_before_it_arrives(node: Live) -> None:
    reader, writer = await node.connect()
    writer.write(b"POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20971520\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 2)
    assert answer.startswith(b"HTTP/1.1 413 ")
    sent = 0
    with pytest.raises((ConnectionError, TimeoutError)):
        async with asyncio.timeout(10):
            while sent < 64 << 20:
                writer.write(bytes(65536))
                await writer.drain()
                sent += 65536
    writer.close()
    assert sent < 20 << 20, "the server took it all in"
    assert await node.is_well()


async def test_a_chunked_body_without_an_end_is_cut_at_its_bound(node: Live) -> None:
    head = (
        b"POST /api/login/development HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    assert await node.status(head + chunk * 20) == 413
    assert await node.is_well()


async def dribbled(node: Live) -> float:
    """Send a head one byte at a time; the seconds until the server hung up."""
    reader, writer = await node.connect()
    began = time.monotonic()
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
    ended = asyncio.create_task(reader.read())
    while time.monotonic() - began < 10 and not ended.done():
        writer.write(b"a")
        await asyncio.wait([ended], timeout=0.1)
    writer.close()
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    return time.monotonic() - began


async def test_a_head_that_dribbles_is_cut_and_others_are_served(node: Live) -> None:
    slow = [asyncio.create_task(dribbled(node)) for _ in range(50)]
    assert await node.is_well()
    assert max(await asyncio.gather(*slow)) < 5


async def test_a_body_that_stalls_is_answered_and_cut(node: Live) -> None:
    head = (
        b"POST /api/login/development HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    assert await node.status(head) == 408
    assert await node.is_well()


async def test_a_second_request_may_take_its_time_to_begin_but_not_to_end(node: Live) -> None:
    reader, writer = await node.connect()
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(3):
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        assert head.startswith(b"HTTP/1.1 200")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        await asyncio.sleep(0.7)  # longer than a head may take, shorter than a pause between requests
    writer.write(request[:20])
    assert await asyncio.wait_for(reader.read(), 3) == b""
    writer.close()


async def test_random_bytes_never_stop_the_node(node: Live) -> None:
    seed = 22
    rng = random.Random(seed)
    template = get("/api/rooms/abc", "Authorization: Bearer x", "Content-Length: 4") + b'{"a"'
    for number in range(150):
        sent = bytearray(template)
        for _ in range(rng.randrange(1, 12)):
            sent[rng.randrange(len(sent))] = rng.randrange(256)
        reader, writer = await node.connect()
        writer.write(bytes(sent))
        writer.write_eof()
        try:
            async with asyncio.timeout(3):
                await reader.read()
        except ConnectionError:
            pass
        except TimeoutError:
            pytest.fail(f"case {number} of seed {seed} was never answered")
        writer.close()
    assert await node.is_well()
