"""The signer's main: its keys, its clock, its sockets, and the two ways it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from core.errors import StartError
from core.ports import Clock
from core.signer.audit import AuditFile
from core.signer.keys import SignerKeys
from core.signer.server import SignerServer
from core.signer.service import SignerService
from core.signer.tls import TlsServer
from gateway.settings import Settings
from gateway.signer_keys import keys_of, tls_files
from gateway.system import SystemClock

log = logging.getLogger("entente.signer")

LOOK = 1.0
"""Seconds between two looks for what a ceremony changed in the key folder."""


async def run_signer(settings: Settings, *, child: bool) -> None:
    """Serve until SIGTERM, or until standard input ends when we are a node's child. StartError."""
    async with AsyncExitStack() as stack:
        await _open(settings, stack)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        # Ctrl-C reaches the whole terminal; a child outlives it until the node has finished its own end.
        loop.add_signal_handler(signal.SIGINT, (lambda: None) if child else stop.set)
        print("ready", flush=True)
        if child:
            await _until_input_ends(stop)
        else:
            await stop.wait()


async def _open(settings: Settings, stack: AsyncExitStack) -> None:
    clock = SystemClock()
    keys = keys_of(settings, clock)
    audit = AuditFile(Path(settings.within(settings.signer.record)))
    stack.callback(audit.close)
    service = SignerService(keys, clock, audit, settings.signer.burst, settings.signer.per_second)
    server = SignerServer(service, Path(settings.within(settings.signer.socket)))
    await server.open()
    stack.push_async_callback(server.close)
    listen = settings.signer.listen
    if listen is not None:
        tls = TlsServer(listen.bind, listen.port, tls_files(settings, listen), server.serve, log)
        await tls.open()
        stack.push_async_callback(tls.close)
    looking = asyncio.create_task(_look(keys, clock), name="ceremonies")
    stack.push_async_callback(_end, looking)


async def _look(keys: SignerKeys, clock: Clock) -> None:
    """Take up what people changed by hand; what is not safe is said, and the keys that were good stay."""
    said = ""
    while True:
        await clock.sleep(LOOK)
        try:
            if keys.refresh():
                log.info("the key folder has changed and was read again")
            said = ""
        except StartError as error:
            if str(error) != said:
                said = str(error)
                log.error("the key folder has changed and cannot be read: %s", said)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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
