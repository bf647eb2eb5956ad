"""What a headless participant tells its owner; plain values, in the order in which things happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core.wire.values import Knocker, Rules

State = Literal["connecting", "lobby", "waiting", "connected", "reconnecting", "ended"]
"""As in the browser: `lobby` until a host has let us in, `waiting` until the group's first epoch is
reached, `connected` while media may flow."""


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the roster: a leaf of the group's tree and what its certificate says (K5.5)."""

    leaf: int
    name: str
    name_checked: bool
    deployment: str
    tenant: str
    role: str
    issuer: bytes
    is_self: bool


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """The base of all events."""


@dataclass(frozen=True, slots=True)
class StateChanged(ClientEvent):
    """The participant's own state."""

    state: State


@dataclass(frozen=True, slots=True)
class Roster(ClientEvent):
    """A new epoch: who is in the tree now, and the code to compare aloud (K6.3)."""

    epoch: int
    members: tuple[Member, ...]
    code: str


@dataclass(frozen=True, slots=True)
class PersonJoined(ClientEvent):
    """A leaf was added."""

    member: Member


@dataclass(frozen=True, slots=True)
class PersonLeft(ClientEvent):
    """A leaf was removed."""

    member: Member


@dataclass(frozen=True, slots=True)
class Chat(ClientEvent):
    """A chat message; `sender` comes from the tree of the epoch that opened it."""

    sender: Member
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Said(ClientEvent):
    """Any other application message, as it was packed."""

    sender: Member
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alarm(ClientEvent):
    """Something a server or member did that a rule refuses; `code` names what was seen."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class LobbyChanged(ClientEvent):
    """For hosts: everybody in the lobby, longest first."""

    people: tuple[Knocker, ...]


@dataclass(frozen=True, slots=True)
class RulesSet(ClientEvent):
    """The room's rules from now on."""

    rules: Rules


@dataclass(frozen=True, slots=True)
class Stopped(ClientEvent):
    """A host has stopped one of our sources; `held` ones cannot be sent again until a host allows it."""

    source: str
    held: bool


@dataclass(frozen=True, slots=True)
class HandLowered(ClientEvent):
    """A host has lowered our hand."""


@dataclass(frozen=True, slots=True)
class Ended(ClientEvent):
    """Nothing follows: `left`, `removed`, the reason the node gave, or `lost`."""

    reason: str
