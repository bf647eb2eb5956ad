"""A headless participant as a whole: joins a room by its link, sends, receives, chats, and leaves.

Outputs are read, never called back: `events` for what happens, `frames` for opened media. Both queues are
bounded; when nobody reads `frames`, the oldest are dropped and counted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from core._native import e2ee
from core.client.clock import SystemClock
from core.client.errors import ClientError, RequestRefused, SocketLost
from core.client.events import Alarm, ClientEvent, Ended, Member, PersonLeft, Roster, StateChanged
from core.client.frames import FrameOpener, OpenedFrame
from core.client.http import Login, join_room, open_login, split_link
from core.client.media import ArrivedFrame, MediaConnection
from core.client.membership import Membership
from core.client.socket import KEEPALIVE_S, Socket
from core.client.sources import Source
from core.ports import Clock
from core.wire import events as wire
from core.wire import requests
from core.wire.requests import Empty, HelloReply, Request
from core.wire.values import ClientInfo, Person, Tile

NAME = "entente headless"
VERSION = "0.1.0"
FRAME_QUEUE = 2_048
"""Opened frames that may wait for their reader: some seconds of a meeting. A bot that only talks never
reads them.
"""

TILE_HEIGHT = 360
"""Height asked for each picture by `watch_all`: the middle layer of a browser's camera."""

Kind = Literal["microphone", "camera", "screen", "screen_sound"]


class Participant:
    """Made by `join`. Use it as an asynchronous context, or call `leave`."""

    def __init__(self, socket: Socket, hello: HelloReply, clock: Clock, loopback: bool) -> None:
        self._socket = socket
        self._hello = hello
        self._clock = clock
        self._membership = Membership(hello)
        self._opener = FrameOpener(lambda: self._membership.member, lambda: self._membership.roster)
        self._media = MediaConnection(clock, lambda: self._membership.member, self._arrived, loopback)
        self._events: asyncio.Queue[ClientEvent | None] = asyncio.Queue()
        self._frames: asyncio.Queue[OpenedFrame | None] = asyncio.Queue(FRAME_QUEUE)
        self._joined = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._watching = True
        self._watched: list[Tile] = []
        self.people: list[Person] = []
        self.alarms: list[Alarm] = []
        self.ended: str | None = None

    @classmethod
    async def join(
        cls,
        link: str,
        *,
        person: tuple[str, str] | None = None,
        guest_name: str | None = None,
        login: Login | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Joins the room behind a link as `person` (tenant, subject) of the development login, with an
        existing `login`, or as a guest. Returns at once; `ready` waits until media may flow. JoinRefused,
        RequestRefused.
        """
        base, slug = split_link(link)
        if login is None:
            login = await open_login(base, *person) if person else Login(base, None)
        admission = await join_room(login, slug, guest_name)
        clock = clock or SystemClock()
        socket = Socket(admission.socket, clock)
        await socket.open()
        who = ClientInfo(name=NAME, version=VERSION)
        hello = await socket.request(requests.Hello(id=0, token=admission.token, client=who), HelloReply)
        loopback = urlsplit(base).hostname in ("127.0.0.1", "localhost", "::1")
        participant = cls(socket, hello, clock, loopback)
        await participant._start()
        return participant

    @property
    def id(self) -> str:
        """The participant's opaque id."""
        return self._hello.participant

    @property
    def roster(self) -> dict[int, Member]:
        """Members by leaf, from the tree."""
        return self._membership.roster

    @property
    def member(self) -> e2ee.Member | None:
        """The native member, for probes and tests."""
        return self._membership.member

    @property
    def epoch(self) -> int | None:
        """The current epoch; None before the first."""
        member = self._membership.member
        return None if member is None else member.epoch

    @property
    def code(self) -> str | None:
        """30 digits to compare aloud (K6.3)."""
        member = self._membership.member
        return None if member is None else member.code()

    @property
    def drops(self) -> Counter[str]:
        """Frames that were not sent or not handed on, by reason, over all sources and slots."""
        return sum((sealer.drops for sealer in self._media.sealers.values()), Counter(self._opener.drops))

    @property
    def sent(self) -> dict[str, int]:
        """Frames sent, by source."""
        return {name: feed.sent for name, feed in self._media.feeds.items() if feed.sent}

    async def ready(self, timeout_s: float = 20) -> None:
        """Returns once the group's epoch is reached and media is connected. TimeoutError; SocketLost."""
        async with asyncio.timeout(timeout_s):
            await self._joined.wait()
            if self.ended is None:
                await self._media.connected()
        if self.ended is not None:
            raise SocketLost(f"ended before it began: {self.ended}")

    async def publish(self, kind: Kind, source: Source) -> None:
        """Sends a source, in place of what was sent as this kind before."""
        wanted = "opus" if kind in ("microphone", "screen_sound") else "vp8"
        if source.codec != wanted:
            raise ValueError(f"{kind} takes {wanted}, not {source.codec}")
        self._media.feeds[kind].start(source)
        await self._do(requests.SetSource(id=0, source=kind, state="live"))

    async def unpublish(self, kind: Kind) -> None:
        """Sends nothing of this kind any more."""
        self._media.feeds[kind].stop()
        await self._do(requests.SetSource(id=0, source=kind, state="off"))

    async def send_chat(self, text: str) -> None:
        """Sends a chat message; encrypts again when an epoch overtook it (K6.1)."""
        await self._say({"t": "chat", "id": secrets.token_urlsafe(9), "text": text})

    async def watch(self, tiles: list[Tile]) -> None:
        """Asks for these pictures, most important first, instead of for everybody's."""
        self._watching = False
        await self._do(requests.SetView(id=0, tiles=tiles))

    async def events(self) -> AsyncIterator[ClientEvent]:
        """What happens, until it has ended."""
        while (event := await self._events.get()) is not None:
            yield event

    async def frames(self) -> AsyncIterator[OpenedFrame]:
        """Opened frames of everybody in the slots, until it has ended."""
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def drop_socket(self) -> None:
        """Cuts the socket as a network would; it is resumed, and media goes on."""
        await self._socket.drop()

    async def leave(self) -> None:
        """Leaves, and frees everything. Safe to call twice."""
        if self.ended is None:
            self._finish("left")
            # The node may close before its reply is read; that is no loss to recover from.
            self._socket.forbid_resume()
            try:
                await self._do(requests.Leave(id=0))
            except (SocketLost, RequestRefused):
                pass  # gone already; the node finds out by itself
        await self._media.close()
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def _start(self) -> None:
        hello = self._hello
        self._tell(StateChanged("connecting"))
        self._socket.allow_resume(hello.participant, hello.resume_seconds, self._membership.sign_resume)
        self._tasks.append(asyncio.create_task(self._follow(), name="entente events"))
        self._tasks.append(asyncio.create_task(self._keep_alive(), name="entente keepalive"))
        try:
            await self._certify(hello.nonce)
            await self._media.open(self._exchange)
        except BaseException:
            await self.leave()
            raise
        self._tell(StateChanged("waiting"))

    async def _certify(self, nonce: bytes) -> None:
        reply = await self._socket.request(self._membership.certify(nonce), requests.CertifyReply)
        await self._do(self._membership.certified(reply.chain, self._clock.now()))

    async def _exchange(self, offer: str) -> str:
        asked = requests.MediaOffer(id=0, connection=0, sdp=offer)
        return (await self._socket.request(asked, requests.MediaOfferReply)).sdp

    async def _follow(self) -> None:
        """The one place where events of the socket are worked on, in order."""
        async for event in self._socket.events():
            try:
                await self._work(event)
            except (RequestRefused, SocketLost, e2ee.E2eeError) as trouble:
                self._alarm(Alarm(getattr(trouble, "code", "socket_lost"), str(trouble)))
        self._finish("lost")

    async def _work(self, event: wire.Event) -> None:
        match event:
            case wire.Participants():
                self.people = event.people
                await self._watch_all()
            case wire.GroupRejoin():
                self._opener.forget()
                await self._certify(event.nonce)
            case wire.Removed():
                self._finish(f"removed: {event.reason}")
            case wire.Ended():
                self._finish(event.reason)
            case wire.Muted():
                self._media.feeds[event.source].stop()
        for output in self._membership.handle(event, self._clock.now()):
            await self._put_out(output)

    async def _put_out(self, output: Request | ClientEvent) -> None:
        if isinstance(output, requests.GroupCreated):
            reply = await self._socket.request(output, requests.GroupCreatedReply)
            for more in self._membership.created(reply.entry, self._clock.now()):
                await self._put_out(more)
        elif isinstance(output, Request):
            await self._do(output)
        elif isinstance(output, Alarm):
            self._alarm(output)
        elif isinstance(output, Ended):
            self._finish(output.reason)
        else:
            self._news(output)

    def _news(self, event: ClientEvent) -> None:
        if isinstance(event, PersonLeft):
            self._opened(self._opener.retry({event.member.leaf}, self._clock.now()))
        if isinstance(event, Roster):
            self._opened(self._opener.retry(set(), self._clock.now()))
            if not self._joined.is_set():
                self._joined.set()
                self._tell(StateChanged("connected"))
        self._tell(event)

    async def _watch_all(self) -> None:
        """Asks for everybody's pictures while nobody chose by `watch`."""
        if not self._watching:
            return
        tiles = [
            Tile(participant=person.participant, source=source, height=TILE_HEIGHT)
            for person in self.people
            if person.participant != self.id
            for source in ("screen", "camera")
            if person.sources.get(source) == "live"
        ][:64]  # fmt: skip
        if tiles != self._watched:
            self._watched = tiles
            await self._do(requests.SetView(id=0, tiles=tiles))

    async def _say(self, content: dict[str, Any]) -> None:
        for last in (False, False, True):
            request = self._membership.say(content, self._clock.now())
            try:
                await self._do(request)
            except RequestRefused as refusal:
                if last or refusal.code != "stale_epoch":
                    raise
            else:
                return

    async def _do(self, request: Request) -> None:
        await self._socket.request(request, Empty)

    async def _keep_alive(self) -> None:
        while True:
            await self._clock.sleep(KEEPALIVE_S)
            try:
                await self._socket.ping()
            except ClientError:
                self._tell(StateChanged("reconnecting"))

    def _arrived(self, frame: ArrivedFrame) -> None:
        opened = self._opener.open(frame.slot, frame.codec, frame.timestamp, frame.wire, self._clock.now())
        if opened is not None:
            self._opened(iter((opened,)))

    def _opened(self, frames: Any) -> None:
        for frame in frames:
            if self._frames.full():
                self._frames.get_nowait()
                self._opener.drops["unread"] += 1
            self._frames.put_nowait(frame)

    def _tell(self, event: ClientEvent) -> None:
        self._events.put_nowait(event)

    def _alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)
        self._tell(alarm)

    def _finish(self, reason: str) -> None:
        if self.ended is not None:
            return
        self.ended = reason
        self._joined.set()
        for feed in self._media.feeds.values():
            feed.stop()
        self._tell(Ended(reason))
        self._events.put_nowait(None)
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)
