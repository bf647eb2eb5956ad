"""Who comes in: every combination of what counts, against the rules in words, and the words one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from core.meeting.admission import Facts, Verdict, Way, access_of, decide
from core.values import Access, RoomRole, RoomRules, TenantRules

BASE = Facts(
    guest=False,
    role=None,
    was=None,
    rules=RoomRules(),
    policy=TenantRules(),
    room_guests=True,
    guests_ended=False,
    has_pin=False,
    pin="unasked",
    suspended=False,
    closed=False,
    excluded=False,
    locked=False,
    guests_knock=False,
    lookalike=False,
    admitted=False,
)
ROLES = (None, RoomRole.OWNER, RoomRole.COHOST, RoomRole.MEMBER)
FLAGS = ("suspended", "closed", "excluded", "locked", "guests_knock", "lookalike", "admitted")


def refused(facts: Facts) -> str | None:
    """The first rule that keeps somebody out for good, as the issue says it."""
    rules: list[tuple[str, bool]] = [
        ("tenant_suspended", facts.suspended),
        ("room_closed", facts.closed),
        ("excluded", facts.excluded and facts.role is not RoomRole.OWNER),
        ("guests_refused", facts.guest and not (facts.policy.guests and facts.room_guests)),
        ("guests_refused", facts.guest and not facts.has_pin and not facts.policy.guests_without_pin),
        ("guests_ended", facts.guest and facts.guests_ended),
        ("pin_required", facts.guest and facts.has_pin and facts.pin == "missing"),
        ("pin_wrong", facts.guest and facts.has_pin and facts.pin == "wrong"),
    ]
    return next((code for code, holds in rules if holds), None)


def expected(facts: Facts) -> tuple[Way, str]:
    if (code := refused(facts)) is not None:
        return (Way.LOGIN if code in ("guests_refused", "guests_ended") else Way.REFUSED), code
    if facts.role in (RoomRole.OWNER, RoomRole.COHOST) or facts.admitted or facts.was is not None:
        return Way.DIRECT, ""
    if facts.locked:
        return Way.REFUSED, "room_locked"
    suspicious = facts.guest and (facts.guests_knock or facts.lookalike)
    waits = {
        Access.PUBLIC: facts.guest and not facts.policy.public_rooms,
        Access.TRUSTED: facts.guest,
        Access.RESTRICTED: facts.role is None,
    }
    knocks = suspicious or waits[facts.rules.access]
    return (Way.LOBBY if knocks else Way.DIRECT), ""


def everything() -> list[Facts]:
    """65,536 combinations: each value of each thing with each of all others."""
    found = []
    people = [(False, role, was) for role in ROLES for was in (None, RoomRole.MEMBER)]
    people += [(True, None, None)]
    doors = list(product(Access, (True, False), ("unasked", "missing", "wrong", "given"), (True, False)))
    for (guest, role, was), (access, has_pin, pin, public) in product(people, doors):
        for flags in product((False, True), repeat=len(FLAGS)):
            door = {"has_pin": has_pin, "pin": pin, "policy": TenantRules(public_rooms=public)}
            who = {"guest": guest, "role": role, "was": was, "rules": RoomRules(access=access)}
            found.append(replace(BASE, **who, **door, **dict(zip(FLAGS, flags, strict=True))))
    return found


def test_every_combination_is_decided_as_the_rules_say() -> None:
    cases = everything()
    assert len(cases) == 9 * 48 * 128
    for facts in cases:
        verdict = decide(facts)
        assert (verdict.way, verdict.code) == expected(facts), facts


@pytest.mark.parametrize("policy", [TenantRules(guests=False), TenantRules(guests_without_pin=False)])
@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("room_guests", [False, True])
@pytest.mark.parametrize("has_pin", [False, True])
def test_guests_come_only_as_tenant_and_room_allow(
    policy: TenantRules, ended: bool, room_guests: bool, has_pin: bool
) -> None:
    guest = replace(
        BASE, guest=True, policy=policy, guests_ended=ended, room_guests=room_guests, has_pin=has_pin
    )
    for facts in (guest, replace(guest, admitted=True)):
        verdict = decide(facts)
        assert (verdict.way, verdict.code) == expected(facts)
    official = decide(replace(guest, guest=False))
    assert official.way is Way.DIRECT, "none of it is about people with a login"


ROWS: list[tuple[str, Facts, Way, RoomRole]] = [
    ("an owner comes into its locked room", replace(BASE, role=RoomRole.OWNER, locked=True), Way.DIRECT,
     RoomRole.OWNER),
    ("an owner is never excluded", replace(BASE, role=RoomRole.OWNER, excluded=True), Way.DIRECT,
     RoomRole.OWNER),
    ("who was let in comes in though the door was locked since", replace(BASE, admitted=True, locked=True),
     Way.DIRECT, RoomRole.MEMBER),
    ("a stranger is audience where the rule says so", replace(BASE, rules=RoomRules(audience=True)),
     Way.DIRECT, RoomRole.AUDIENCE),
    ("a member is none", replace(BASE, role=RoomRole.MEMBER, rules=RoomRules(audience=True)), Way.DIRECT,
     RoomRole.MEMBER),
    ("who was made audience returns as that", replace(BASE, role=RoomRole.MEMBER, was=RoomRole.AUDIENCE),
     Way.DIRECT, RoomRole.AUDIENCE),
    ("who was owner of another's making is not", replace(BASE, was=RoomRole.OWNER), Way.DIRECT,
     RoomRole.MEMBER),
    ("who was host of the meeting returns as that", replace(BASE, was=RoomRole.COHOST, locked=True),
     Way.DIRECT, RoomRole.COHOST),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "way", "role"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_somebody_who_comes_in_is(facts: Facts, way: Way, role: RoomRole) -> None:
    assert decide(facts) == Verdict(way, role)


@pytest.mark.parametrize(
    ("access", "public", "effective"),
    [(Access.PUBLIC, False, Access.TRUSTED), (Access.RESTRICTED, False, Access.RESTRICTED),
     (Access.PUBLIC, True, Access.PUBLIC)],
)  # fmt: skip
def test_a_tenant_without_public_rooms_has_trusted_ones(
    access: Access, public: bool, effective: Access
) -> None:
    assert access_of(RoomRules(access=access), TenantRules(public_rooms=public)) is effective


def test_an_attackers_favourite_combinations_let_nobody_in() -> None:
    guest = replace(BASE, guest=True, admitted=True)
    worse: list[Callable[[Facts], Facts]] = [
        lambda facts: replace(facts, excluded=True),
        lambda facts: replace(facts, closed=True),
        lambda facts: replace(facts, has_pin=True, pin="wrong"),
        lambda facts: replace(facts, policy=TenantRules(guests=False)),
    ]
    assert all(decide(change(guest)).way is not Way.DIRECT for change in worse)
