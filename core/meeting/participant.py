"""One participant: who it is, what it has proven, what it publishes, and its sequence of events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import WireError
from core.meeting.stream import EventStream
from core.values import Person, RoomRole, UnixMillis
from core.wire.events import Event
from core.wire.values import Person as PersonLine
from core.wire.values import PersonState, Value

ANSWERS_KEPT = 64
"""Request ids whose answers are remembered: more than a client leaves unanswered when its socket is lost.
Higher costs memory, an SDP answer of 30 kB being the largest; lower carries a request out twice."""


@dataclass(slots=True)
class Participant:
    """`nonce` is for the next `certify`, None once used; `leaf_key` the certified one."""

    id: str
    person: Person
    room_role: RoomRole
    joined: UnixMillis
    stream: EventStream
    nonce: bytes | None = field(repr=False)
    leaf_key: bytes | None = None
    certificate: bytes | None = None
    """SHA-256 of the certificate for `leaf_key`."""
    leaf: int | None = None
    since: float = 0.0
    """Monotonic seconds of `hello`, to measure a join."""
    state: PersonState = "joining"
    sources: dict[str, str] = field(default_factory=dict)
    signing: bool = False
    lasting: bool = False
    """Whether the room itself makes this one a host: its word then outlives the meeting."""
    held: frozenset[str] = frozenset()
    """Sources that are not forwarded whatever the client says."""
    catching_up: bool = False
    counters: dict[str, float] = field(default_factory=dict)
    answers: dict[int, Value | WireError] = field(default_factory=dict, repr=False)
    """The last answers by request id, oldest first: a resumed client sends again what it saw no answer to."""
    pending: dict[int, asyncio.Future[Value]] = field(default_factory=dict, repr=False)
    """Answers to come of requests that are being carried out, for one that is sent again meanwhile."""
    returning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Of two returns at one time the second waits, and then takes the first one's place."""
    hang_up: Callable[[str], None] | None = None
    """Closes the socket with a reason, after what is queued."""

    @property
    def host(self) -> bool:
        """Whether this one commands others."""
        return self.room_role.hosts

    def remember(self, request_id: int, answer: Value | WireError) -> None:
        """Keep an answer for the case that it does not arrive."""
        self.answers[request_id] = answer
        if len(self.answers) > ANSWERS_KEPT:
            del self.answers[next(iter(self.answers))]

    def tell(self, event: Event) -> None:
        """Put an event into the sequence. While a return is prepared, the group's events come from the
        store instead."""
        group = getattr(event, "type", "").startswith("group.") or getattr(event, "type", "") == "message"
        if not (self.catching_up and group):
            self.stream.push(event)

    def line(self) -> PersonLine:
        """As everybody is told."""
        return PersonLine.model_validate(
            {
                "participant": self.id,
                "leaf": self.leaf,
                "name_hint": self.person.name,
                "tenant": self.person.tenant,
                "deployment": self.person.deployment,
                "role": self.person.role.value,
                "host": self.host,
                "room_role": self.room_role.value,
                "state": self.state,
                "sources": dict(self.sources),
                "signing": self.signing,
                "joined_at": int(self.joined),
            }
        )
