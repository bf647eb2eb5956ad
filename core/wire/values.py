"""The values that several socket messages share: bounded strings, ids, people, slots.

Every bound here is the first fence against hostile input: what does not fit a bound never becomes a value, so
the code behind `core.wire` needs no length checks of its own.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_MESSAGE = 4 * 1024 * 1024
"""Bytes of the largest socket message: a commit that adds 1,000 people with their Welcome. Raising it lets
one client make the node hold more per socket; lowering it stops join storms (see K3.3)."""

SMALL_MESSAGE = 96 * 1024
"""Bytes of the largest message that is not a handshake: an application message (64 KiB) and its framing."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a JavaScript number carries exactly."""


class Value(BaseModel):
    """A value on the wire: strict types, no unknown fields, immutable once read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


ParticipantId = Annotated[str, Field(min_length=3, max_length=32, pattern=r"^p_[a-z2-7]+$")]
"""`p_` and base32 characters; opaque."""

Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Epoch = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Attempt = Annotated[int, Field(ge=0, le=65_535)]
Leaf = Annotated[int, Field(ge=0, le=4_095)]
"""A leaf index of the group's tree; K5.1 gives it 12 bits."""

Name = Annotated[str, Field(max_length=128)]
Code = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(max_length=200)]
Key = Annotated[bytes, Field(min_length=32, max_length=32)]
Signature = Annotated[bytes, Field(min_length=64, max_length=1_024)]
"""A signed structure of ours around one Ed25519 signature."""
Handshake = Annotated[bytes, Field(min_length=1, max_length=MAX_MESSAGE)]
"""An MLS handshake structure: commit, Welcome, GroupInfo, tree."""
Small = Annotated[bytes, Field(min_length=1, max_length=8_192)]
"""A signed structure of ours, or one key package (3.8 kB with the hybrid suite)."""
Content = Annotated[bytes, Field(min_length=1, max_length=65_536)]
"""One MLS application message."""
Sdp = Annotated[str, Field(min_length=1, max_length=262_144)]
"""Chromium offers 73 kB for the 21 sections of M3.1 and 130 kB after growth."""
Token = Annotated[str, Field(min_length=1, max_length=512)]

Source = Literal["microphone", "camera", "screen", "screen_sound", "consent_microphone"]
SourceState = Literal["live", "muted", "off"]
SlotKind = Literal["audio", "video", "screen", "screen_sound"]
Role = Literal["participant", "guest", "agent", "recipient"]
PersonState = Literal["joining", "connected", "reconnecting"]
RoomRole = Literal["owner", "cohost", "member", "audience"]
"""What somebody is in the room; owner and co-hosts are its hosts."""
GivenRole = Literal["cohost", "member", "audience"]
Access = Literal["public", "trusted", "restricted"]
Who = Literal["everyone", "hosts"]
MessageKind = Literal["chat", "signal"]
"""What an application message is for, as its sender says: text people read, or hands and the like. The node
refuses chat from those who may not; a receiver drops chat that says it is a signal. Clients of 0.1
say chat of everything."""
KnockId = Annotated[str, Field(min_length=3, max_length=32, pattern=r"^k_[a-z2-7]+$")]
"""`k_` and base32 characters; opaque."""
DisplayName = Annotated[str, Field(min_length=1, max_length=64)]


class ClientInfo(Value):
    """What a client says it is; used in counts only."""

    name: Annotated[str, Field(max_length=64)]
    version: Annotated[str, Field(max_length=64)]


class Tenant(Value):
    """A ministry as it is shown: nothing here is proof of anything."""

    deployment: Name
    tenant: Name
    name: Name
    short: Name
    colour: Annotated[str, Field(max_length=32)]


class Me(Value):
    """Who the login made of this socket."""

    deployment: Name
    tenant: Name
    subject: Name
    name: Name
    role: Role


class MeetingInfo(Value):
    """The room as it is shown."""

    title: Annotated[str, Field(max_length=200)]
    slug: Annotated[str, Field(max_length=64)]


class MediaInfo(Value):
    """What this node grants a client: bits per second each way, and video slots (M3.1)."""

    connection_limit: Count
    max_video_slots: Count


class Rules(Value):
    """The room's rules as everybody is told them. Who may not do a thing is refused by the node; the client
    only leaves the button away."""

    access: Access
    share: Who
    chat: Who
    unmute: Who
    audience: bool
    """Whether who is neither host nor member comes in as audience."""
    locked: bool


class Knocker(Value):
    """Somebody in the lobby, as the hosts see them: a guest's name is only what was typed."""

    knock: KnockId
    name: DisplayName
    tenant: Name
    role: Role
    since: Count
    """Unix milliseconds."""
    lookalike: bool
    """Whether somebody with a login is in the meeting whom a reader would take for this guest's name."""


class Person(Value):
    """One participant as signalling sees it. Names on screen come from the tree, never from here (M4.5)."""

    participant: ParticipantId
    leaf: Leaf | None
    name_hint: Name
    tenant: Name
    deployment: Name
    role: Role
    host: bool
    room_role: RoomRole
    state: PersonState
    sources: dict[Source, SourceState]
    signing: bool
    """Whether this person signs, which counts as speaking (M4.7)."""
    joined_at: Count
    """Unix milliseconds."""


class Tile(Value):
    """One tile on a client's screen; `height` in CSS pixels times the device's ratio."""

    participant: ParticipantId
    source: Literal["camera", "screen"]
    height: Annotated[int, Field(ge=0, le=8_192)]


class SlotHint(Value):
    """Who the core has put into a slot; a hint for layout only (M4.5)."""

    kind: SlotKind
    index: Annotated[int, Field(ge=0, le=255)]
    participant: ParticipantId | None
    source: Source | None
