"""Ports, addresses and buffers of the media node, and the engine behind the port."""

from __future__ import annotations

import asyncio
import socket

import pytest

from core.errors import StartError
from gateway.media import EngineNode, buffer_advice, free_udp_ports, own_addresses, worker_count
from tests.support.telemetry import RecordingTelemetry


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        first = taken.getsockname()[1]
        found = free_udp_ports("127.0.0.1", first, 2)
    assert len(set(found)) == 2 and first not in found and min(found) > first


def test_too_few_ports_is_a_sentence() -> None:
    with pytest.raises(StartError, match=r"No 5 free UDP ports from 65534 on"):
        free_udp_ports("127.0.0.1", 65534, 5)


def test_loopback_is_advertised_first_and_the_host_beside_it() -> None:
    addresses = own_addresses()
    assert addresses[0] == "127.0.0.1" and len(set(addresses)) == len(addresses) <= 2
    assert worker_count(0) >= 1 and worker_count(3) == 3


def test_small_buffers_come_with_the_command_that_mends_them_m1_5() -> None:
    assert buffer_advice(4096) is None
    advice = buffer_advice(1 << 30)
    assert advice is not None and "sysctl -w net.core.rmem_max=1073741824" in advice
    assert "net.core.wmem_max=1073741824" in advice


async def test_the_engine_starts_answers_and_ends() -> None:
    telemetry = RecordingTelemetry()
    node = EngineNode(0, "127.0.0.1", [0, 0], ["127.0.0.1"], 65536, telemetry)
    try:
        assert node.workers == 2
        assert node.addresses(0) != node.addresses(1)
        assert node.fingerprint(0).startswith("sha-256 ") and node.fingerprint(0).count(":") == 31
        node.command(0, {"add_room": {"room": 1}})
        async with asyncio.timeout(10):
            async for worker, event in node.events():
                if worker == 1 and "stats" in event:
                    break
        assert any(name == "entente_media_load" for name, _ in telemetry.gauges)
    finally:
        await node.close()
        await node.close()


async def test_closing_ends_the_reader() -> None:
    node = EngineNode(0, "127.0.0.1", [0], ["127.0.0.1"], 65536, RecordingTelemetry())

    async def read() -> int:
        return len([event async for event in node.events()])

    reader = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    await node.close()
    assert await asyncio.wait_for(reader, 5) >= 0


async def test_a_taken_media_port_is_a_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match="The media engine cannot open its ports"):
            EngineNode(0, "127.0.0.1", [port], ["127.0.0.1"], 65536, RecordingTelemetry())
