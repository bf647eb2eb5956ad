"""The engine behind `core.ports.MediaNode`: msgpack both ways, an eventfd into the event loop, ports and
addresses."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

import msgpack

from core._native import media as native
from core.errors import MediaQueueFull, StartError
from core.ports import Telemetry
from gateway.media_meter import MediaMeter

TRIES = 200
"""Ports looked at, from the configured one on, before giving up."""


def own_addresses() -> list[str]:
    """Loopback and this host's own address, by which the default route would leave; nothing is sent."""
    found = ["127.0.0.1"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # A documentation address (RFC 5737): connecting a datagram socket only chooses a route.
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            address = _named_address()
    if address and address not in found:
        found.append(address)
    return found


def _named_address() -> str:
    """The address of this host's name, where there is no default route."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return ""


def free_udp_ports(bind: str, first: int, count: int) -> list[int]:
    """`count` free UDP ports from `first` on; zeros when `first` is 0. StartError when too many are taken."""
    if first == 0:
        return [0] * count
    found: list[int] = []
    for port in range(first, min(first + TRIES, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((bind, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StartError(f"No {count} free UDP ports from {first} on at {bind}; set media.port to another.")


def granted_buffers(asked: int) -> tuple[int, int]:
    """Bytes of receive and send buffer that the kernel gives a UDP socket that asks for `asked` (M1.5)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        sizes = []
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            probe.setsockopt(socket.SOL_SOCKET, option, asked)
            # Linux doubles what was asked for, for its own bookkeeping (socket(7)).
            sizes.append(probe.getsockopt(socket.SOL_SOCKET, option) // 2)
        return sizes[0], sizes[1]


def buffer_advice(asked: int) -> str | None:
    """What to type when the kernel grants less than the engine asks for; None when it grants all."""
    receive, send = granted_buffers(asked)
    wanted = []
    if receive < asked:
        wanted.append(f"net.core.rmem_max={asked}")
    if send < asked:
        wanted.append(f"net.core.wmem_max={asked}")
    if not wanted:
        return None
    return (
        f"The kernel grants {receive} and {send} bytes of UDP buffers where media.socket_buffer asks for "
        f"{asked}; bursts will be dropped. Run: sysctl -w {' '.join(wanted)}"
    )


class EngineNode:
    """`core.ports.MediaNode` over the Rust engine. One reader of `events`; `close` once."""

    def __init__(
        self,
        node_id: int,
        bind: str,
        ports: Sequence[int],
        advertise: Sequence[str],
        socket_buffer: int,
        telemetry: Telemetry,
    ) -> None:
        workers: list[native.WorkerOptions] = [
            {"bind": f"{bind}:{port}", "socket_buffer": socket_buffer} for port in ports
        ]
        try:
            self._native = native.MediaNode(node_id, workers, None)
        except OSError as error:
            raise StartError(f"The media engine cannot open its ports at {bind}: {error}.") from error
        self._node_id = node_id
        self._count = len(ports)
        self._advertise = tuple(advertise)
        self._meter = MediaMeter(telemetry)
        self._ready = asyncio.Event()
        self._closed = False

    @property
    def workers(self) -> int:
        """See the port."""
        return self._count

    @property
    def node_id(self) -> int:
        """See the port."""
        return self._node_id

    def fingerprint(self, worker: int) -> str:
        """See the port."""
        found: str = self._native.fingerprint(worker)
        return found

    def addresses(self, worker: int) -> Sequence[tuple[str, int]]:
        """See the port."""
        port = self._native.local_port(worker)
        return [(address, port) for address in self._advertise]

    def command(self, worker: int, command: Mapping[str, object]) -> None:
        """See the port."""
        packed: bytes = msgpack.packb(dict(command))
        try:
            self._native.command(worker, packed)
        except native.QueueFull as error:
            raise MediaQueueFull(f"worker {worker}") from error

    async def events(self) -> AsyncIterator[tuple[int, dict[str, object]]]:
        """See the port."""
        loop = asyncio.get_running_loop()
        descriptor = self._native.fileno()
        loop.add_reader(descriptor, self._ready.set)
        try:
            while not self._closed:
                await self._ready.wait()
                self._ready.clear()
                if self._closed:
                    return
                for worker, packed in self._native.poll():
                    event = msgpack.unpackb(packed, strict_map_key=False)
                    # A variant without fields crosses as its bare name.
                    event = {event: {}} if isinstance(event, str) else event
                    self._meter.look(worker, event)
                    yield worker, event
        finally:
            loop.remove_reader(descriptor)

    async def close(self) -> None:
        """See the port."""
        if self._closed:
            return
        self._closed = True
        self._ready.set()
        # Joining the engine's threads blocks for up to one tick.
        await asyncio.to_thread(self._native.close)


def worker_count(configured: int) -> int:
    """One less than the cores, at least one, unless configured."""
    return configured or max(1, (os.cpu_count() or 2) - 1)
