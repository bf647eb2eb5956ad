"""Every request a client may send on the socket `entente.v1`, each with the reply that answers it.

A request is a msgpack map with `id` (chosen by the client), `type` and its fields; `core.wire.codec` turns
bytes into one of these models or refuses with a named error.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from core.wire.values import (
    MAX_MESSAGE,
    SMALL_MESSAGE,
    Access,
    Attempt,
    ClientInfo,
    Content,
    Count,
    DisplayName,
    Epoch,
    GivenRole,
    Handshake,
    Key,
    KnockId,
    Me,
    MediaInfo,
    MeetingInfo,
    MessageKind,
    Name,
    ParticipantId,
    RoomRole,
    Rules,
    Sdp,
    Signature,
    Small,
    Source,
    SourceState,
    Tenant,
    Tile,
    Token,
    Value,
    Who,
)

ReplyModel = type[Value]
"""Named here because the models have a field called `type`."""


class Empty(Value):
    """The reply that only says: done."""


class Request(Value):
    """What every request has; `limit` is the most bytes its whole message may take."""

    limit: ClassVar[int] = SMALL_MESSAGE
    reply: ClassVar[ReplyModel] = Empty

    id: Count


class HelloReply(Value):
    """The socket is a participant now; the rest is what the client needs before it makes its leaf."""

    participant: ParticipantId
    nonce: Key
    """Signed with the leaf key in `certify` (K2.1)."""
    resume_nonce: Key
    me: Me
    meeting: MeetingInfo
    suite: Count
    allow_classical: bool
    deployment: Name
    manifests: list[bytes]
    policy: bytes
    tenants: list[Tenant]
    media: MediaInfo
    resume_seconds: Count
    room_role: RoomRole
    rules: Rules


class Hello(Request):
    """First message of a new participant: the single-use join token."""

    reply: ClassVar[ReplyModel] = HelloReply

    type: Literal["hello"] = "hello"
    token: Token
    client: ClientInfo


class KnockReply(Value):
    """The socket waits in the lobby; `lobby.admitted` or `lobby.refused` follows, the latter by itself after
    `seconds`."""

    meeting: MeetingInfo
    seconds: Count


class Knock(Request):
    """First message of somebody whose join token is for the lobby. After `lobby.admitted` a `hello` with the
    token of that event follows on the same socket."""

    reply: ClassVar[ReplyModel] = KnockReply

    type: Literal["knock"] = "knock"
    token: Token
    client: ClientInfo


class ResumeReply(Value):
    """A fresh nonce to sign with the leaf key."""

    nonce: Key


class Resume(Request):
    """First message on a new socket after a loss (K2.5)."""

    reply: ClassVar[ReplyModel] = ResumeReply

    type: Literal["resume"] = "resume"
    participant: ParticipantId
    last_seq: Count


class ResumeProveReply(Value):
    """The socket is the participant's again; `replayed` events follow."""

    replayed: Count


class ResumeProve(Request):
    """The leaf key's signature over the nonce of `resume`."""

    reply: ClassVar[ReplyModel] = ResumeProveReply

    type: Literal["resume_prove"] = "resume_prove"
    signature: Signature


class CertifyReply(Value):
    """The certificate chain of the leaf key, leaf first, DER."""

    chain: list[bytes]


class Certify(Request):
    """Asks the tenant's CA to certify a leaf key; `proof` signs the nonce of `hello` (K2.1)."""

    reply: ClassVar[ReplyModel] = CertifyReply

    type: Literal["certify"] = "certify"
    public_key: Key
    proof: Signature


class KeyPackage(Request):
    """One MLS key package; answered later by `group.create` or `group.welcome`."""

    type: Literal["key_package"] = "key_package"
    data: Small


class GroupCreatedReply(Value):
    """The signed `reached` entry of epoch 0."""

    entry: bytes


class GroupCreated(Request):
    """Answer of the first client to `group.create` (K3.1)."""

    limit: ClassVar[int] = MAX_MESSAGE
    reply: ClassVar[ReplyModel] = GroupCreatedReply

    type: Literal["group.created"] = "group.created"
    group_info: Handshake
    tree: Handshake


class GroupCommit(Request):
    """The named committer's submission (K4.1); `epoch` is the one the commit leads to."""

    limit: ClassVar[int] = MAX_MESSAGE

    type: Literal["group.commit"] = "group.commit"
    epoch: Epoch
    attempt: Attempt
    commit: Handshake
    welcome: Handshake | None = None
    group_info: Handshake
    tree: Handshake | None = None
    signature: Signature


class GroupReceipt(Request):
    """A member's signed receipt over the epoch it has staged (K4.3)."""

    type: Literal["group.receipt"] = "group.receipt"
    receipt: Small


class GroupFailed(Request):
    """A member could not process a commit; `report` is signed by its leaf key (K4.4)."""

    type: Literal["group.failed"] = "group.failed"
    epoch: Epoch
    attempt: Attempt
    report: Small


class SendMessage(Request):
    """An MLS application message; refused with `stale_epoch` when older than the window (K6.1)."""

    type: Literal["message"] = "message"
    data: Content
    epoch: Epoch
    kind: MessageKind = "chat"


class MediaOfferReply(Value):
    """The answer."""

    sdp: str


class MediaOffer(Request):
    """An SDP offer. `connection` counts PeerConnections from 0; a known number renegotiates or restarts."""

    limit: ClassVar[int] = MAX_MESSAGE // 8
    reply: ClassVar[ReplyModel] = MediaOfferReply

    type: Literal["media.offer"] = "media.offer"
    connection: Annotated[int, Field(ge=0, le=65_535)]
    sdp: Sdp
    restart: bool = False


class MediaClose(Request):
    """The client has closed a PeerConnection."""

    type: Literal["media.close"] = "media.close"
    connection: Annotated[int, Field(ge=0, le=65_535)]


class SetSource(Request):
    """What the client publishes now; a hint for tiles, the engine sees the packets."""

    type: Literal["source"] = "source"
    source: Source
    state: SourceState


class SetView(Request):
    """What is on screen, most important first."""

    type: Literal["view"] = "view"
    tiles: Annotated[list[Tile], Field(max_length=64)]


class Mute(Request):
    """A host stops forwarding of somebody's source."""

    type: Literal["mute"] = "mute"
    participant: ParticipantId
    source: Source


class Signing(Request):
    """Says that one signs, which counts as speaking until it is taken back (M4.7)."""

    type: Literal["signing"] = "signing"
    on: bool


class Remove(Request):
    """A host removes somebody from the meeting."""

    type: Literal["remove"] = "remove"
    participant: ParticipantId


class Admit(Request):
    """A host lets somebody of the lobby in."""

    type: Literal["admit"] = "admit"
    knock: KnockId


class AdmitAll(Request):
    """A host lets everybody of the lobby in."""

    type: Literal["admit_all"] = "admit_all"


class Refuse(Request):
    """A host lets somebody of the lobby not in."""

    type: Literal["refuse"] = "refuse"
    knock: KnockId


class MuteAll(Request):
    """A host stops the microphones of everybody who is no host."""

    type: Literal["mute_all"] = "mute_all"


class LowerHands(Request):
    """A host lowers somebody's hand, or everybody's."""

    type: Literal["lower_hands"] = "lower_hands"
    participant: ParticipantId | None = None


class Rename(Request):
    """A host gives a guest another name, which needs a fresh certificate and leaf (K2.1); the name of
    somebody with a login is its ministry's word."""

    type: Literal["rename"] = "rename"
    participant: ParticipantId
    name: DisplayName


class Promote(Request):
    """A host makes somebody co-host, member or audience; nobody makes or unmakes an owner."""

    type: Literal["promote"] = "promote"
    participant: ParticipantId
    room_role: GivenRole


class SetRules(Request):
    """A host changes rules of the room; what is left out stays."""

    type: Literal["set_rules"] = "set_rules"
    access: Access | None = None
    share: Who | None = None
    chat: Who | None = None
    unmute: Who | None = None
    audience: bool | None = None
    locked: bool | None = None


class EndForAll(Request):
    """A host ends the meeting for everybody."""

    type: Literal["end_for_all"] = "end_for_all"


class Leave(Request):
    """A voluntary leave."""

    type: Literal["leave"] = "leave"


class PingReply(Value):
    """The node's wall clock, unix milliseconds."""

    time: Count


class Ping(Request):
    """Keeps the socket alive and measures it."""

    reply: ClassVar[ReplyModel] = PingReply

    type: Literal["ping"] = "ping"


class Stats(Request):
    """Small counters of the client; only names of the allow-list are kept."""

    type: Literal["stats"] = "stats"
    counters: Annotated[dict[Annotated[str, Field(max_length=48)], float], Field(max_length=64)]


ClientRequest = Annotated[
    Hello
    | Knock
    | Resume
    | ResumeProve
    | Certify
    | KeyPackage
    | GroupCreated
    | GroupCommit
    | GroupReceipt
    | GroupFailed
    | SendMessage
    | MediaOffer
    | MediaClose
    | SetSource
    | SetView
    | Mute
    | Signing
    | Remove
    | Admit
    | AdmitAll
    | Refuse
    | MuteAll
    | LowerHands
    | Rename
    | Promote
    | SetRules
    | EndForAll
    | Leave
    | Ping
    | Stats,
    Field(discriminator="type"),
]
