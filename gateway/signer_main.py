"""The signer's main: its keys, its clock, its socket, and the two ways it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from core.signer.keys import open_keys
from core.signer.server import SignerServer
from core.signer.service import SignerService
from gateway.settings import Settings
from gateway.system import SystemClock
from gateway.tenants import tenants_of


async def run_signer(settings: Settings, *, child: bool) -> None:
    """Serve until SIGTERM, or until standard input ends when we are a node's child. StartError."""
    clock = SystemClock()
    keys = open_keys(
        Path(settings.within(settings.signer.keys)), settings.deployment.id, tenants_of(settings), clock.now()
    )
    server = SignerServer(SignerService(keys, clock), Path(settings.within(settings.signer.socket)))
    await server.open()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Ctrl-C reaches the whole terminal; a child outlives it until the node has finished its own end.
    loop.add_signal_handler(signal.SIGINT, (lambda: None) if child else stop.set)
    try:
        print("ready", flush=True)
        if child:
            await _until_input_ends(stop)
        else:
            await stop.wait()
    finally:
        await server.close()


async def _until_input_ends(stop: asyncio.Event) -> None:
    """The node holds the other end of standard input; however it dies, this reads the end of it."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    ended = asyncio.create_task(reader.read(), name="node-alive")
    stopped = asyncio.create_task(stop.wait(), name="told-to-stop")
    _, pending = await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    transport.close()
