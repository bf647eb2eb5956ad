"""Frames of headless participants are sealed or dropped, opened or refused, never anything between (K5)."""

from __future__ import annotations

import msgpack
import pytest

from core.client.frames import FrameOpener, FrameSealer
from core.client.stay import Stay
from core.wire import events, requests
from tests.support.people import person
from tests.support.world import Client, World

PACKET = b"\xfc" + bytes(range(79))
PICTURE = b"\x10" + bytes(400)
AUDIO = ("audio", 0)
VIDEO = ("video", 0)


async def two(world: World) -> tuple[Client, Client]:
    first, second = await world.join(person("x-1")), await world.join(person("x-2"))
    await world.run(1)
    assert first.epoch == second.epoch == 1
    return first, second


async def third_comes_while_asleep(world: World, first: Client, second: Client) -> None:
    """First is in epoch 2, of which second has heard nothing. Who sleeps confirms nothing: it takes long."""
    second.sleep()
    await world.join(person("x-3"))
    await world.run(6)
    assert first.epoch == 2 and second.epoch == 1


def sealer(client: Client, kind: str = "microphone", codec: str = "opus") -> FrameSealer:
    return FrameSealer(kind, codec, lambda: client.membership.member)  # type: ignore[arg-type]


def opener(client: Client) -> FrameOpener:
    return FrameOpener(lambda: client.membership.member, lambda: client.membership.roster)


async def test_a_frame_opens_under_its_senders_name(world: World) -> None:
    first, second = await two(world)
    wire = sealer(first).seal(PACKET, True, world.clock.now())
    assert wire is not None and PACKET not in wire
    opened = opener(second).open(AUDIO, "opus", 960, wire, world.clock.now())
    assert opened is not None
    own = next(line for line in first.membership.roster.values() if line.is_self)
    assert (opened.data, opened.sender.name, opened.timestamp) == (PACKET, own.name, 960)


async def test_without_an_epoch_no_frame_is_sealed_k5_7(world: World) -> None:
    client = await world.hello(person("x-1"))
    sound = sealer(client)
    assert sound.seal(PACKET, True, world.clock.now()) is None
    assert sound.drops == {"not_reached": 1} and sound.sealed == 0


async def test_alone_nothing_is_sealed_k3_3(world: World) -> None:
    client = await world.join(person("x-1"))
    await world.run(1)
    sound = sealer(client)
    assert sound.seal(PACKET, True, world.clock.now()) is None
    assert sound.drops == {"stopped_alone": 1}


async def test_an_empty_frame_is_dropped_and_counted(world: World) -> None:
    first, _ = await two(world)
    sound = sealer(first)
    assert sound.seal(b"", True, world.clock.now()) is None
    assert sound.drops == {"empty_frame": 1}


async def test_a_frame_is_handed_on_once_whichever_slot_brings_it_k5_3(world: World) -> None:
    first, second = await two(world)
    wire = sealer(first).seal(PACKET, True, world.clock.now())
    assert wire is not None
    slots = opener(second)
    assert slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is not None
    assert slots.open(("audio", 1), "opus", 0, wire, world.clock.now()) is None
    assert slots.opened == 1 and sum(slots.drops.values()) == 1


@pytest.mark.parametrize("slot", [VIDEO, ("screen", 0), ("screen_sound", 0), ("unheard_of", 0)])
async def test_a_microphone_in_a_foreign_slot_is_refused_k5_3(world: World, slot: tuple[str, int]) -> None:
    first, second = await two(world)
    wire = sealer(first).seal(PACKET, True, world.clock.now())
    assert wire is not None
    slots = opener(second)
    assert slots.open(slot, "opus", 0, wire, world.clock.now()) is None
    assert slots.drops == {"wrong_kind": 1}


async def test_a_consent_microphone_is_refused_by_members_k7_2(world: World) -> None:
    first, second = await two(world)
    wire = sealer(first, "consent_microphone").seal(PACKET, True, world.clock.now())
    slots = opener(second)
    if wire is not None:
        assert slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is None
    assert slots.opened == 0


@pytest.mark.parametrize("place", [0, 3, 12, -1])
async def test_a_frame_altered_anywhere_is_refused(world: World, place: int) -> None:
    first, second = await two(world)
    wire = bytearray(sealer(first).seal(PACKET, True, world.clock.now()) or b"")
    wire[place] ^= 1
    slots = opener(second)
    assert slots.open(AUDIO, "opus", 0, bytes(wire), world.clock.now()) is None
    assert slots.opened == 0


@pytest.mark.parametrize("wire", [b"", b"\x00", b"\xff" * 5, bytes(200)])
async def test_what_is_no_frame_is_dropped_by_name(world: World, wire: bytes) -> None:
    _, second = await two(world)
    slots = opener(second)
    assert slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is None
    assert slots.opened == 0


async def test_sizes_of_sound_are_constant_less_the_header_k5_6(world: World) -> None:
    first, _ = await two(world)
    sound = sealer(first)
    frames = [bytes([1]) * length for length in (90, 3, 70, 41, 90)]
    sizes = {len(sound.seal(frame, True, world.clock.now()) or b"") for frame in frames}
    assert len(sizes) == 1


async def test_a_latecomer_opens_nothing_from_before(world: World) -> None:
    first, _ = await two(world)
    wire = sealer(first).seal(PACKET, True, world.clock.now())
    assert wire is not None
    third = await world.join(person("x-3"))
    await world.run(1)
    assert third.epoch == 2
    slots = opener(third)
    assert slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is None
    assert slots.opened == 0


async def test_a_frame_of_an_epoch_not_reached_waits_a_second_and_no_longer_k4_5(world: World) -> None:
    first, second = await two(world)
    await third_comes_while_asleep(world, first, second)
    picture = sealer(first, "camera", "vp8").seal(PICTURE, True, world.clock.now())
    assert picture is not None
    slots = opener(second)
    assert slots.open(VIDEO, "vp8", 0, picture, world.clock.now()) is None
    second.wake()
    await world.run(0.2)
    assert second.epoch == 2
    waited = list(slots.retry(set(), world.clock.now()))
    assert [frame.data for frame in waited] == [PICTURE] and waited[0].key_frame


async def test_a_frame_that_waited_too_long_is_dropped_k4_5(world: World) -> None:
    first, second = await two(world)
    await third_comes_while_asleep(world, first, second)
    wire = sealer(first).seal(PACKET, True, world.clock.now())
    assert wire is not None
    slots = opener(second)
    assert slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is None
    await world.run(1.2)
    second.wake()
    await world.run(0.2)
    assert second.epoch == 2
    assert list(slots.retry(set(), world.clock.now())) == []
    assert slots.drops == {"held_too_long": 1}


async def test_a_leavers_frames_open_nothing_more_once_it_is_removed(world: World) -> None:
    first, second = await two(world)
    third = await world.join(person("x-3"))
    await world.run(1)
    sound = sealer(third)
    slots = opener(second)
    now = world.clock.now()
    one, two_ = sound.seal(PACKET, True, now), sound.seal(PACKET, True, now)
    assert one is not None and two_ is not None
    assert slots.open(AUDIO, "opus", 0, one, now) is not None
    leaf = next(line.leaf for line in third.membership.roster.values() if line.is_self)
    await third.ask(requests.Leave(id=0))
    await world.run(4)
    assert second.epoch == 3 and leaf not in second.membership.roster
    assert list(slots.retry({leaf}, world.clock.now())) == []
    assert slots.open(AUDIO, "opus", 960, two_, world.clock.now()) is None
    assert slots.opened == 1 and first.epoch == 3


async def test_a_key_in_use_opens_nothing_of_a_revoked_leaf_after_2_s_k2_4(world: World) -> None:
    """Even where the node goes on forwarding: it tells of the revocation and does not remove the leaf."""
    first, second = await two(world)
    stay = Stay(None, second.hello, world.clock, {}, None, False)  # type: ignore[arg-type]
    stay.membership = second.membership
    sound, slots = sealer(first), stay.opener

    def heard() -> bool:
        wire = sound.seal(PACKET, True, world.clock.now())
        assert wire is not None
        return slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is not None

    assert heard()
    assert first.membership.member is not None
    lines = msgpack.unpackb(first.membership.member.roster())
    fingerprint = next(line["identity"]["fingerprint"] for line in lines if line["self"])
    data = await world.services.signer.sign_revocation("exemple", fingerprint, "lost device")
    await stay._work(events.GroupRevocation(data=data))
    for _ in range(20):
        await world.run(0.1)
        assert heard()
    await world.run(0.05)
    assert not heard()
    assert slots.drops == {"revoked_leaf": 1}


async def test_a_key_is_derived_once_and_again_when_an_epoch_is_to_be_deleted_k4_5(world: World) -> None:
    """A member that only listens is told nothing for hours: frames must make it delete."""
    first, second = await two(world)
    await third_comes_while_asleep(world, first, second)
    second.wake()
    await world.run(0.2)
    asked: list[int] = []

    class Counted:
        """The member, and when it was asked for a key."""

        @property
        def epoch(self) -> int:
            return second.epoch or 0

        def frame_receiver(self, kid: int, now: int) -> bytes:
            assert second.membership.member is not None
            asked.append(now)
            return second.membership.member.frame_receiver(kid, now)

    sound = sealer(first)
    slots = FrameOpener(Counted, lambda: second.membership.roster)  # type: ignore[arg-type]
    reached = world.clock.now()
    assert list(slots.retry(set(), reached)) == []
    for _ in range(80):
        wire = sound.seal(PACKET, True, world.clock.now())
        assert wire is not None and slots.open(AUDIO, "opus", 0, wire, world.clock.now()) is not None
        await world.run(0.1)
    assert asked == [reached, reached + 5_100]
