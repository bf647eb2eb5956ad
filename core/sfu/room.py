"""One meeting on one worker: who publishes what, who wants to see what, and the slots that follow from it.

Every change marks the receivers whose slots it may change, and nobody else; `flush` then computes their slots
once and tells the engine only what differs from what it was told before. The node calls it soon after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import MediaQueueFull, PeerError
from core.ports import MediaNode, Rng
from core.sdp.layout import SlotId
from core.sfu.peer import MediaPeer, SlotState
from core.sfu.slots import Track, Wish, allocate, max_layer

CONNECTIONS = 2
"""PeerConnections of one client at once: the old one and the one it moves to (M5.1)."""
DEFAULT_HEIGHT = 360
"""Height assumed before a client has said what is on its screen."""
SENT_KINDS = ("microphone", "camera", "screen", "screen_sound")
"""Sources that go to members; the consent microphone goes to its agent alone (K7.2)."""
EVERY_KIND = (*SENT_KINDS, "consent_microphone")


@dataclass(frozen=True, slots=True)
class Seat:
    """A filled slot as a client is told: a hint for layout (M4.5)."""

    slot: SlotId
    track: Track | None


class RoomOutput(Protocol):
    """What a room says to the meeting."""

    def slots_changed(self, participant: str, seats: Sequence[Seat]) -> None:
        """The whole map of a receiver's slots."""
        ...

    def speakers_changed(self, speakers: Sequence[str], levels: Mapping[str, int]) -> None:
        """The loudest by seniority, and levels (0 loudest to 127) of those above silence."""
        ...

    def must_move(self, participant: str, connection: int, reason: str) -> None:
        """The client must open a connection with this number (M5.1)."""
        ...

    def signing_ended(self, participant: str) -> None:
        """Somebody's leaf or last connection is gone, and with it that they sign (M4.7)."""
        ...


@dataclass(slots=True)
class Attendee:
    """A participant as the room knows it."""

    joined: int
    leaf: int | None = None
    epoch: int | None = None
    connections: dict[int, MediaPeer] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    flowing: dict[str, int] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    held: frozenset[str] = frozenset()
    signing: bool = False
    view: list[Wish] | None = None
    wished: frozenset[Track] = frozenset()
    seats: dict[SlotId, Track] = field(default_factory=dict)
    seated: frozenset[Track] = frozenset()

    def stopped(self, source: str) -> bool:
        """Whether the worker drops this source: by a host's mute, or because the person may not send it."""
        return source in self.muted or source in self.held

    def active(self) -> MediaPeer | None:
        """The newest connected connection, else the newest."""
        connections = self.connections.values()
        return max(connections, key=lambda peer: (peer.connected, peer.number), default=None)

    def may_show(self, track: Track, speaks: bool) -> bool:
        """Whether a change of this track may change this receiver's slots. True too often costs time, false
        too often a picture."""
        if track in self.seated:
            return True
        if track.source == "microphone":
            return speaks or self._hears_less_than_it_could()
        if track.source == "screen_sound":
            return Track(track.participant, "screen") in self.seated
        return self.view is None or track in self.wished

    def _hears_less_than_it_could(self) -> bool:
        peer = self.active()
        places = sum(slot.kind == "audio" for slot in peer.slots) if peer is not None else 0
        return places > sum(slot.kind == "audio" for slot in self.seats)


class SfuRoom:
    """Families: `attend`, `leave`, `set_leaf`, `set_source`, `set_view`, `mute`, `hold` from the meeting;
    `answer`, `close_connection` from a client's media; `handle` from the engine. After any of them `flush` is
    due, which `touched` tells the node."""

    def __init__(
        self,
        room: int,
        worker: int,
        codec: str,
        media: MediaNode,
        rng: Rng,
        output: RoomOutput,
        touched: Callable[[], None],
    ) -> None:
        self.room = room
        self.worker = worker
        self._codec = codec
        self._media = media
        self._rng = rng
        self._output = output
        self._touched = touched
        self._people: dict[str, Attendee] = {}
        self._peers: dict[int, MediaPeer] = {}
        self._speakers: list[str] = []
        self._levels: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._behind = False
        self._ended: list[int] = []
        self._epoch = -1
        media.command(worker, {"add_room": {"room": room}})

    # ---- the meeting --------------------------------------------------------------------------------------

    def attend(self, participant: str) -> None:
        """Somebody is in the meeting."""
        self._people.setdefault(participant, Attendee(joined=len(self._people)))

    def leave(self, participant: str) -> None:
        """Somebody is gone: no packet of theirs is forwarded from here on (K4.6)."""
        person = self._people.pop(participant, None)
        if person is None:
            return
        for peer in person.connections.values():
            self._end(peer)
        if participant in self._speakers:
            self._speakers.remove(participant)
        self._dirty.discard(participant)
        self._concern(participant)

    def set_leaf(self, participant: str, leaf: int | None, epoch: int) -> None:
        """The leaf a participant has since `epoch`; without one its frames are dropped (K5.4)."""
        person = self._people.get(participant)
        if person is None:
            return
        person.leaf, person.epoch = leaf, epoch
        self._epoch = max(self._epoch, epoch)
        for peer in person.connections.values():
            self._command({"set_leaf": {"peer": peer.peer, "leaf": leaf}})
            peer.told.clear()
        if leaf is None:
            self._end_signing(participant, person)
        self._concern(participant)

    def set_source(self, participant: str, source: str, state: str) -> None:
        """What a participant says it publishes. Saying `live` ends a host's mute of it, and nothing that is
        held."""
        person = self._person(participant)
        person.sources[source] = state
        if state == "live" and source in person.muted:
            person.muted.discard(source)
            self._tell_muted(person, source)
        self._concern(participant, source)

    def set_view(self, participant: str, view: Sequence[Wish]) -> None:
        """What is on this participant's screen, most important first."""
        person = self._person(participant)
        person.view, person.wished = list(view), frozenset(wish.track for wish in view)
        self._mark(participant)

    def mute(self, participant: str, source: str) -> None:
        """Forward nothing of this source until its owner says `live` again."""
        person = self._person(participant)
        person.muted.add(source)
        person.sources[source] = "muted"
        self._tell_muted(person, source)
        self._concern(participant, source)

    def hold(self, participant: str, sources: frozenset[str]) -> None:
        """Forward nothing of these sources, whatever their owner says, until another call leaves them out."""
        person = self._person(participant)
        changed, person.held = person.held ^ sources, sources
        for source in sorted(changed):
            self._tell_muted(person, source)
            self._concern(participant, source)

    def set_signing(self, participant: str, on: bool) -> None:
        """Signing counts as speaking (M4.7): the engine gives it a speaker's place as it gives it to a
        voice."""
        person = self._person(participant)
        person.signing = on
        for peer in person.connections.values():
            self._tell_signing(peer, on)

    def _end_signing(self, participant: str, person: Attendee) -> None:
        """Whoever cannot be seen any more does not sign any more."""
        if person.signing:
            self.set_signing(participant, False)
            self._output.signing_ended(participant)

    def _tell_signing(self, peer: MediaPeer, on: bool) -> None:
        self._command({"set_signing": {"peer": peer.peer, "signing": on}})

    def _tell_muted(self, person: Attendee, source: str) -> None:
        muted = person.stopped(source)
        for peer in person.connections.values():
            self._command({"set_muted": {"peer": peer.peer, "source": source, "muted": muted}})

    def _person(self, participant: str) -> Attendee:
        person = self._people.get(participant)
        if person is None:
            raise PeerError("participant_unknown")
        return person

    # ---- a client's media ---------------------------------------------------------------------------------

    def answer(self, participant: str, number: int, sdp: str, new_peer: int) -> str:
        """Answer an offer; `new_peer` is the id a new connection gets. PeerError `sdp_refused`,
        `connection_unknown`."""
        person = self._person(participant)
        known = person.connections.get(number)
        if known is not None:
            answer = known.answer(self.room, sdp, self._codec)
            self._mark(participant)
            return answer
        if person.connections and number <= max(person.connections):
            raise PeerError("connection_unknown", "numbers of connections only grow")
        if len(person.connections) >= CONNECTIONS:
            raise PeerError("connection_unknown", f"close one first: {CONNECTIONS} are open")
        peer = MediaPeer(new_peer, participant, number, self.worker, self._media, self._rng)
        answer = peer.answer(self.room, sdp, self._codec)
        person.connections[number] = peer
        self._peers[new_peer] = peer
        self._command({"set_leaf": {"peer": new_peer, "leaf": person.leaf}})
        for source in sorted(person.muted | person.held):
            self._command({"set_muted": {"peer": new_peer, "source": source, "muted": True}})
        if person.signing:
            self._tell_signing(peer, True)
        self._concern(participant)
        return answer

    def close_connection(self, participant: str, number: int) -> None:
        """The client closed a PeerConnection. PeerError `connection_unknown`."""
        person = self._person(participant)
        peer = person.connections.pop(number, None)
        if peer is None:
            raise PeerError("connection_unknown")
        self._end(peer)
        self._connection_gone(participant, person)

    def _connection_gone(self, participant: str, person: Attendee) -> None:
        if not person.connections:
            self._end_signing(participant, person)
        self._concern(participant)

    def _end(self, peer: MediaPeer) -> None:
        """End a transport session. A worker that is behind is told later: leaving must not fail half way."""
        del self._peers[peer.peer]
        self._ended.append(peer.peer)
        self._tell_ended()

    def _tell_ended(self) -> None:
        """Tried however far the worker is behind: whoever is gone is seen and heard until then."""
        while self._ended and self._try({"remove_peer": {"peer": self._ended[0]}}):
            del self._ended[0]

    # ---- the engine ---------------------------------------------------------------------------------------

    def owns(self, peer: int) -> bool:
        """Whether this peer is of this room."""
        return peer in self._peers

    def handle(self, kind: str, fields: Mapping[str, object]) -> None:
        """An event of the engine about this room."""
        peer = self._peers.get(int(str(fields.get("peer", -1))))
        if kind == "speakers":
            self._speakers = self._names(fields.get("peers"))
            self._all_dirty()
            self._output.speakers_changed(self._speakers, self._levels)
        elif kind == "levels":
            self._levels = self._read_levels(fields.get("levels"))
            self._output.speakers_changed(self._speakers, self._levels)
        elif peer is None:
            return
        elif kind == "connected":
            peer.connected = True
            self._concern(peer.participant)
        elif kind == "lost":
            self._lost(peer, str(fields.get("reason")))
        elif kind == "track":
            self._track(peer, str(fields.get("source")), int(str(fields.get("layers"))))

    def _names(self, peers: object) -> list[str]:
        numbers = peers if isinstance(peers, list) else []
        found = [self._peers[number].participant for number in numbers if number in self._peers]
        return list(dict.fromkeys(found))

    def _read_levels(self, levels: object) -> dict[str, int]:
        pairs = levels if isinstance(levels, list) else []
        return {self._peers[n].participant: int(level) for n, level in pairs if n in self._peers}

    def _lost(self, peer: MediaPeer, reason: str) -> None:
        """After silence the client restarts ICE by itself (M1.7); after anything else it needs a new peer."""
        peer.connected = False
        person = self._people[peer.participant]
        if reason != "timeout":
            del person.connections[peer.number]
            del self._peers[peer.peer]
            self._output.must_move(peer.participant, peer.number + 1, reason)
        self._connection_gone(peer.participant, person)

    def _track(self, peer: MediaPeer, source: str, layers: int) -> None:
        person = self._people[peer.participant]
        if person.active() is peer and person.flowing.get(source) != layers:
            person.flowing[source] = layers
            self._concern(peer.participant, source)

    # ---- slots --------------------------------------------------------------------------------------------

    def _all_dirty(self) -> None:
        self._dirty.update(self._people)
        self._touched()

    def _mark(self, participant: str) -> None:
        self._dirty.add(participant)
        self._touched()

    def _concern(self, participant: str, *sources: str) -> None:
        """Something changed of a publisher: of these sources, or of all and of its own slots as well."""
        if not sources:
            self._dirty.add(participant)
        tracks = [Track(participant, source) for source in sources or SENT_KINDS]
        speaks = participant in self._speakers
        for receiver, person in self._people.items():
            if receiver != participant and any(person.may_show(track, speaks) for track in tracks):
                self._dirty.add(receiver)
        self._touched()

    def flush(self) -> None:
        """Compute the slots of every receiver that something touched; of none while the worker is behind."""
        if self._behind or not self._dirty:
            return
        dirty, self._dirty = self._dirty, set()
        live = self._live()
        for participant in sorted(dirty):
            person = self._people.get(participant)
            peer = person.active() if person else None
            if person is not None and peer is not None and person.leaf is not None:
                self._seat(participant, person, peer, live)

    def catch_up(self) -> None:
        """The worker lives: if it was behind, tell it everything again, until it is so once more. Due with
        its statistics, once a second: trying at each change would only keep it busy."""
        if self._behind:
            self.resynchronise()

    def resynchronise(self) -> None:
        """The engine lost events: tell it everything again."""
        self._tell_again()
        self.flush()

    def _tell_again(self) -> None:
        self._behind = False
        # The worker may be a new one that knows no room (M1.6), or have missed anything since.
        self._command({"add_room": {"room": self.room}})
        self._tell_ended()
        for person in self._people.values():
            for peer in person.connections.values():
                peer.told.clear()
                self._command({"set_leaf": {"peer": peer.peer, "leaf": person.leaf}})
                self._tell_signing(peer, person.signing)
            for source in EVERY_KIND:
                self._tell_muted(person, source)
        self._all_dirty()

    def _live(self) -> list[Track]:
        """Tracks of members: those said to be live and those that flow."""
        return [
            Track(participant, source)
            for participant, person in self._people.items()
            if person.leaf is not None and person.connections
            for source in SENT_KINDS
            if source not in person.held
            and (
                person.sources.get(source) == "live"
                or (person.flowing.get(source) and person.sources.get(source) != "off")
            )
        ]

    def _seat(self, participant: str, person: Attendee, peer: MediaPeer, live: Sequence[Track]) -> None:
        others = [track for track in live if track.participant != participant]
        view = person.view if person.view is not None else self._default_view(others)
        speakers = [speaker for speaker in self._speakers if speaker != participant]
        seats = allocate(person.seats, peer.slots, speakers, view, others)
        heights = {wish.track: wish.height for wish in reversed(view)}
        changes = []
        for slot in peer.slots:
            state = self._state(seats.get(slot), heights)
            if peer.told.get(slot, SlotState()) != state:
                changes.append(self._change(slot, state, person))
                peer.told[slot] = state
        if changes:
            self._command({"set_slots": {"peer": peer.peer, "slots": changes}})
        if seats != person.seats:
            person.seats, person.seated = seats, frozenset(seats.values())
            self._output.slots_changed(participant, [Seat(slot, seats.get(slot)) for slot in peer.slots])

    def _state(self, track: Track | None, heights: Mapping[Track, int]) -> SlotState:
        publisher = self._people[track.participant].active() if track else None
        if track is None or publisher is None:
            return SlotState()
        height = heights.get(track, DEFAULT_HEIGHT)
        return SlotState(publisher.peer, track.source, max_layer(track.source, height))

    def _change(self, slot: SlotId, state: SlotState, person: Attendee) -> dict[str, object]:
        track = None if state.peer is None else {"peer": state.peer, "source": state.source}
        # Only who has just joined waits for frames of its first epoch (M4.4); for others it is long past.
        joining = track is not None and person.epoch == self._epoch
        awaited = self._epoch % 256 if joining else None
        return {
            "kind": slot.kind,
            "index": slot.index,
            "track": track,
            "max_layer": state.max_layer,
            "await_epoch": awaited,
        }

    def _default_view(self, live: Sequence[Track]) -> list[Wish]:
        """Speakers first, then by time of joining, every screen in full."""

        def rank(track: Track) -> tuple[int, int]:
            talks = track.participant in self._speakers
            place = self._speakers.index(track.participant) if talks else len(self._speakers)
            return place, self._people[track.participant].joined

        pictures = sorted((t for t in live if t.source in ("camera", "screen")), key=rank)
        heights = {"camera": DEFAULT_HEIGHT, "screen": 1_080}
        return [Wish(track, heights[track.source]) for track in pictures]

    def close(self) -> bool:
        """The meeting is over. False when the worker is behind: call again. With a room go its peers."""
        for participant in list(self._people):
            self.leave(participant)
        return self._try({"remove_room": {"room": self.room}})

    def _command(self, command: dict[str, object]) -> bool:
        """Tell the worker; one that is behind is told everything again by `catch_up`, and nothing before."""
        return not self._behind and self._try(command)

    def _try(self, command: dict[str, object]) -> bool:
        try:
            self._media.command(self.worker, command)
        except MediaQueueFull:
            self._behind = True
            return False
        return True
