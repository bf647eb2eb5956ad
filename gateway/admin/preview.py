"""A policy in plain sentences, in four languages, each by the verdict of the very function that lets people
in."""

from __future__ import annotations

from core.meeting.admission import Facts, Way, decide
from core.tenants.policy import CLASSICAL
from core.values import Access, Assurance, RoomRules, TenantRules
from gateway.admin.sentences import SENTENCES, Language

_STRANGER = {
    "role": None, "was": None, "room_guests": True, "guests_ended": False, "suspended": False,
    "closed": False, "excluded": False, "locked": False, "guests_knock": False, "lookalike": False,
    "admitted": False,
}  # fmt: skip
"""Somebody whom the room does not know, at the door of an open room where nothing has happened."""

def facts_of(rules: TenantRules, access: Access, *, guest: bool, pin: bool) -> Facts:
    """Somebody unknown to the room at its door, as the preview asks about."""
    return Facts(
        guest=guest,
        rules=RoomRules(access=access),
        policy=rules,
        has_pin=pin,
        pin="given" if pin else "unasked",
        **_STRANGER,  # type: ignore[arg-type]
    )


def _way(rules: TenantRules, access: Access, *, guest: bool, pin: bool = False) -> str:
    return decide(facts_of(rules, access, guest=guest, pin=pin)).way.value


def keys(rules: TenantRules) -> list[str]:
    """Which sentences are true of a policy."""
    with_pin = _way(rules, Access.PUBLIC, guest=True, pin=True)
    found = [f"guest.with_pin.{with_pin}"]
    if with_pin != Way.LOGIN:
        found.append(f"guest.without_pin.{_way(rules, Access.PUBLIC, guest=True)}")
    found.append(f"official.public.{_way(rules, Access.TRUSTED, guest=False)}")
    found.append(f"official.restricted.{_way(rules, Access.RESTRICTED, guest=False)}")
    found.append(f"assurance.{Assurance(rules.assurance).value}")
    return [*found, f"suites.{_suites(rules)}"]


def _suites(rules: TenantRules) -> str:
    """A meeting takes the first suite of its room's ministry (K2.6)."""
    if rules.suites[0] == CLASSICAL:
        return "classical"
    return "both" if CLASSICAL in rules.suites else "hybrid"


def preview(rules: TenantRules, language: Language) -> list[str]:
    """The sentences."""
    return [SENTENCES[key][language] for key in keys(rules)]
