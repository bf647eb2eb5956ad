"""How a room is shown to those who manage it. Its PIN never is, only that there is one."""

from __future__ import annotations

from core.values import Room


def settings_of(room: Room) -> dict[str, object]:
    """What its hosts set; times in Unix milliseconds."""
    rules = room.rules
    return {
        "rules": {
            "access": rules.access.value,
            "share": rules.share,
            "chat": rules.chat,
            "unmute": rules.unmute,
            "audience": rules.audience,
        },
        "guests": room.guests,
        "guests_until": room.guests_until,
        "pin": room.pin is not None,
        "closed": room.closed,
    }


def room_line(room: Room) -> dict[str, object]:
    """A room in its owner's list. The path has the room's secret in its fragment (K9.2)."""
    return {
        "slug": room.slug,
        "title": room.title,
        "path": room.path,
        "created": room.created,
        **settings_of(room),
    }
