"""A node's socket on a real TCP port with the doubles behind it, and raw clients that speak to it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgpack
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.client.membership import Membership
from core.tenants.sessions import new_token, token_hash
from core.values import JoinToken, Person, UnixMillis
from core.wire import codec, events, requests
from core.wire.values import ClientInfo
from gateway.settings import HttpSettings
from gateway.socket import SocketMeetings, open_meetings
from tests.support.live import live
from tests.support.people import person
from tests.support.world import World, open_world


class Node:
    """A served node in whose virtual time nothing happens unless a test advances it."""

    def __init__(self, world: World, meetings: SocketMeetings, port: int) -> None:
        self.world = world
        self.meetings = meetings
        self.url = f"ws://127.0.0.1:{port}/api/socket"

    async def token(self, who: Person | None = None, life: int = 60_000) -> str:
        services = self.world.services
        token = new_token(services.rng)
        hashed = token_hash(token)
        assert hashed is not None
        expires = UnixMillis(services.clock.now() + life)
        await services.store.add_join_token(JoinToken(hashed, "r1", who or person(), expires, "exemple"))
        return token

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[Raw]:
        """A socket that has said nothing."""
        async with connect(self.url, subprotocols=["entente.v1"], max_size=None) as socket:  # type: ignore[list-item]
            yield Raw(self, socket)


_starts = itertools.count(0, 1000)
"""Ids only grow, over a resume as well: each socket has a thousand of its own."""


class Raw:
    """One socket: requests by hand, replies and events sorted apart."""

    def __init__(self, node: Node, socket: ClientConnection) -> None:
        self.node = node
        self.socket = socket
        self.events: list[events.Event] = []
        self.membership: Membership | None = None
        self.participant = ""
        self._next = next(_starts)

    async def send(self, **fields: object) -> int:
        self._next += 1
        await self.socket.send(msgpack.packb({"id": self._next, **fields}))
        return self._next

    async def receive(self) -> events.Event | events.OkReply | events.ErrorReply:
        async with asyncio.timeout(10):
            data = await self.socket.recv()
        assert isinstance(data, bytes)
        message = codec.decode_from_server(data)
        if isinstance(message, events.Event):
            self.events.append(message)
        return message

    async def reply(self, request_id: int) -> events.OkReply | events.ErrorReply:
        while True:
            message = await self.receive()
            if isinstance(message, events.OkReply | events.ErrorReply) and message.re == request_id:
                return message

    async def ask(self, **fields: object) -> dict[str, Any]:
        reply = await self.reply(await self.send(**fields))
        assert isinstance(reply, events.OkReply), reply
        return reply.ok

    async def refused(self, **fields: object) -> str:
        reply = await self.reply(await self.send(**fields))
        assert isinstance(reply, events.ErrorReply), reply
        return reply.error.code

    async def do(self, request: requests.Request) -> dict[str, Any]:
        fields = request.model_dump()
        fields.pop("id")
        return await self.ask(**fields)

    async def hello(self, who: Person | None = None) -> dict[str, Any]:
        """Become a participant."""
        info = ClientInfo(name="raw", version="0").model_dump()
        greeting = await self.ask(type="hello", token=await self.node.token(who), client=info)
        self.participant = str(greeting["participant"])
        self.membership = Membership(requests.HelloReply.model_validate(greeting))
        return greeting

    async def join(self, who: Person | None = None) -> None:
        """Hello, a certificate and a key package."""
        greeting = await self.hello(who)
        assert self.membership is not None
        reply = await self.do(self.membership.certify(greeting["nonce"]))
        chain = requests.CertifyReply.model_validate(reply).chain
        await self.do(self.membership.certified(chain, self.node.world.clock.now()))

    async def follow(self, until: type[events.Event], epoch: int | None = None) -> events.Event:
        """Answer events as a member does until one of a kind has come."""
        done = 0
        while True:
            while done < len(self.events):
                event = self.events[done]
                done += 1
                await self._answer(event)
                if isinstance(event, until) and epoch in (None, getattr(event, "epoch", None)):
                    del self.events[:done]
                    return event
            await self.receive()

    async def _answer(self, event: events.Event) -> None:
        assert self.membership is not None
        now = self.node.world.clock.now()
        for output in self.membership.handle(event, now):
            if isinstance(output, requests.GroupCreated):
                reply = await self.do(output)
                list(self.membership.created(reply["entry"], now))
            elif isinstance(output, requests.Request):
                await self.do(output)

    async def closed(self) -> int:
        """The code with which the node hangs up."""
        try:
            async with asyncio.timeout(10):
                while True:
                    await self.socket.recv()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006


@asynccontextmanager
async def open_node(folder: Path) -> AsyncIterator[Node]:
    """Serve it on a free port of loopback."""
    world = await open_world(folder)
    for task in world.tasks:
        task.cancel()
    await asyncio.gather(*world.tasks, return_exceptions=True)
    meetings = await open_meetings(world.services)
    app = Starlette(routes=list(meetings.routes()))
    try:
        async with live(app, HttpSettings()) as served:
            yield Node(world, meetings, served.port)
            await meetings.close()
    finally:
        await meetings.close()
