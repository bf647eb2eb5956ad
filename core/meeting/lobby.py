"""The lobbies of a node: who waits before which room, until a host has a word for them or time is over.

A lobby is there before its meeting is and outlives it, because people come early. Whoever waits is told
nothing of the meeting but a yes or a no. Events of a lobby are numbered 0: they are outside a participant's
sequence, which begins with `hello`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.errors import PeerError, UserError
from core.ports import Clock, Rng, Store, Telemetry
from core.tenants.sessions import TOKEN_LIFE, new_token, token_hash
from core.values import JoinToken, Person, Role, Room, UnixMillis
from core.wire.events import Event, Lobby, LobbyAdmitted, LobbyRefused
from core.wire.values import Knocker

WAIT = 600.0
"""Seconds after which nobody has answered. A host who comes late to a meeting comes within these; longer
keeps sockets of people who have long gone to do something else."""
PLACES = 100
"""People who wait before one room. More than a host can look through; each is a socket and a line in the list
that every host is told at each change."""
FULL_RETRY = 30.0
"""Seconds after which somebody who found the lobby full may try again."""
ADMITTED = TOKEN_LIFE
"""Milliseconds in which somebody who was let in must say `hello`: as long as any join token."""

_B32 = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(slots=True, eq=False)
class Knocking:
    """Somebody in a lobby. `same` is what makes two knocks one: an account, or a guest's name and address.
    `until` is monotonic seconds."""

    id: str
    room: Room
    person: Person = field(repr=False)
    same: str = field(repr=False)
    since: UnixMillis
    until: float
    lookalike: bool
    tell: Callable[[Event], None] = field(repr=False)
    hang_up: Callable[[str], None] = field(repr=False)

    def line(self) -> Knocker:
        """As hosts see it."""
        return Knocker(
            knock=self.id,
            name=self.person.name,
            tenant=self.person.tenant,
            role=self.person.role.value,
            since=int(self.since),
            lookalike=self.lookalike,
        )


class Lobbies:
    """Order: `knock`, then `leave`, `admit`, `admit_all`, `refuse`, `expire` or `end`. After each of them the
    room's hosts are told by `changed`."""

    def __init__(
        self, store: Store, clock: Clock, rng: Rng, telemetry: Telemetry, changed: Callable[[str], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._telemetry = telemetry
        self._changed = changed
        self._rooms: dict[str, dict[str, Knocking]] = {}

    def list(self, room: str) -> Lobby:
        """Everybody before this room, longest first."""
        return Lobby(people=[one.line() for one in self._rooms.get(room, {}).values()])

    def waiting(self, room: str) -> int:
        """How many."""
        return len(self._rooms.get(room, {}))

    def knock(
        self,
        room: Room,
        person: Person,
        address: str,
        lookalike: bool,
        tell: Callable[[Event], None],
        hang_up: Callable[[str], None],
    ) -> Knocking:
        """Somebody waits from now on; the same one's earlier socket does not any more. UserError
        `lobby_full`."""
        there = self._rooms.get(room.id, {})
        same = same_as(person, address)
        earlier = next((one for one in there.values() if one.same == same), None)
        if earlier is None and len(there) >= PLACES:
            self._telemetry.count("entente_knocks_total", result="full")
            raise UserError("lobby_full", retry_after=FULL_RETRY)
        now = self._clock.monotonic()
        one = Knocking(
            id=earlier.id if earlier else "k_" + "".join(_B32[self._rng.below(32)] for _ in range(16)),
            room=room,
            person=person,
            same=same,
            since=earlier.since if earlier else self._clock.now(),
            until=now + WAIT,
            lookalike=lookalike,
            tell=tell,
            hang_up=hang_up,
        )
        self._rooms.setdefault(room.id, {})[one.id] = one
        if earlier is not None:
            earlier.hang_up("replaced")
        self._telemetry.count("entente_knocks_total", result="waiting")
        self._changed(room.id)
        return one

    def leave(self, one: Knocking) -> None:
        """Its socket is gone."""
        if self._out(one):
            self._end(one, "left")

    async def admit(self, room: str, knock: str) -> None:
        """Let one in. PeerError `knock_unknown`; StoreError, and it waits on."""
        await self._let_in(self._find(room, knock))

    async def admit_all(self, room: str) -> None:
        """Let everybody in who waits now. A StoreError leaves the rest waiting."""
        for one in list(self._rooms.get(room, {}).values()):
            await self._let_in(one)

    def refuse(self, room: str, knock: str) -> None:
        """Let one not in. PeerError `knock_unknown`."""
        self._send_away(self._find(room, knock), "host")

    def expire(self) -> None:
        """Time is over for whom nobody has answered."""
        now = self._clock.monotonic()
        for one in [one for one in self._everybody() if one.until <= now]:
            self._send_away(one, "timeout")

    def expel(self, uri: str) -> None:
        """This person's certificates were revoked: it waits nowhere any more."""
        for one in [one for one in self._everybody() if one.person.uri == uri]:
            self._send_away(one, "host")

    def end(self, room: str) -> None:
        """A host has ended the meeting, or the room was closed."""
        for one in list(self._rooms.get(room, {}).values()):
            self._send_away(one, "ended")

    async def token(self, room: Room, person: Person) -> LobbyAdmitted:
        """A stored token for somebody who may come in. StoreError."""
        token = new_token(self._rng)
        hashed = token_hash(token)
        assert hashed is not None
        expires = UnixMillis(self._clock.now() + ADMITTED)
        await self._store.of(room.tenant).add_join_token(
            JoinToken(hashed, room.id, person, expires, room.tenant, admitted=True)
        )
        return LobbyAdmitted(token=token)

    async def _let_in(self, one: Knocking) -> None:
        """The token is stored before its owner leaves the lobby: a store that fails leaves all as it was."""
        admitted = await self.token(one.room, one.person)
        if self._out(one):
            one.tell(admitted)
            self._end(one, "admitted")

    def _send_away(self, one: Knocking, reason: str) -> None:
        if self._out(one):
            one.tell(LobbyRefused.model_validate({"reason": reason}))
            one.hang_up("lobby_refused")
            self._end(one, {"host": "refused"}.get(reason, reason))

    def _end(self, one: Knocking, outcome: str) -> None:
        self._telemetry.count("entente_lobby_total", outcome=outcome)
        self._changed(one.room.id)

    def _out(self, one: Knocking) -> bool:
        """Take it out; False when it is not there any more, or another knock has taken its place."""
        there = self._rooms.get(one.room.id, {})
        if there.get(one.id) is not one:
            return False
        del there[one.id]
        if not there:
            del self._rooms[one.room.id]
        return True

    def _find(self, room: str, knock: str) -> Knocking:
        found = self._rooms.get(room, {}).get(knock)
        if found is None:
            raise PeerError("knock_unknown")
        return found

    def _everybody(self) -> Iterator[Knocking]:
        for there in self._rooms.values():
            yield from there.values()


def same_as(person: Person, address: str) -> str:
    """An account is itself wherever it knocks from; a guest is its name at its address, since each of its
    tokens makes another subject."""
    if person.role is not Role.GUEST:
        return person.uri
    return f"{address} {unicodedata.normalize('NFKC', person.name).casefold()}"
