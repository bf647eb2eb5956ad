"""Who comes into a meeting, who waits in its lobby, and who does not come in: one pure function over
everything that counts.

It is asked twice: when somebody asks for a join token, and when the token is used, because a host may have
locked the door in between. What it is told comes from `core.meeting.entrance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.values import Access, RoomRole, RoomRules, TenantRules

Pin = Literal["unasked", "missing", "wrong", "given"]
"""Of a guest: whether the room's PIN was said. `unasked` where nobody has been asked yet."""


class Way(StrEnum):
    """How somebody comes in."""

    DIRECT = "direct"
    LOBBY = "lobby"
    LOGIN = "login"
    """Not without a login."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides. `role` is what the room itself says of the person and `was` what it was in
    this meeting before; both None for strangers and for guests."""

    guest: bool
    role: RoomRole | None
    was: RoomRole | None
    rules: RoomRules
    policy: TenantRules
    room_guests: bool
    guests_ended: bool
    has_pin: bool
    pin: Pin
    suspended: bool
    closed: bool
    excluded: bool
    locked: bool
    guests_knock: bool
    lookalike: bool
    """A guest under the name of somebody with a login who is there."""
    admitted: bool
    """A host has let this person in."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` says why not; `role` is what somebody who comes in is."""

    way: Way
    role: RoomRole = RoomRole.MEMBER
    code: str = ""


def decide(facts: Facts) -> Verdict:
    """Refusals come first and hold for everybody they name; then the room's hosts, who are never kept out;
    then a host's word; then the lock; then the room's access."""
    if (refusal := _refusal(facts)) is not None:
        return refusal
    role = _role(facts)
    if facts.role is not None and facts.role.hosts:
        return Verdict(Way.DIRECT, role)
    if facts.admitted or facts.was is not None:
        return Verdict(Way.DIRECT, role)
    if facts.locked:
        return Verdict(Way.REFUSED, code="room_locked")
    return Verdict(Way.LOBBY if _knocks(facts) else Way.DIRECT, role)


def _refusal(facts: Facts) -> Verdict | None:
    if facts.suspended:
        return Verdict(Way.REFUSED, code="tenant_suspended")
    if facts.closed:
        return Verdict(Way.REFUSED, code="room_closed")
    if facts.excluded and facts.role is not RoomRole.OWNER:
        return Verdict(Way.REFUSED, code="excluded")
    return _guest_refusal(facts) if facts.guest else None


def _guest_refusal(facts: Facts) -> Verdict | None:
    """A tenant that wants a PIN of every guest takes none into a room without one."""
    unsafe = not facts.has_pin and not facts.policy.guests_without_pin
    if not facts.policy.guests or not facts.room_guests or unsafe:
        return Verdict(Way.LOGIN, code="guests_refused")
    if facts.guests_ended:
        return Verdict(Way.LOGIN, code="guests_ended")
    if facts.has_pin and facts.pin in ("missing", "wrong"):
        return Verdict(Way.REFUSED, code="pin_required" if facts.pin == "missing" else "pin_wrong")
    return None


def _knocks(facts: Facts) -> bool:
    """Whether somebody the room does not let in by itself is before the door."""
    if facts.guest and (facts.guests_knock or facts.lookalike):
        return True
    match access_of(facts.rules, facts.policy):
        case Access.PUBLIC:
            return False
        case Access.TRUSTED:
            return facts.guest
        case Access.RESTRICTED:
            return facts.role is None


def access_of(rules: RoomRules, policy: TenantRules) -> Access:
    """A room's access as its tenant allows it."""
    if rules.access is Access.PUBLIC and not policy.public_rooms:
        return Access.TRUSTED
    return rules.access


def _role(facts: Facts) -> RoomRole:
    """The room's word about its hosts, then what a host made of somebody in this meeting, then the rule."""
    if facts.role is not None and facts.role.hosts:
        return facts.role
    if facts.was is not None and facts.was is not RoomRole.OWNER:
        return facts.was
    if facts.role is not None:
        return facts.role
    return RoomRole.AUDIENCE if facts.rules.audience else RoomRole.MEMBER
