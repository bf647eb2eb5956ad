"""What hosts command, one by one: what it does, to whom, what outlives the meeting, and what nobody may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import WireError
from core.records import RoomMember
from core.values import Access, RoomRole, RoomRules
from core.wire import events, requests
from core.wire.values import Person as Line
from tests.support.people import person, room
from tests.support.world import Client, World
from tests.unit.core.meeting.test_lobby import guest

OWNER = person("x-1")


async def refusal(client: Client, request: requests.Request) -> str:
    with pytest.raises(WireError) as caught:
        await client.ask(request)
    return caught.value.code


def lines(client: Client) -> dict[str, Line]:
    told = client.of(events.Participants)[-1]
    assert isinstance(told, events.Participants)
    return {one.participant: one for one in told.people}


def muted_at_worker(world: World, client: Client) -> dict[str, bool]:
    """Which sources of somebody the worker is told to drop; that it is, and does, is the room's test and
    the end-to-end one."""
    attendee = client.session.meeting.media._people[client.id]  # type: ignore[attr-defined]
    return {
        source: source in attendee.muted | attendee.held
        for source in ("microphone", "camera", "screen", "screen_sound")
    }


async def live(client: Client, *sources: str) -> None:
    for source in sources:
        await client.ask(requests.SetSource.model_validate({"id": 0, "source": source, "state": "live"}))


async def say(client: Client, kind: str) -> str | None:
    """The code of a message's refusal, None when the rules let it pass: the group then refuses it."""
    message = {"id": 0, "data": b"x", "epoch": 0, "kind": kind}
    try:
        await client.ask(requests.SendMessage.model_validate(message))
    except WireError as error:
        return error.code if error.code == "rule_refused" else None
    return None


async def test_an_audience_sends_nothing_whatever_it_says(world: World) -> None:
    host, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await live(other, "microphone", "camera")
    await host.ask(requests.Promote(id=0, participant=other.id, room_role="audience"))
    await world.run(0.5)
    assert all(muted_at_worker(world, other).values())
    assert lines(host)[other.id].sources == {"microphone": "muted", "camera": "muted"}
    held = [event for event in other.of(events.Muted) if isinstance(event, events.Muted)]
    assert {event.source for event in held} == {"microphone", "camera"} and all(e.held for e in held)
    for source in ("microphone", "camera", "screen"):
        request = requests.SetSource.model_validate({"id": 0, "source": source, "state": "live"})
        assert await refusal(other, request) == "rule_refused"
    assert await refusal(other, requests.Signing(id=0, on=True)) == "rule_refused"
    assert all(muted_at_worker(world, other).values())
    await host.ask(requests.Promote(id=0, participant=other.id, room_role="member"))
    await live(other, "microphone")
    assert not any(muted_at_worker(world, other).values())


async def test_who_is_neither_host_nor_member_comes_in_as_audience_by_rule(world: World) -> None:
    await world.store.change_room(replace(room(), rules=RoomRules(audience=True)))
    await world.store.put_member(RoomMember("r1", person("x-3").uri, RoomRole.MEMBER), 9)
    roles = [
        (await world.hello(who)).hello.room_role
        for who in (OWNER, person("x-2"), person("x-3"), guest(), person("b-1", "beispiel"))
    ]
    assert roles == ["owner", "audience", "member", "audience", "audience"]


async def test_only_hosts_share_where_the_rule_says_so(world: World) -> None:
    host, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await live(other, "screen", "camera")
    await host.ask(requests.SetRules(id=0, share="hosts"))
    assert muted_at_worker(world, other) == {
        "microphone": False, "camera": False, "screen": True, "screen_sound": True,
    }  # fmt: skip
    share = requests.SetSource(id=0, source="screen", state="live")
    assert await refusal(other, share) == "rule_refused"
    await live(host, "screen")
    await host.ask(requests.SetRules(id=0, share="everyone"))
    await live(other, "screen")


async def test_a_muted_microphone_stays_so_where_only_hosts_unmute(world: World) -> None:
    host, speaks, silent = [await world.hello(person(f"x-{n}")) for n in (1, 2, 3)]
    await live(speaks, "microphone")
    await host.ask(requests.SetRules(id=0, unmute="hosts"))
    late = await world.hello(person("x-4"))
    assert not muted_at_worker(world, speaks)["microphone"], "who speaks goes on"
    unmute = requests.SetSource(id=0, source="microphone", state="live")
    for one in (silent, late):
        assert await refusal(one, unmute) == "rule_refused" and muted_at_worker(world, one)["microphone"]
    await host.ask(requests.Mute(id=0, participant=speaks.id, source="microphone"))
    told = speaks.of(events.Muted)[-1]
    assert isinstance(told, events.Muted) and told.held
    assert await refusal(speaks, unmute) == "rule_refused" and muted_at_worker(world, speaks)["microphone"]
    await host.ask(requests.SetRules(id=0, unmute="everyone"))
    await live(speaks, "microphone")
    assert not muted_at_worker(world, speaks)["microphone"]


async def test_who_mutes_itself_is_held_as_well(world: World) -> None:
    host, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await live(other, "microphone")
    await host.ask(requests.SetRules(id=0, unmute="hosts"))
    await other.ask(requests.SetSource(id=0, source="microphone", state="muted"))
    assert await refusal(other, requests.SetSource(id=0, source="microphone", state="live")) == "rule_refused"


async def test_only_hosts_write_where_the_rule_says_so_and_hands_still_rise(world: World) -> None:
    host, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await host.ask(requests.SetRules(id=0, chat="hosts"))
    assert await say(other, "chat") == "rule_refused"
    assert await say(other, "signal") is None and await say(host, "chat") is None


async def test_chat_that_says_it_is_a_signal_passes_the_node_and_no_receiver(world: World) -> None:
    host = await world.join(OWNER)
    await world.run(0.5)
    other = await world.join(person("x-2"))
    await world.run(2)
    await host.ask(requests.SetRules(id=0, chat="hosts"))
    honest = other.membership.say({"t": "chat", "id": "1", "text": "hello"}, world.clock.now())
    assert await refusal(other, honest) == "rule_refused"
    await other.ask(honest.model_copy(update={"kind": "signal"}))
    await other.say({"t": "hand", "up": True})
    await world.run(0.5)
    assert host.alarms == ["message_disguised"] and host.said == [{"t": "hand", "up": True}]


async def test_mute_all_stops_everybody_but_hosts_also_who_hides_that_it_sends(world: World) -> None:
    host, other, sly = [await world.hello(person(f"x-{n}")) for n in (1, 2, 3)]
    await live(host, "microphone")
    await live(other, "microphone", "camera")
    await host.ask(requests.MuteAll(id=0))
    assert [muted_at_worker(world, one)["microphone"] for one in (host, other, sly)] == [False, True, True]
    assert not muted_at_worker(world, other)["camera"]
    assert other.of(events.Muted) and not sly.of(events.Muted) and not host.of(events.Muted)
    await live(other, "microphone")
    assert not muted_at_worker(world, other)["microphone"], "a mute is no ban"


async def test_hands_are_lowered_by_their_owners_clients(world: World) -> None:
    host, other, third = [await world.hello(person(f"x-{n}")) for n in (1, 2, 3)]
    await host.ask(requests.LowerHands(id=0, participant=other.id))
    assert other.of(events.HandLowered) and not third.of(events.HandLowered)
    await host.ask(requests.LowerHands(id=0))
    assert len(other.of(events.HandLowered)) == 2 and third.of(events.HandLowered)


async def test_a_guest_is_renamed_by_a_fresh_certificate_and_nobody_else_is(world: World) -> None:
    host = await world.join(OWNER)
    await world.run(0.5)
    named = await world.join(guest("Ann"))
    official = await world.join(person("x-2", name="Jean Petit"))
    await world.run(2)
    await host.ask(requests.Rename(id=0, participant=named.id, name=" Ann of Example "))
    await world.run(3)
    assert {one.name for one in host.membership.roster.values()} >= {"Ann of Example", "Jean Petit"}
    assert "Ann" not in {one.name for one in host.membership.roster.values()}
    assert [event.reason for event in named.of(events.GroupRejoin)] == ["renamed"]  # type: ignore[attr-defined]
    for target, name, code in (
        (official.id, "Other", "rename_refused"),
        (named.id, "J\u0435an  petit", "rename_refused"),
        (named.id, "turn\u202eed", "invalid"),
        (named.id, "  ", "invalid"),
    ):
        assert await refusal(host, requests.Rename(id=0, participant=target, name=name)) == code


async def test_who_was_removed_is_refused_with_every_tab_and_also_after_a_restart(world: World) -> None:
    host = await world.hello(OWNER)
    tabs = [await world.hello(person("x-2")) for _ in range(2)]
    await host.ask(requests.Remove(id=0, participant=tabs[0].id))
    assert [tab.hung_up for tab in tabs] == ["removed", "removed"]
    with pytest.raises(WireError, match="excluded"):
        await world.hello(person("x-2"))
    again = await restarted(world)
    with pytest.raises(WireError, match="excluded"):
        await again.hello(person("x-2"))
    await again.close()


async def restarted(world: World) -> World:
    """Another node over the same store."""
    from gateway.meetings import open_registry
    from tests.support.world import inline

    registry, joint = open_registry(world.services, inline)
    await registry.recover()
    return World(world.services, registry, joint)


async def test_after_a_guests_removal_every_later_guest_knocks_and_officials_do_not(world: World) -> None:
    host, bad, good = [await world.hello(who) for who in (OWNER, guest("Bad", "g-8"), guest())]
    await host.ask(requests.Remove(id=0, participant=bad.id))
    assert good.id in good.session.meeting.people, "who is in stays in"
    for there in (world, await restarted(world)):
        with pytest.raises(WireError, match="lobby_required"):
            await there.hello(guest("Bad again", "g-9"))
        assert (await there.hello(person("x-8"))).id
    await there.close()


async def test_nobody_removes_or_unmakes_the_owner_or_itself(world: World) -> None:
    first, owner = await world.hello(person("x-9")), await world.hello(OWNER)
    assert first.hello.room_role == "cohost"
    assert await refusal(first, requests.Remove(id=0, participant=owner.id)) == "forbidden"
    demote = requests.Promote(id=0, participant=owner.id, room_role="member")
    assert await refusal(first, demote) == "forbidden" and await refusal(owner, demote) == "forbidden"
    assert await refusal(first, requests.Remove(id=0, participant=first.id)) == "forbidden"


async def test_the_last_host_stays_one_until_there_is_another(world: World) -> None:
    first, other = await world.hello(person("x-9")), await world.hello(person("x-2"))
    itself = requests.Promote(id=0, participant=first.id, room_role="member")
    assert await refusal(first, itself) == "forbidden"
    await first.ask(requests.Promote(id=0, participant=other.id, room_role="cohost"))
    await first.ask(itself)
    assert await refusal(first, requests.MuteAll(id=0)) == "not_host"
    await other.ask(requests.MuteAll(id=0))


async def test_what_the_rooms_own_hosts_say_outlives_the_meeting(world: World) -> None:
    owner, other, ann = [await world.hello(who) for who in (OWNER, person("x-2"), guest())]
    await owner.ask(requests.Promote(id=0, participant=other.id, room_role="cohost"))
    await owner.ask(requests.Promote(id=0, participant=ann.id, room_role="cohost"))
    await other.ask(requests.SetRules(id=0, chat="hosts", access="trusted"))
    found = await world.store.room_by_id("r1")
    assert found is not None and found.rules == RoomRules(access=Access.TRUSTED, chat="hosts")
    known = {one.who: one.role for one in await world.store.members("r1", "", 9)}
    assert known == {person("x-2").uri: RoomRole.COHOST}, "a guest is one for this meeting alone"
    await owner.ask(requests.Promote(id=0, participant=other.id, room_role="member"))
    assert (await world.store.members("r1", "", 9))[0].role is RoomRole.MEMBER


async def test_a_host_of_the_meeting_alone_changes_this_meeting_alone(world: World) -> None:
    first, other = await world.hello(person("x-9")), await world.hello(person("x-2"))
    await first.ask(requests.SetRules(id=0, access="restricted"))
    await first.ask(requests.Promote(id=0, participant=other.id, room_role="cohost"))
    assert await world.store.room_by_id("r1") == room() and not await world.store.members("r1", "", 9)
    with pytest.raises(WireError, match="lobby_required"):
        await world.hello(person("x-3"))


async def test_a_first_comer_of_another_tenant_or_into_a_restricted_room_hosts_nothing(world: World) -> None:
    foreign = await world.hello(person("b-1", "beispiel"))
    assert foreign.hello.room_role == "member"
    await world.store.create_room(replace(room("r2"), rules=RoomRules(access=Access.RESTRICTED)))
    await world.store.put_member(RoomMember("r2", person("x-2").uri, RoomRole.MEMBER), 9)
    assert (await world.hello(person("x-2"), "r2")).hello.room_role == "member"


async def test_a_locked_meeting_takes_its_hosts_and_who_was_there(world: World) -> None:
    owner, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await owner.ask(requests.SetRules(id=0, locked=True))
    told = other.of(events.RulesChanged)[-1]
    assert isinstance(told, events.RulesChanged) and told.rules.locked
    await other.ask(requests.Leave(id=0))
    assert (await world.hello(person("x-2"))).id, "a lost connection must not lock anybody out"
    for who in (person("x-3"), guest()):
        with pytest.raises(WireError, match="room_locked"):
            await world.hello(who)
    await owner.ask(requests.SetRules(id=0, locked=False))
    assert (await world.hello(person("x-3"))).id


async def test_a_host_that_comes_back_after_too_much_is_told_rules_and_lobby(world: World) -> None:
    owner = await world.join(OWNER)
    await world.run(0.5)
    await owner.lose_socket()
    owner.session.participant.stream._kept.clear()
    await owner.session.meeting.ordering.connect(owner.id, False)
    for _ in range(3):
        owner.session.participant.tell(events.HandLowered(by=owner.id))
        owner.session.participant.stream._kept.clear()
    await owner.return_()
    await world.settle()
    assert owner.of(events.RulesChanged) and owner.of(events.Lobby)


async def test_the_end_for_all_is_the_end(world: World) -> None:
    owner, other = await world.hello(OWNER), await world.hello(person("x-2"))
    await owner.ask(requests.EndForAll(id=0))
    assert other.of(events.Ended) == [events.Ended(seq=other.last_seq, reason="ended")]
    assert other.hung_up == "meeting_ended" and world.registry.people("r1") == 0
    assert not await world.store.live_meetings()


async def test_a_role_in_the_room_is_found_by_the_address_of_the_account(world: World) -> None:
    world.store.addresses["exemple", "x-5"] = "a@example.org"
    await world.store.put_member(RoomMember("r1", "mailto:a@example.org", RoomRole.COHOST), 9)
    owner, invited = await world.hello(OWNER), await world.hello(person("x-5"))
    assert invited.hello.room_role == "cohost"
    await owner.ask(requests.Promote(id=0, participant=invited.id, room_role="member"))
    known = [(one.who, one.role) for one in await world.store.members("r1", "", 9)]
    assert known == [(person("x-5").uri, RoomRole.MEMBER)], "the address must not make it a host again"
