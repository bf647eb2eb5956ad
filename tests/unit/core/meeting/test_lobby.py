"""The lobby in virtual time: who waits, what hosts and those who wait are told, and how waiting ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StoreUnavailable, WireError
from core.meeting.lobby import PLACES, WAIT, Knocking
from core.records import RoomMember
from core.values import Access, Assurance, Person, Role, Room, RoomRole, RoomRules
from core.wire import events, requests
from core.wire.values import ClientInfo
from tests.support.people import person, room
from tests.support.telemetry import RecordingTelemetry, series
from tests.support.world import Client, World, open_world


def guest(name: str = "Ann", subject: str = "g-1") -> Person:
    low = {"role": Role.GUEST, "name_checked": False, "assurance": Assurance.LOW}
    return replace(person(subject, name=name), **low)


class Knocker:
    """Somebody before the door, with what it was told."""

    def __init__(self, world: World, who: Person) -> None:
        self.world = world
        self.who = who
        self.told: list[events.Event] = []
        self.hung_up: str | None = None
        self.found: Knocking | events.LobbyAdmitted | None = None

    def _hang_up(self, code: str) -> None:
        self.hung_up = code

    async def knock(self, address: str = "198.51.100.7") -> requests.KnockReply:
        request = requests.Knock(
            id=1, token=await self.world.token(self.who), client=ClientInfo(name="test", version="0")
        )
        reply, self.found = await self.world.registry.knock(
            request, address, self.told.append, self._hang_up
        )
        return reply

    @property
    def id(self) -> str:
        assert isinstance(self.found, Knocking)
        return self.found.id

    async def enter(self) -> Client:
        """With the token of `lobby.admitted`."""
        (admitted,) = self.told
        assert isinstance(admitted, events.LobbyAdmitted)
        return await self.world.enter(admitted.token)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = await open_world(tmp_path)
    await set_access(made, Access.RESTRICTED)
    yield made
    await made.close()


async def set_access(world: World, access: Access) -> Room:
    changed = replace(room(), rules=RoomRules(access=access))
    await world.store.change_room(changed)
    return changed


def shown(client: Client) -> list[str]:
    lobby = client.of(events.Lobby)[-1]
    assert isinstance(lobby, events.Lobby)
    return [one.name for one in lobby.people]


async def owner(world: World) -> Client:
    return await world.hello(person("x-1"))


async def test_who_knocks_is_shown_to_hosts_and_to_nobody_else(world: World) -> None:
    host = await owner(world)
    await world.store.put_member(RoomMember("r1", person("x-7").uri, RoomRole.MEMBER), 10)
    other = await world.hello(person("x-7"))
    reply = await Knocker(world, guest()).knock()
    await world.settle()
    assert shown(host) == ["Ann"] and not other.of(events.Lobby)
    assert reply.model_dump() == {"meeting": {"title": "Réunion", "slug": "slug-r1"}, "seconds": 600}


async def test_a_host_who_comes_later_sees_who_waits(world: World) -> None:
    await Knocker(world, guest()).knock()
    host = await owner(world)
    await world.settle()
    assert shown(host) == ["Ann"]


async def test_who_is_admitted_comes_in_with_a_fresh_token(world: World) -> None:
    host, waits = await owner(world), Knocker(world, guest())
    await waits.knock()
    await host.ask(requests.Admit(id=0, knock=waits.id))
    inside = await waits.enter()
    await world.settle()
    assert inside.session.participant.person.role is Role.GUEST and shown(host) == []
    assert not any(isinstance(event, events.Participants) for event in waits.told)


async def test_an_admission_is_good_for_a_minute_and_once(world: World) -> None:
    host, waits = await owner(world), Knocker(world, guest())
    await waits.knock()
    await host.ask(requests.AdmitAll(id=0))
    await world.run(60, step=5)
    with pytest.raises(WireError) as caught:
        await waits.enter()
    assert caught.value.code == "token_expired"


async def test_a_token_for_the_lobby_does_not_open_the_meeting(world: World) -> None:
    await owner(world)
    with pytest.raises(WireError) as caught:
        await world.hello(guest())
    assert caught.value.code == "lobby_required"


async def test_admit_all_lets_everybody_in_and_refuse_nobody(world: World) -> None:
    host = await owner(world)
    crowd = [Knocker(world, guest(f"Guest {n}", f"g-{n}")) for n in range(5)]
    for one in crowd:
        await one.knock()
    await host.ask(requests.Refuse(id=0, knock=crowd[0].id))
    await host.ask(requests.AdmitAll(id=0))
    assert [type(one.told[0]) for one in crowd] == [events.LobbyRefused] + [events.LobbyAdmitted] * 4
    assert crowd[0].told == [events.LobbyRefused(reason="host")] and crowd[0].hung_up is not None
    with pytest.raises(WireError) as caught:
        await host.ask(requests.Admit(id=0, knock=crowd[0].id))
    assert caught.value.code == "knock_unknown"


async def test_nobody_waits_longer_than_ten_minutes(world: World) -> None:
    waits = Knocker(world, guest())
    await waits.knock()
    await world.run(WAIT - 5, step=5)
    assert not waits.told
    await world.run(6, step=1)
    assert waits.told == [events.LobbyRefused(reason="timeout")] and waits.hung_up is not None


async def test_a_lobby_holds_a_hundred(world: World) -> None:
    for n in range(PLACES):
        await Knocker(world, guest(f"Guest {n}")).knock()
    with pytest.raises(WireError) as caught:
        await Knocker(world, guest("One more")).knock()
    assert caught.value.code == "lobby_full" and caught.value.retry_after
    again = Knocker(world, guest("Guest 3"))
    await again.knock()
    assert world.registry.lobbies.waiting("r1") == PLACES, "who waits already takes no second place"


async def test_the_same_person_knocking_twice_is_one_entry_and_keeps_its_place(world: World) -> None:
    host = await owner(world)
    for who in (person("x-40", "beispiel", name="Official"), guest("Ann")):
        first, between = Knocker(world, who), Knocker(world, guest(f"Other of {who.name}"))
        await first.knock()
        await between.knock()
        second = Knocker(world, replace(who, subject="g-9") if who.role is Role.GUEST else who)
        await second.knock()
        assert second.id == first.id and first.hung_up == "replaced"
    await world.settle()
    assert shown(host) == ["Official", "Other of Official", "Ann", "Other of Ann"]


async def test_two_guests_of_one_name_at_two_addresses_are_two(world: World) -> None:
    first, second = Knocker(world, guest()), Knocker(world, guest())
    await first.knock("198.51.100.7")
    await second.knock("198.51.100.8")
    assert first.hung_up is None and world.registry.lobbies.waiting("r1") == 2


async def test_who_goes_away_leaves_the_lobby(world: World) -> None:
    host, waits = await owner(world), Knocker(world, guest())
    await waits.knock()
    assert isinstance(waits.found, Knocking)
    world.registry.lobbies.leave(waits.found)
    await world.settle()
    assert shown(host) == []
    with pytest.raises(WireError):
        await host.ask(requests.Admit(id=0, knock=waits.id))


async def test_an_earlier_sockets_end_does_not_take_the_later_one_away(world: World) -> None:
    first, second = Knocker(world, guest()), Knocker(world, guest())
    await first.knock()
    await second.knock()
    assert isinstance(first.found, Knocking)
    world.registry.lobbies.leave(first.found)
    assert world.registry.lobbies.waiting("r1") == 1


async def test_a_store_that_fails_leaves_who_waits_where_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, waits = await owner(world), Knocker(world, guest())
    await waits.knock()

    async def fails(_token: object) -> None:
        raise StoreUnavailable("lost")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.of("exemple"), "add_join_token", fails)
        with pytest.raises(StoreUnavailable):
            await host.ask(requests.Admit(id=0, knock=waits.id))
    assert not waits.told
    await host.ask(requests.Admit(id=0, knock=waits.id))
    await waits.enter()


async def test_who_need_not_knock_any_more_is_let_in_at_once(world: World) -> None:
    waits = Knocker(world, guest())
    await set_access(world, Access.PUBLIC)
    await waits.knock()
    assert isinstance(waits.found, events.LobbyAdmitted)
    assert world.registry.lobbies.waiting("r1") == 0


async def test_a_lobby_outlives_a_meeting_that_everybody_left_and_not_one_that_a_host_ended(
    world: World,
) -> None:
    host, waits = await owner(world), Knocker(world, guest())
    await waits.knock()
    await host.ask(requests.Leave(id=0))
    await world.run(3)
    assert not waits.told
    again = await owner(world)
    await world.settle()
    assert shown(again) == ["Ann"]
    await again.ask(requests.EndForAll(id=0))
    assert waits.told == [events.LobbyRefused(reason="ended")]


async def test_a_guest_named_like_somebody_who_is_there_knocks_even_at_an_open_door(world: World) -> None:
    await set_access(world, Access.PUBLIC)
    host = await owner(world)
    assert (await world.hello(guest("Ann Other"))).id
    waits = Knocker(world, guest("\u0421am\u0456lle  durand", "g-2"))  # two of these letters are Cyrillic
    with pytest.raises(WireError) as caught:
        await world.hello(waits.who)
    assert caught.value.code == "lobby_required"
    await waits.knock()
    await world.settle()
    lobby = host.of(events.Lobby)[-1]
    assert isinstance(lobby, events.Lobby) and [one.lookalike for one in lobby.people] == [True]


async def test_what_becomes_of_those_who_wait_is_counted(world: World) -> None:
    host = await owner(world)
    for n in range(3):
        await Knocker(world, guest(f"Guest {n}")).knock()
    await host.ask(requests.AdmitAll(id=0))
    telemetry = world.services.telemetry
    assert isinstance(telemetry, RecordingTelemetry)
    assert telemetry.counts[series("entente_knocks_total", result="waiting")] == 3
    assert telemetry.counts[series("entente_lobby_total", outcome="admitted")] == 3
    assert telemetry.counts[series("entente_admissions_total", at="knock", result="lobby")] == 3


async def test_who_is_revoked_waits_no_more_and_comes_in_with_no_token_of_before(world: World) -> None:
    host, who = await owner(world), person("x-9", name="Inès Moreau")
    waits = Knocker(world, who)
    await waits.knock()
    before = await world.registry.lobbies.token(room(), who)
    await world.registry.expel(who.uri)
    assert waits.hung_up == "lobby_refused" and shown(host) == []
    with pytest.raises(WireError) as refused:
        await world.enter(before.token)
    assert refused.value.code == "token_expired"
    await world.run(1)
    again = Knocker(world, who)
    await again.knock()
    await host.ask(requests.Admit(id=0, knock=again.id))
    await again.enter()
