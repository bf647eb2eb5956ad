"""Every event the node sends on the socket `entente.v1`, and the two envelopes of a reply.

Events are numbered per participant from 1 without a gap; a client that returns within the resume time gets
the ones it missed with their numbers (K4.2, M5.2).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.wire.values import (
    Attempt,
    Code,
    Content,
    Count,
    Epoch,
    Handshake,
    Knocker,
    Leaf,
    MessageKind,
    ParticipantId,
    Person,
    Reason,
    Rules,
    Signature,
    SlotHint,
    Small,
    Source,
    Token,
    Value,
)

Level = Annotated[int, Field(ge=0, le=127)]
"""-dBov of RFC 6464: 0 is loudest, 127 silence."""


class Event(Value):
    """What every event has."""

    seq: Count = 0


class Participants(Event):
    """The whole list each time, at most four times a second."""

    type: Literal["participants"] = "participants"
    people: list[Person]


class GroupCreate(Event):
    """You are first: create the group with these parameters (msgpack of GroupParams, K3.1)."""

    type: Literal["group.create"] = "group.create"
    params: Small


class GroupHead(Event):
    """For a joiner, before its Welcome: the last reached entry, to chain from."""

    type: Literal["group.head"] = "group.head"
    entry: Small
    params: Small


class GroupPropose(Event):
    """The hub's proposals and the member it names to commit them (K3.2); `epoch` is the one it leads to."""

    type: Literal["group.propose"] = "group.propose"
    epoch: Epoch
    attempt: Attempt
    committer: Leaf
    proposals: list[bytes]
    deadline_ms: Count


class GroupStaged(Event):
    """A stored, proposed commit to stage and answer with a receipt (K4.3)."""

    type: Literal["group.staged"] = "group.staged"
    entry: Small
    commit: Handshake
    signature: Signature
    committer: Leaf


class GroupWelcome(Event):
    """A joiner's own part of the Welcome; held until `group.reached`."""

    type: Literal["group.welcome"] = "group.welcome"
    entry: Small
    welcome: Handshake
    tree: Handshake
    params: Small


class GroupReached(Event):
    """The epoch counts; merge after checking a receipt by another member (K4.4)."""

    type: Literal["group.reached"] = "group.reached"
    epoch: Epoch
    entry: Small
    receipts: list[bytes]


class GroupWithdrawn(Event):
    """The attempt is taken back; drop the stage."""

    type: Literal["group.withdrawn"] = "group.withdrawn"
    entry: Small


class GroupReceiptsRelayed(Event):
    """Receipts that came after `group.reached`, to compare (K4.4); gathered, as there are n² of them."""

    type: Literal["group.receipt"] = "group.receipt"
    receipts: list[bytes]


class GroupSettled(Event):
    """Every connected member has confirmed the epoch: frames may use it (K4.5)."""

    type: Literal["group.settled"] = "group.settled"
    epoch: Epoch


class GroupRemoving(Event):
    """A removal or revocation is under way: merge it within 2 s or stop sending (K4.6)."""

    type: Literal["group.removing"] = "group.removing"
    leaf: Leaf
    reason: Reason


class GroupRevocation(Event):
    """A CA-signed revocation (K2.4)."""

    type: Literal["group.revocation"] = "group.revocation"
    data: Small


class GroupRejoin(Event):
    """Rejoin as a fresh leaf: certify again, then a new key package (K4.2)."""

    type: Literal["group.rejoin"] = "group.rejoin"
    reason: Reason
    nonce: Annotated[bytes, Field(min_length=32, max_length=32)]
    """Fresh, for the next `certify`."""


class MessageRelayed(Event):
    """An MLS application message in the hub's order (K6.1)."""

    type: Literal["message"] = "message"
    data: Content
    epoch: Epoch
    order: Count
    kind: MessageKind = "chat"


class Slots(Event):
    """Who the core has put where; a hint for layout only."""

    type: Literal["slots"] = "slots"
    slots: list[SlotHint]


class Speakers(Event):
    """The loudest by seniority (M4.7), and levels of those above silence."""

    type: Literal["speakers"] = "speakers"
    people: list[ParticipantId]
    levels: dict[str, Level]


class Muted(Event):
    """A host has stopped one of your sources. `held`: it stays so until a host lets you speak again."""

    type: Literal["muted"] = "muted"
    source: Source
    by: ParticipantId
    held: bool = False


class HandLowered(Event):
    """A host has lowered your hand: take it down."""

    type: Literal["hand_lowered"] = "hand_lowered"
    by: ParticipantId


class RulesChanged(Event):
    """The room's rules from now on."""

    type: Literal["rules"] = "rules"
    rules: Rules


class Lobby(Event):
    """For hosts: everybody in the lobby, longest first, each time that changes."""

    type: Literal["lobby"] = "lobby"
    people: list[Knocker]


class LobbyAdmitted(Event):
    """You may come in: say `hello` with this token. Its `seq` is 0."""

    type: Literal["lobby.admitted"] = "lobby.admitted"
    token: Token


class LobbyRefused(Event):
    """You were not let in: by a host's word (`host`), because nobody answered (`timeout`), or because the
    meeting ended (`ended`). Its `seq` is 0, and the node hangs up."""

    type: Literal["lobby.refused"] = "lobby.refused"
    reason: Literal["host", "timeout", "ended"]


class Removed(Event):
    """You are out."""

    type: Literal["removed"] = "removed"
    reason: Reason
    by: ParticipantId | None


class Ended(Event):
    """The meeting is over."""

    type: Literal["ended"] = "ended"
    reason: Reason


class MediaMove(Event):
    """Open a second PeerConnection with this number, then close the old (M5.1)."""

    type: Literal["media.move"] = "media.move"
    connection: Count
    reason: Reason


ServerEvent = Annotated[
    Participants
    | GroupCreate
    | GroupHead
    | GroupPropose
    | GroupStaged
    | GroupWelcome
    | GroupReached
    | GroupWithdrawn
    | GroupReceiptsRelayed
    | GroupSettled
    | GroupRemoving
    | GroupRevocation
    | GroupRejoin
    | MessageRelayed
    | Slots
    | Speakers
    | Muted
    | HandLowered
    | RulesChanged
    | Lobby
    | LobbyAdmitted
    | LobbyRefused
    | Removed
    | Ended
    | MediaMove,
    Field(discriminator="type"),
]


class WireFault(Value):
    """An error as a client reads it; `code` is of the enumerated list, `retry_after` in seconds."""

    code: Code
    message: Annotated[str, Field(max_length=400)]
    retry_after: float | None = None


class OkReply(Value):
    """A request has been done; `ok` is the reply model of its type, as a map."""

    re: Count
    ok: dict[str, object]


class ErrorReply(Value):
    """A request has been refused."""

    re: Count
    error: WireFault
