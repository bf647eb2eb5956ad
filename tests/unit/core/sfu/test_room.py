"""A room on a worker: what the engine is told, for whom, and how little of it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import PeerError, UserError
from core.meeting.permissions import EVERY
from core.sdp.layout import SlotId
from core.sfu.node import SEATING, Sfu
from core.sfu.room import Seat, SfuRoom
from core.sfu.slots import Track, Wish
from tests.support.clock import FakeClock
from tests.support.media import FakeMediaNode
from tests.support.rng import SeededRng

OFFER = (Path(__file__).parents[3] / "vectors/sdp/chromium-offer.sdp").read_bytes().decode()


class Heard:
    """`RoomOutput` that remembers."""

    def __init__(self) -> None:
        self.seats: dict[str, Sequence[Seat]] = {}
        self.speakers: Sequence[str] = ()
        self.levels: Mapping[str, int] = {}
        self.moves: list[tuple[str, int, str]] = []
        self.signed_off: list[str] = []

    def slots_changed(self, participant: str, seats: Sequence[Seat]) -> None:
        self.seats[participant] = seats

    def speakers_changed(self, speakers: Sequence[str], levels: Mapping[str, int]) -> None:
        self.speakers, self.levels = speakers, levels

    def must_move(self, participant: str, connection: int, reason: str) -> None:
        self.moves.append((participant, connection, reason))

    def signing_ended(self, participant: str) -> None:
        self.signed_off.append(participant)


class House:
    """A node with one room and some people in it."""

    def __init__(self, *names: str) -> None:
        self.media = FakeMediaNode()
        self.heard = Heard()
        self.clock = FakeClock()
        self.sfu = Sfu(self.media, SeededRng(7), self.clock)
        self.room: SfuRoom = self.sfu.open_room(self.heard)
        self.peers: dict[str, int] = {}
        for leaf, name in enumerate(names):
            self.come(name, leaf)
        self.room.flush()

    def come(self, name: str, leaf: int | None) -> None:
        self.room.attend(name)
        self.peers[name] = self.sfu.next_peer()
        self.room.answer(name, 0, OFFER, self.peers[name])
        if leaf is not None:
            self.room.set_leaf(name, leaf, 1)
        self.room.flush()

    def commands(self, kind: str) -> list[dict[str, Any]]:
        return [command[kind] for _, command in self.media.commands if kind in command]  # type: ignore[misc]

    def live(self, *tracks: tuple[str, str]) -> None:
        for name, source in tracks:
            self.room.set_source(name, source, "live")
        self.room.flush()


def test_a_peer_is_added_with_its_sections_and_its_leaf() -> None:
    house = House("a")
    added = house.commands("add_peer")[0]
    assert len(added["sections"]) == 21 and added["setup"] == "passive" and added["role"] == "lite"
    assert added["local"]["ufrag"].startswith("0000") and len(added["local"]["pwd"]) == 24
    assert len(added["remote"]["fingerprints"][0]["value"]) == 32
    assert house.commands("set_leaf")[-1] == {"peer": house.peers["a"], "leaf": 0}


def test_live_sources_fill_slots_of_others_and_never_of_their_owner() -> None:
    house = House("a", "b")
    house.live(("a", "microphone"), ("a", "camera"))
    told = house.commands("set_slots")
    assert {command["peer"] for command in told} == {house.peers["b"]}
    tracks = [slot["track"] for slot in told[-1]["slots"]]
    assert {(t["peer"], t["source"]) for t in tracks} == {
        (house.peers["a"], "microphone"),
        (house.peers["a"], "camera"),
    }
    assert all(slot["await_epoch"] == 1 for slot in told[-1]["slots"])
    assert Seat(SlotId("video", 0), Track("a", "camera")) in house.heard.seats["b"]
    count = len(house.media.commands)
    house.live(("a", "camera"))
    assert len(house.media.commands) == count, "nothing is told twice"


def test_somebody_without_a_leaf_neither_sees_nor_is_seen() -> None:
    house = House("a")
    house.come("b", None)
    house.live(("a", "camera"), ("b", "camera"))
    assert not house.commands("set_slots")
    house.room.set_leaf("b", 1, 2)
    house.room.flush()
    assert {command["peer"] for command in house.commands("set_slots")} == set(house.peers.values())


def test_the_consent_microphone_goes_to_no_member() -> None:
    house = House("a", "b")
    house.live(("a", "consent_microphone"))
    assert not house.commands("set_slots")


def test_a_view_chooses_the_layer() -> None:
    house = House("a", "b")
    house.live(("a", "camera"))
    house.room.set_view("b", [Wish(Track("a", "camera"), 90)])
    house.room.flush()
    assert house.commands("set_slots")[-1]["slots"][0]["max_layer"] == 0
    house.room.set_view("b", [])
    house.room.flush()
    assert house.commands("set_slots")[-1]["slots"][0]["track"] is None


def test_who_leaves_is_forwarded_to_nobody() -> None:
    house = House("a", "b")
    house.live(("a", "camera"))
    house.room.leave("a")
    house.room.flush()
    assert house.commands("remove_peer") == [{"peer": house.peers["a"]}]
    assert house.commands("set_slots")[-1]["slots"][0]["track"] is None


def test_a_hosts_mute_holds_until_its_owner_says_live() -> None:
    house = House("a", "b")
    house.room.mute("a", "microphone")
    house.room.set_source("a", "microphone", "live")
    muted = [command["muted"] for command in house.commands("set_muted")]
    assert muted == [True, False]


def test_what_somebody_may_not_send_is_told_to_the_engine_with_every_connection_and_fills_no_slot() -> None:
    house = House("b")
    house.room.attend("a")
    house.room.hold("a", EVERY - {"microphone"})
    house.come("a", 1)
    assert house.commands("add_peer")[-1]["publish"] == ["microphone"]
    house.live(("a", "camera"), ("a", "microphone"))
    shown = {slot["track"]["source"] for command in house.commands("set_slots") for slot in command["slots"]}
    assert shown == {"microphone"}
    # Whatever its owner says, and on the connection that it moves to as well.
    house.room.answer("a", 1, OFFER, 50)
    assert house.commands("add_peer")[-1]["publish"] == ["microphone"]
    assert not house.commands("set_publish")
    house.room.hold("a", EVERY - {"camera", "microphone"})
    both = ["microphone", "camera"]
    assert house.commands("set_publish") == [
        {"peer": peer, "sources": both} for peer in (house.peers["a"], 50)
    ]
    house.room.hold("a", EVERY - {*both})
    assert len(house.commands("set_publish")) == 2, "nothing is told twice"
    house.room.flush()
    assert Track("a", "camera") in [seat.track for seat in house.heard.seats["b"]]


def test_a_permission_that_ended_while_the_worker_was_behind_ends_there_too() -> None:
    house = House("a")
    house.media.full.add(0)
    house.room.hold("a", EVERY)
    house.media.full.clear()
    house.room.catch_up()
    assert house.commands("set_publish") == [{"peer": house.peers["a"], "sources": []}]


def test_growth_and_restart_keep_the_slots_ssrcs() -> None:
    house = House("a")
    grown = OFFER
    template = "m=video" + OFFER.split("m=video")[-1].split("m=audio")[0]
    mids = " ".join(str(n) for n in range(21))
    for n in range(21, 37):
        grown += re.sub(r"a=mid:\d+", f"a=mid:{n}", template)
        mids += f" {n}"
    grown = re.sub(r"BUNDLE [\d ]+", f"BUNDLE {mids}", grown)
    answer = house.room.answer("a", 0, grown, 99)
    before = house.commands("add_peer")[0]["sections"]
    after = house.commands("update_peer")[0]["sections"]
    assert after[:21] == before and len(after) == 37
    assert answer.count("m=video") == 2 + 9 + 2 + 16 and not house.commands("restart_ice")
    restarted = re.sub(r"a=ice-ufrag:\S+", "a=ice-ufrag:abcd", grown)
    again = house.room.answer("a", 0, restarted, 99)
    assert house.commands("restart_ice")[0]["remote"]["ufrag"] == "abcd"
    assert re.findall(r"a=ssrc:\d+", again) == re.findall(r"a=ssrc:\d+", answer)
    assert re.findall(r"a=ice-ufrag:\S+", again) != re.findall(r"a=ice-ufrag:\S+", answer)


@pytest.mark.parametrize("what", ["fingerprint", "mid", "number", "many", "stranger"])
def test_a_wrong_offer_is_refused(what: str) -> None:
    house = House("a")
    with pytest.raises(PeerError) as caught:
        match what:
            case "fingerprint":
                house.room.answer("a", 0, re.sub(r"sha-256 ..:", "sha-256 00:", OFFER), 9)
            case "mid":
                house.room.answer("a", 0, OFFER.replace("a=mid:20", "a=mid:x").replace(" 20\r", " x\r"), 9)
            case "number":
                house.room.answer("a", 2, OFFER, 9)
                house.room.answer("a", 1, OFFER, 9)
            case "many":
                house.room.answer("a", 1, OFFER, 9)
                house.room.answer("a", 2, OFFER, 9)
            case "stranger":
                house.room.answer("x", 0, OFFER, 9)
    assert caught.value.code in {"sdp_refused", "connection_unknown", "participant_unknown"}


def test_a_second_connection_takes_over_when_it_is_connected() -> None:
    house = House("a", "b")
    house.live(("a", "camera"))
    house.room.answer("a", 1, OFFER, 50)
    house.room.handle("connected", {"peer": house.peers["a"], "dtls": "1.2", "profile": "x"})
    house.room.flush()
    assert house.commands("set_slots")[-1]["slots"][0]["track"]["peer"] == house.peers["a"]
    house.room.close_connection("a", 0)
    house.room.handle("connected", {"peer": 50, "dtls": "1.2", "profile": "x"})
    house.room.flush()
    assert house.commands("set_slots")[-1]["slots"][0]["track"]["peer"] == 50


def test_a_dead_worker_makes_its_people_move_and_silence_does_not() -> None:
    house = House("a", "b")
    house.room.handle("lost", {"peer": house.peers["a"], "reason": "timeout"})
    assert not house.heard.moves
    house.room.handle("lost", {"peer": house.peers["a"], "reason": "panic"})
    assert house.heard.moves == [("a", 1, "panic")]


def test_speakers_and_levels_are_named_and_strangers_ignored() -> None:
    house = House("a", "b")
    house.room.handle("speakers", {"room": 1, "peers": [house.peers["b"], 777]})
    house.room.handle("levels", {"room": 1, "levels": [[house.peers["b"], 30], [777, 1]]})
    assert (list(house.heard.speakers), house.heard.levels) == (["b"], {"b": 30})


async def test_rooms_go_to_the_least_loaded_worker_and_none_when_all_are_full() -> None:
    media = FakeMediaNode(workers=2)
    sfu = Sfu(media, SeededRng(1), FakeClock())
    media.play(0, {"stats": {"load": 0.5}})
    await media.close()
    await sfu.run()
    first, second = sfu.open_room(Heard()), sfu.open_room(Heard())
    assert (first.worker, second.worker) == (1, 1)
    media.play(0, {"stats": {"load": 0.7}})
    media.play(1, {"stats": {"load": 0.7}})
    await media.close()
    await sfu.run()
    with pytest.raises(UserError) as caught:
        sfu.open_room(Heard())
    assert caught.value.code == "media_unavailable"


async def test_an_overflow_tells_the_engine_everything_again() -> None:
    house = House("a", "b")
    house.live(("a", "camera"))
    count = len(house.commands("set_slots"))
    house.media.play(0, {"overflow": {}})
    await house.media.close()
    await house.sfu.run()
    assert len(house.commands("set_slots")) == count + 1
    assert house.commands("set_slots")[-1] == house.commands("set_slots")[-2]


async def test_a_new_worker_is_told_of_the_room_before_anything_in_it() -> None:
    house = House("a")
    del house.media.commands[:]
    house.media.play(0, {"overflow": {}})
    await house.media.close()
    await house.sfu.run()
    assert house.media.commands[0] == (0, {"add_room": {"room": house.room.room}})


def test_somebody_who_leaves_while_the_worker_is_behind_is_removed_later() -> None:
    house = House("a", "b")
    house.media.full.add(0)
    house.room.leave("a")
    house.media.full.clear()
    house.room.catch_up()
    assert house.commands("remove_peer") == [{"peer": house.peers["a"]}]


def test_a_mute_that_ended_while_the_worker_was_behind_ends_there_too() -> None:
    house = House("a", "b")
    house.room.mute("a", "microphone")
    house.media.full.add(0)
    house.room.set_source("a", "microphone", "live")
    house.media.full.clear()
    house.room.catch_up()
    told = [one["muted"] for one in house.commands("set_muted") if one["source"] == "microphone"]
    assert (told[0], told[-2:]) == (True, [False, False])  # one for each of the two people


async def test_a_room_that_ended_while_the_worker_was_behind_is_removed_later() -> None:
    house = House("a")
    house.media.full.add(0)
    house.sfu.close_room(house.room)
    assert not house.commands("remove_room")
    house.media.full.clear()
    house.media.play(0, {"stats": {"load": 0.1}})
    await house.media.close()
    await house.sfu.run()
    assert house.commands("remove_room") == [{"room": house.room.room}]


async def test_a_worker_that_is_behind_is_tried_once_a_second_however_much_changes() -> None:
    names = [f"p{number}" for number in range(12)]
    house = House(*names)
    running = asyncio.create_task(house.sfu.run())
    command, tries = house.media.command, []
    house.media.command = lambda *a: (tries.append(a), command(*a))[1]  # type: ignore[method-assign]
    house.media.full.add(0)
    for _ in range(20):
        house.live(*((name, "camera") for name in names))
        house.room.set_source("p0", "microphone", "live")
        await house.clock.advance(SEATING)
    assert len(tries) == 1
    house.media.play(0, {"stats": {"load": 0.1}})
    await house.clock.advance(SEATING)
    assert len(tries) == 2
    house.media.full.clear()
    house.media.play(0, {"stats": {"load": 0.1}})
    await house.clock.advance(SEATING)
    assert house.room._behind is False and not house.room._dirty
    await house.media.close()
    await running


async def test_events_that_come_together_seat_people_once() -> None:
    house = House("a", "b")
    seated = []
    flush = house.room.flush
    house.room.flush = lambda: (seated.append(1), flush())[1]  # type: ignore[method-assign]
    for name in ("a", "b"):
        house.media.play(0, {"connected": {"peer": house.peers[name]}})
    await house.media.close()
    await house.sfu.run()
    await asyncio.sleep(0)
    assert len(seated) == 1


async def seated(house: House, run: Callable[[], Awaitable[None]]) -> int:
    """How often the room was seated while something went on."""
    count = 0
    flush = house.room.flush

    def counted() -> None:
        nonlocal count
        count += 1
        flush()

    house.room.flush = counted  # type: ignore[method-assign]
    running = asyncio.create_task(house.sfu.run())
    await run()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return count


async def test_a_change_after_a_quiet_time_is_carried_out_at_once() -> None:
    house = House("a", "b")

    async def one() -> None:
        await house.clock.advance(1)
        house.room.set_source("a", "camera", "live")
        for _ in range(5):
            await asyncio.sleep(0)
        assert house.commands("set_slots"), "no time has passed"

    await seated(house, one)


async def test_a_hundred_changes_within_a_second_seat_people_twenty_times_at_most() -> None:
    house = House("a", "b", "c")

    async def storm() -> None:
        for n in range(100):
            house.room.set_source("a", "camera", "live" if n % 2 else "off")
            house.room.set_view("b", [Wish(Track("a", "camera"), 100 + n)])
            await house.clock.advance(0.01)
        await house.clock.advance(0.1)

    assert 10 <= await seated(house, storm) <= 23
    told = [slot for command in house.commands("set_slots") for slot in command["slots"]]
    assert told[-1]["track"] == {"peer": house.peers["a"], "source": "camera"}, "the last change counts"


def test_a_change_seats_only_whom_it_may_concern() -> None:
    house = House("a", "b", "c", "d")
    house.room.set_view("b", [Wish(Track("a", "camera"), 360)])
    house.room.set_view("c", [Wish(Track("d", "camera"), 360)])
    house.room.set_view("d", [])
    house.room.flush()
    house.room.set_source("a", "camera", "live")
    assert house.room._dirty == {"b"}
    house.room.flush()
    house.room.set_view("c", [Wish(Track("a", "camera"), 90)])
    assert house.room._dirty == {"c"}, "a view is its owner's alone"


@pytest.mark.parametrize("seed", range(12))
def test_nobody_whom_a_change_concerns_is_passed_over(seed: int) -> None:  # noqa: C901 -- a list of deeds
    """Whatever happens: seating everybody afterwards changes nothing."""
    rng = random.Random(seed)
    names = [f"p{n}" for n in range(9)]
    house = House(*names[:7])
    here, connection = list(names[:7]), dict.fromkeys(names, 0)

    def speak() -> None:
        peers = [peer.peer for peer in house.room._peers.values()]
        house.room.handle("speakers", {"room": 1, "peers": rng.sample(peers, min(3, len(peers)))})

    def view() -> None:
        tracks = [Track(name, rng.choice(["camera", "screen"])) for name in rng.sample(names, 4)]
        house.room.set_view(rng.choice(here), [Wish(track, rng.choice([90, 300, 900])) for track in tracks])

    def source() -> None:
        kinds = ["microphone", "camera", "screen", "screen_sound"]
        house.room.set_source(rng.choice(here), rng.choice(kinds), rng.choice(["live", "live", "off",
        "muted"]))

    def flow() -> None:
        peer = rng.choice(list(house.room._peers.values()))
        kind = rng.choice(["track", "connected", "lost"])
        more = {"source": "camera", "layers": rng.randrange(4), "reason": "timeout"}
        house.room.handle(kind, {"peer": peer.peer, **more})

    def leaf() -> None:
        name = rng.choice(here)
        house.room.set_leaf(name, rng.choice([None, names.index(name), names.index(name)]), rng.randrange(9))

    def reconnect() -> None:
        name = rng.choice(here)
        open_now = house.room._people[name].connections
        if len(open_now) > 1 or rng.random() < 0.3:
            if open_now:
                house.room.close_connection(name, rng.choice(list(open_now)))
            return
        connection[name] += 1
        house.room.answer(name, connection[name], OFFER, house.sfu.next_peer())

    def come_or_go() -> None:
        name = rng.choice(names)
        if name in here and len(here) > 3:
            here.remove(name)
            house.room.leave(name)
        elif name not in here:
            here.append(name)
            connection[name] = 0
            house.come(name, names.index(name))

    def mute() -> None:
        house.room.mute(rng.choice(here), rng.choice(["microphone", "camera"]))

    acts = [speak, view, view, source, source, source, flow, leaf, reconnect, come_or_go, mute]
    for step in range(150):
        act = rng.choice(acts)
        act()
        house.room.flush()
        told, seats = len(house.commands("set_slots")), dict(house.heard.seats)
        house.room._all_dirty()
        house.room.flush()
        story = f"seed {seed}, step {step}: {act.__name__}"
        assert len(house.commands("set_slots")) == told and house.heard.seats == seats, story


@pytest.mark.parametrize("what", ["leaf", "close", "lost", "silence"])
def test_signing_ends_with_the_leaf_or_the_last_connection(what: str) -> None:
    """M4.7: whoever cannot be seen holds no speaker's place."""
    house = House("a", "b")
    house.room.set_signing("a", True)
    peer = house.peers["a"]
    assert house.commands("set_signing") == [{"peer": peer, "signing": True}]
    match what:
        case "leaf":
            house.room.set_leaf("a", None, 2)
            assert house.commands("set_signing")[-1] == {"peer": peer, "signing": False}
        case "close":
            house.room.close_connection("a", 0)
        case "lost":
            house.room.handle("lost", {"peer": peer, "reason": "panic"})
        case "silence":
            house.room.handle("lost", {"peer": peer, "reason": "timeout"})
    assert house.heard.signed_off == ([] if what == "silence" else ["a"])
    house.room.answer("a", 1, OFFER, 50)
    assert ({"peer": 50, "signing": True} in house.commands("set_signing")) == (what == "silence")


def test_signing_holds_over_a_move_and_is_told_to_a_new_connection() -> None:
    house = House("a")
    house.room.set_signing("a", True)
    house.room.answer("a", 1, OFFER, 50)
    house.room.close_connection("a", 0)
    assert house.commands("set_signing")[-1] == {"peer": 50, "signing": True}
    assert not house.heard.signed_off
    house.room.set_signing("a", False)
    assert house.commands("set_signing")[-1] == {"peer": 50, "signing": False}


def test_a_worker_that_was_behind_is_told_who_signs() -> None:
    house = House("a")
    house.media.full.add(0)
    house.room.set_signing("a", True)
    house.media.full.clear()
    house.room.catch_up()
    assert house.commands("set_signing") == [{"peer": house.peers["a"], "signing": True}]


def test_where_every_place_is_taken_a_microphone_concerns_who_hears_it_or_must() -> None:
    names = [f"p{n}" for n in range(8)]
    house = House(*names)
    house.live(*((name, "microphone") for name in names[:7]))
    heard = {t.participant for t in house.room._people["p7"].seated}
    silent = next(name for name in names[:7] if name not in heard and name != "p0")
    house.room.set_source(silent, "microphone", "off")
    assert "p7" not in house.room._dirty, "its place is not there to be given away"
    house.room.flush()
    house.room.handle("speakers", {"room": 1, "peers": [house.peers[silent]]})
    house.room.flush()
    house.room.set_source(silent, "microphone", "live")
    assert "p7" in house.room._dirty, "a speaker is heard whoever had the place"
    house.room.flush()
    quiet = sorted(heard & {t.participant for t in house.room._people["p7"].seated})[0]
    house.room.set_source(quiet, "microphone", "off")
    assert "p7" in house.room._dirty
