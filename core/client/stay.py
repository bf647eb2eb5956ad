"""One stay at the node: a join token, a socket (resumed when lost), a leaf, and media on however many
connections. When it cannot go on, the participant makes another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from typing import Protocol, Self
from urllib.parse import urlsplit

from core._native import e2ee
from core.client.errors import ClientError, JoinRefused, RequestRefused, SocketLost
from core.client.events import (
    Alarm,
    ClientEvent,
    Ended,
    HandLowered,
    LobbyChanged,
    PersonLeft,
    Roster,
    RulesSet,
    StateChanged,
    Stopped,
)
from core.client.feed import Feed
from core.client.frames import FrameOpener, OpenedFrame
from core.client.http import Door
from core.client.media import ArrivedFrame
from core.client.membership import Membership
from core.client.session import MediaSession
from core.client.socket import KEEPALIVE_S, Socket
from core.ports import Clock
from core.wire import events as wire
from core.wire import requests
from core.wire.requests import Empty, HelloReply, KnockReply, Request
from core.wire.values import ClientInfo, Person

NAME = "entente headless"
VERSION = "0.1.0"


OVERTAKEN = frozenset({"attempt_unknown"})
"""Refusals that blame nobody: while our commit was on its way the hub went on to another attempt (K4.4)."""


class StayPorts(Protocol):
    """What a stay tells the participant."""

    def tell(self, event: ClientEvent) -> None:
        """Something happened."""
        ...

    def opened(self, frames: Iterator[OpenedFrame]) -> None:
        """Frames were opened."""
        ...

    async def listed(self, people: list[Person]) -> None:
        """The node's list of people and what they send."""
        ...

    def flowing(self) -> None:
        """`flows` has become true."""
        ...


class Stay:
    """Order: `open`, `begin`, then requests; `over` says when and why it cannot go on; `close` at the end.

    It implements `MediaPorts`.
    """

    def __init__(
        self,
        socket: Socket,
        hello: HelloReply,
        clock: Clock,
        feeds: Mapping[str, Feed],
        ports: StayPorts,
        loopback: bool,
    ) -> None:
        self.id = hello.participant
        self.joined = False
        self.has_flowed = False
        """Whether the group's epoch was ever reached with media connected: the stay was worth something."""
        self.membership = Membership(hello)
        self.opener = FrameOpener(lambda: self.membership.member, lambda: self.membership.roster)
        self.media = MediaSession(clock, feeds, self, loopback)
        self._socket = socket
        self._hello = hello
        self._clock = clock
        self._feeds = feeds
        self._ports = ports
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, door: Door, clock: Clock, feeds: Mapping[str, Feed], ports: StayPorts) -> Self:
        """Comes in, through the lobby where there is no other way; the leaf is not made yet. JoinRefused,
        RequestRefused, SocketLost, NodeUnreachable."""
        admission = await door.ask()
        socket = Socket(admission.socket, clock)
        try:
            await socket.open()
            who = ClientInfo(name=NAME, version=VERSION)
            token = admission.token
            if admission.lobby:
                token = await cls._wait(socket, token, who, clock, ports)
            hello = await socket.request(requests.Hello(id=0, token=token, client=who), HelloReply)
        except BaseException:
            await socket.close()
            raise
        loopback = urlsplit(door.base).hostname in ("127.0.0.1", "localhost", "::1")
        return cls(socket, hello, clock, feeds, ports, loopback)

    @staticmethod
    async def _wait(socket: Socket, token: str, who: ClientInfo, clock: Clock, ports: StayPorts) -> str:
        """Knocks, and waits for a host's word: the token to come in with. JoinRefused `lobby_host`,
        `lobby_timeout` or `lobby_ended` when it was a no."""
        await socket.request(requests.Knock(id=0, token=token, client=who), KnockReply)
        ports.tell(StateChanged("lobby"))
        alive = asyncio.create_task(_stay_alive(socket, clock), name="entente lobby")
        try:
            async for event in socket.events():
                if isinstance(event, wire.LobbyAdmitted):
                    return event.token
                if isinstance(event, wire.LobbyRefused):
                    raise JoinRefused(f"lobby_{event.reason}", "not let in")
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
        raise SocketLost("lost in the lobby")

    @property
    def flows(self) -> bool:
        """Whether the group's epoch is reached and media is connected."""
        return self.joined and self.media.up

    async def begin(self) -> None:
        """Certifies a leaf, offers media, and follows what happens from now on."""
        hello = self._hello
        self._socket.allow_resume(hello.participant, hello.resume_seconds, self.membership.sign_resume)
        self._spawn(self._follow(), "entente events")
        self._spawn(self._keep_alive(), "entente keepalive")
        await self._certify(hello.nonce)
        await self.media.start()

    async def over(self) -> str:
        """Returns with the reason once it cannot go on: `removed: …`, what the node gave for the meeting's
        end, `media_failed`, or why the socket is gone for good.
        """
        return await asyncio.shield(self._over)

    async def do(self, request: Request) -> None:
        """A request whose reply says nothing but: done. RequestRefused, SocketLost."""
        await self._socket.request(request, Empty)

    async def drop_socket(self) -> None:
        """Cuts the socket as a network would."""
        await self._socket.drop()

    async def close(self) -> None:
        """Frees everything. Whoever leaves has said so before."""
        self._end("left")
        await self.media.close()
        await self._socket.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- media (MediaPorts) -------------------------------------------------------------------------------

    async def offer(self, connection: int, sdp: str) -> str:
        """The node's answer."""
        asked = requests.MediaOffer(id=0, connection=connection, sdp=sdp)
        return (await self._socket.request(asked, requests.MediaOfferReply)).sdp

    async def closed(self, connection: int) -> None:
        """Tells the node, which may have noticed already."""
        try:
            await self.do(requests.MediaClose(id=0, connection=connection))
        except (RequestRefused, SocketLost):
            pass

    def arrived(self, frame: ArrivedFrame) -> None:
        """Opens a frame out of a slot."""
        opened = self.opener.open(frame.slot, frame.codec, frame.timestamp, frame.wire, self._clock.now())
        if opened is not None:
            self._ports.opened(iter((opened,)))

    def media_up(self) -> None:
        """The current connection is up."""
        self._look()

    def media_lost(self) -> None:
        """Nothing connects any more."""
        self._end("media_failed")

    # ---- the socket ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self.flows:
            self.has_flowed = True
            self._ports.flowing()

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    async def _certify(self, nonce: bytes) -> None:
        reply = await self._socket.request(self.membership.certify(nonce), requests.CertifyReply)
        await self.do(self.membership.certified(reply.chain, self._clock.now()))

    async def _follow(self) -> None:
        """The one place where events of the socket are worked on, in order."""
        async for event in self._socket.events():
            try:
                await self._work(event)
            except (RequestRefused, SocketLost, e2ee.E2eeError) as trouble:
                code = getattr(trouble, "code", "socket_lost")
                if code not in OVERTAKEN:
                    self._ports.tell(Alarm(code, str(trouble)))
        self._end(self._socket.ended or "lost")

    async def _work(self, event: wire.Event) -> None:
        match event:
            case wire.Participants():
                await self._ports.listed(event.people)
            case wire.GroupRejoin():
                self.opener.forget()
                await self._certify(event.nonce)
            case wire.Removed():
                self._end(f"removed: {event.reason}")
            case wire.Ended():
                self._end(event.reason)
            case wire.MediaMove():
                self._spawn(self._move(event.connection), "entente move")
        self._heard(event)
        now = self._clock.now()
        outputs = self.membership.handle(event, now)
        if isinstance(event, wire.GroupRevocation):
            self.opener.revoked(now)  # the very time that the member counts from
        for output in outputs:
            await self._put_out(output)

    def _heard(self, event: wire.Event) -> None:
        """What a host has said."""
        match event:
            case wire.Muted():
                if event.source in self._feeds:
                    self._feeds[event.source].stop()
                self._ports.tell(Stopped(event.source, event.held))
            case wire.Lobby():
                self._ports.tell(LobbyChanged(tuple(event.people)))
            case wire.RulesChanged():
                self._ports.tell(RulesSet(event.rules))
            case wire.HandLowered():
                self._ports.tell(HandLowered())

    async def _move(self, connection: int) -> None:
        """M5.1, beside the events: a connection takes seconds, and commits must not wait for it."""
        try:
            await self.media.move(connection)
        except ClientError:
            self.media_lost()

    async def _put_out(self, output: Request | ClientEvent) -> None:
        if isinstance(output, requests.GroupCreated):
            reply = await self._socket.request(output, requests.GroupCreatedReply)
            for more in self.membership.created(reply.entry, self._clock.now()):
                await self._put_out(more)
        elif isinstance(output, Request):
            await self.do(output)
        elif isinstance(output, Ended):
            self._end(output.reason)
        else:
            self._news(output)

    def _news(self, event: ClientEvent) -> None:
        if isinstance(event, PersonLeft):
            self._ports.opened(self.opener.retry({event.member.leaf}, self._clock.now()))
        if isinstance(event, Roster):
            self._ports.opened(self.opener.retry(set(), self._clock.now()))
            if not self.joined:
                self.joined = True
                self._ports.tell(StateChanged("connected"))
                self._look()
        self._ports.tell(event)

    async def _keep_alive(self) -> None:
        while True:
            await self._clock.sleep(KEEPALIVE_S)
            try:
                await self._socket.ping()
            except ClientError:
                self._ports.tell(StateChanged("reconnecting"))


async def _stay_alive(socket: Socket, clock: Clock) -> None:
    """Whoever waits in a lobby says nothing, and would count as gone."""
    while True:
        await clock.sleep(KEEPALIVE_S)
        try:
            await socket.ping()
        except ClientError:
            return
