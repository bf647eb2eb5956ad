"""What each role may send under the room's rules; the worker holds the rest back, whatever a client says."""

from __future__ import annotations

from collections.abc import Mapping

from core.values import RoomRole, RoomRules

SCREEN = frozenset({"screen", "screen_sound"})
EVERY = frozenset({"microphone", "camera", "consent_microphone"}) | SCREEN


def held(role: RoomRole, rules: RoomRules, sources: Mapping[str, str]) -> frozenset[str]:
    """The sources of somebody that must not be forwarded. Where only hosts unmute, a microphone that is live
    goes on, and one that is not stays so."""
    if role.hosts:
        return frozenset()
    if role is RoomRole.AUDIENCE:
        return EVERY
    found = SCREEN if rules.share == "hosts" else frozenset()
    if rules.unmute == "hosts" and sources.get("microphone") != "live":
        found |= {"microphone"}
    return found


def may_chat(role: RoomRole, rules: RoomRules) -> bool:
    """Whether somebody may write to everybody."""
    return role.hosts or rules.chat == "everyone"
