"""A headless participant as a whole: joins a room by its link, sends, receives, chats, and leaves.

Outputs are read, never called back: `events` for what happens, `frames` for opened media. Both queues are
bounded; when nobody reads `frames`, the oldest are dropped and counted. When the node restarts or forgets us,
we come in anew as a fresh leaf, by ourselves, and go on sending what was sent.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Final, Literal, Self

from core._native import e2ee
from core.client.clock import SystemClock
from core.client.errors import ClientError, JoinRefused, RequestRefused, SocketLost
from core.client.events import Alarm, ClientEvent, Ended, LobbyChanged, Member, StateChanged
from core.client.feed import Feed
from core.client.frames import FrameSealer, OpenedFrame
from core.client.host import Host
from core.client.http import Door, Login, split_link
from core.client.media import SENT
from core.client.patience import Patience
from core.client.sources import Source
from core.client.stay import Stay
from core.ports import Clock
from core.wire import requests
from core.wire.requests import Request
from core.wire.values import Knocker, Person, Tile

log = logging.getLogger(__name__)

FRAME_QUEUE = 2_048
"""Opened frames that may wait for their reader: some seconds of a meeting. A bot that only talks never
reads them.
"""

TILE_HEIGHT = 360
"""Height asked for each picture while nobody chose by `watch`: the middle layer of a browser's camera."""

COMES_BACK: Final = frozenset({"restarting", "resume_expired", "media_failed"})
"""Ends of a stay after which another is tried: the node is there or will be, and did not send us away."""

WAITED_FOR: Final = frozenset({"internal", "unavailable", "rate_limited", "media_unavailable"})
"""Refusals of a join that a later attempt may mend."""

Kind = Literal["microphone", "camera", "screen", "screen_sound"]


class Participant:
    """Made by `join`. Use it as an asynchronous context, or call `leave`."""

    def __init__(self, door: Door, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._stay: Stay | None = None
        self._feeds = {source: self._feed(source, kind) for source, kind in SENT}
        self._events: asyncio.Queue[ClientEvent | None] = asyncio.Queue()
        self._frames: asyncio.Queue[OpenedFrame | None] = asyncio.Queue(FRAME_QUEUE)
        self._drops: Counter[str] = Counter()
        self._life: asyncio.Task[None] | None = None
        self._chosen: list[Tile] | None = None
        self._watched: list[Tile] = []
        self._turned = asyncio.Event()
        self._patience = Patience(self._clock)
        self.people: list[Person] = []
        self.lobby: tuple[Knocker, ...] = ()
        """Who waits, if we are a host."""
        self.host = Host(self._do)
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
        pin: str | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Joins the room behind a link as `person` (tenant, subject) of the development login, with an
        existing `login`, or as a guest, with the room's PIN. Returns at once, but where a host must let us in
        only after that, ten minutes at most; `ready` waits until media may flow. JoinRefused (`lobby_…` when
        we were not let in), RequestRefused, SocketLost, NodeUnreachable.
        """
        base, slug = split_link(link)
        participant = cls(Door(base, slug, person, guest_name, login, pin), clock or SystemClock())
        try:
            await participant._come_in()
        except BaseException:
            await participant.leave()
            raise
        participant._life = asyncio.create_task(participant._live(), name="entente participant")
        return participant

    @property
    def id(self) -> str:
        """The participant's opaque id: another one after it came in anew."""
        return self._stay.id if self._stay else ""

    @property
    def roster(self) -> dict[int, Member]:
        """Members by leaf, from the tree."""
        return self._stay.membership.roster if self._stay else {}

    @property
    def member(self) -> e2ee.Member | None:
        """The native member, for probes and tests."""
        return self._stay.membership.member if self._stay else None

    @property
    def epoch(self) -> int | None:
        """The current epoch; None before the first."""
        member = self.member
        return None if member is None else member.epoch

    @property
    def code(self) -> str | None:
        """30 digits to compare aloud (K6.3)."""
        member = self.member
        return None if member is None else member.code()

    @property
    def drops(self) -> Counter[str]:
        """Frames that were not sent or not handed on, by reason, over all sources and slots."""
        opener = self._stay.opener.drops if self._stay else Counter[str]()
        return sum((feed.sealer.drops for feed in self._feeds.values()), self._drops + opener)

    @property
    def sent(self) -> dict[str, int]:
        """Frames sent, by source."""
        return {name: feed.sent for name, feed in self._feeds.items() if feed.sent}

    async def ready(self, timeout_s: float = 20) -> None:
        """Returns once the group's epoch is reached and media is connected. TimeoutError; SocketLost."""
        async with asyncio.timeout(timeout_s):
            while self.ended is None and not (self._stay and self._stay.flows):
                self._turned.clear()
                await self._turned.wait()
        if self.ended is not None:
            raise SocketLost(f"ended before it began: {self.ended}")

    async def publish(self, kind: Kind, source: Source) -> None:
        """Sends a source, in place of what was sent as this kind before. RequestRefused `rule_refused` when
        the room's rules do not allow it."""
        wanted = "opus" if kind in ("microphone", "screen_sound") else "vp8"
        if source.codec != wanted:
            raise ValueError(f"{kind} takes {wanted}, not {source.codec}")
        self._feeds[kind].start(source)
        try:
            await self._do(requests.SetSource(id=0, source=kind, state="live"))
        except RequestRefused:
            self._feeds[kind].stop()
            raise

    async def unpublish(self, kind: Kind) -> None:
        """Sends nothing of this kind any more."""
        self._feeds[kind].stop()
        await self._do(requests.SetSource(id=0, source=kind, state="off"))

    async def send_chat(self, text: str) -> None:
        """Sends a chat message; encrypts again when an epoch overtook it (K6.1)."""
        await self._say({"t": "chat", "id": secrets.token_urlsafe(9), "text": text})

    async def watch(self, tiles: list[Tile]) -> None:
        """Asks for these pictures, most important first, instead of for everybody's. Participants that come
        in anew have other ids: choose again then.
        """
        self._chosen = tiles
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
        await self._here().drop_socket()

    async def leave(self) -> None:
        """Leaves, and frees everything. Safe to call twice."""
        if self.ended is None:
            self._finish("left")
            try:
                await self._do(requests.Leave(id=0))
            except (SocketLost, RequestRefused):
                pass  # gone already; the node finds out by itself
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        await self._go_out()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    # ---- stays (StayPorts) --------------------------------------------------------------------------------

    def tell(self, event: ClientEvent) -> None:
        """Something happened."""
        if self.ended is not None:
            return
        if isinstance(event, Alarm):
            self.alarms.append(event)
        if isinstance(event, LobbyChanged):
            self.lobby = event.people
        self._events.put_nowait(event)

    def opened(self, frames: Iterator[OpenedFrame]) -> None:
        """Frames were opened."""
        for frame in frames:
            if self.ended is not None:
                return
            if self._frames.full():
                self._frames.get_nowait()
                self._drops["unread"] += 1
            self._frames.put_nowait(frame)

    async def listed(self, people: list[Person]) -> None:
        """The node's list of people: while nobody chose by `watch`, everybody's pictures are asked for."""
        self.people = people
        if self._chosen is not None:
            return
        tiles = [
            Tile(participant=person.participant, source=source, height=TILE_HEIGHT)
            for person in people
            if person.participant != self.id
            for source in ("screen", "camera")
            if person.sources.get(source) == "live"
        ][:64]  # fmt: skip
        if tiles != self._watched:
            self._watched = tiles
            await self._do(requests.SetView(id=0, tiles=tiles))

    def flowing(self) -> None:
        """The present stay is in its epoch, and its media is connected."""
        self._turned.set()

    async def _come_in(self) -> None:
        """A stay from its token to its offer, with everything that was sent before another ended."""
        self.tell(StateChanged("connecting"))
        self._stay = await Stay.open(self._door, self._clock, self._feeds, self)
        self._watched = []
        await self._stay.begin()
        for kind, feed in self._feeds.items():
            if feed.source is not None:
                await self._send_again(kind, feed)
        if self._chosen is not None:
            await self._do(requests.SetView(id=0, tiles=self._chosen))
        if not self._stay.joined:
            self.tell(StateChanged("waiting"))

    async def _send_again(self, kind: str, feed: Feed) -> None:
        """What was sent before; the rules may have become others meanwhile."""
        try:
            asked = {"id": 0, "source": kind, "state": "live"}
            await self._do(requests.SetSource.model_validate(asked))
        except RequestRefused as refusal:
            if refusal.code != "rule_refused":
                raise
            feed.stop()

    async def _go_out(self) -> None:
        stay, self._stay = self._stay, None
        if stay is not None:
            self._drops += stay.opener.drops
            await stay.close()

    async def _live(self) -> None:
        """The participant's one task; whoever waits for it learns of its end, whatever it was."""
        try:
            await self._stay_on()
        except Exception:
            log.exception("a headless participant broke")
            self._finish("internal")

    async def _stay_on(self) -> None:
        """One stay after another, until one ends for good or none can be made any more."""
        while self._stay is not None:
            reason = await self._stay.over()
            if self._stay.has_flowed:
                self._patience.renew()
            await self._go_out()
            if reason not in COMES_BACK or not await self._return():
                self._finish(reason if reason not in COMES_BACK else "lost")

    async def _return(self) -> bool:
        """Comes in anew; False when the node refuses for good, or time is over."""
        self.tell(StateChanged("reconnecting"))
        while await self._patience.another():
            try:
                await self._come_in()
            except (JoinRefused, RequestRefused) as refusal:
                await self._go_out()
                if refusal.code not in WAITED_FOR:
                    self.tell(Alarm(refusal.code, "on coming in anew"))
                    return False
                self._patience.at_least(refusal.retry_after or 0)
            except (ClientError, e2ee.E2eeError):
                await self._go_out()
            else:
                return True
        return False

    # ---- small things -------------------------------------------------------------------------------------

    def _feed(self, source: str, kind: str) -> Feed:
        codec: e2ee.Codec = "opus" if kind == "audio" else "vp8"
        sealer = FrameSealer(source, codec, lambda: self.member)  # type: ignore[arg-type]
        return Feed(kind, sealer, self._clock)

    def _here(self) -> Stay:
        if self._stay is None:
            raise SocketLost("between two stays")
        return self._stay

    async def _do(self, request: Request) -> None:
        await self._here().do(request)

    async def _say(self, content: dict[str, Any]) -> None:
        for last in (False, False, True):
            request = self._here().membership.say(content, self._clock.now())
            try:
                await self._do(request)
            except RequestRefused as refusal:
                if last or refusal.code != "stale_epoch":
                    raise
            else:
                return

    def _finish(self, reason: str) -> None:
        if self.ended is not None:
            return
        self.tell(Ended(reason))
        self.ended = reason
        self._turned.set()
        for feed in self._feeds.values():
            feed.stop()
        self._events.put_nowait(None)
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)
