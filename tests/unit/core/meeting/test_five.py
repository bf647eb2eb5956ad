"""A meeting of five that goes on while a CA key is rotated or a certificate revoked (K2.3, K2.4): real
members, real delivery service, real signer, in virtual time."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgpack
import pytest

from core._native import e2ee
from core.client.frames import FrameOpener
from core.meeting.revoking import Revoker
from core.signer.keys import OVERLAP
from core.tenants.authority import issuer_of
from core.values import Room
from core.wire import events
from tests.support.people import DEPLOYMENT, TENANTS, person, room
from tests.support.signer import LocalSigner
from tests.support.world import Client, World, together
from tests.unit.core.client.test_frames import AUDIO as SOUND
from tests.unit.core.client.test_frames import opener, sealer

WITHIN = 2.0
"""Seconds from a revocation until its holder is gone (K2.4)."""


async def five(world: World) -> list[Client]:
    clients = []
    for number in range(5):
        tenant = "beispiel" if number == 4 else "exemple"
        clients.append(await world.join(person(f"x-{number}", tenant, f"Person {number}")))
        await world.run(0.3)
    await world.run(1.5)
    assert together(*clients)
    return clients


def room_two() -> Room:
    return replace(room(), id="r2", slug="second-room")


def revoker(world: World) -> Revoker:
    services = world.services
    return Revoker(
        services.store, services.signer, services.clock, services.rng, DEPLOYMENT, world.registry
    )


def keys(world: World) -> LocalSigner:
    assert isinstance(world.services.signer, LocalSigner)
    return world.services.signer


async def rotated(world: World) -> tuple[bytes, bytes]:
    """`exemple` has a new root, and the node has noticed; the old and the new one."""
    (old,) = (await keys(world).info()).roots["exemple"]
    keys(world).keys.rotate(TENANTS[0], world.clock.now(), world.clock.now())
    assert await world.services.standing.refresh()
    assert not await world.services.standing.refresh(), "the manifest is signed once"
    new, _ = (await keys(world).info()).roots["exemple"]
    return old, new


async def root_of(world: World, client: Client) -> bytes | None:
    """Which root vouches for this member."""
    leaves = {hashlib.sha256(leaf.content).digest(): leaf.content for leaf in await world.store.leaves()}
    certificate = client.session.participant.certificate
    assert certificate is not None
    return issuer_of(leaves[certificate], (await keys(world).info()).roots["exemple"])


async def test_a_ca_key_is_rotated_and_nobody_drops_and_newcomers_join_k2_3(world: World) -> None:
    clients = await five(world)
    before = world.services.deployment
    old, new = await rotated(world)
    after = world.services.deployment
    said = [msgpack.unpackb(e2ee.signed_peek("manifest", one.manifests[0])) for one in (before, after)]
    serials = [one["serial"] for one in said]
    assert serials == [1, 2] and len(after.roots["exemple"]) == 2
    await world.run(3)
    late = await world.join(person("x-9"))
    await world.run(1.5)
    assert together(*clients, late) and len(late.membership.roster) == 6
    assert late.hello.manifests == list(before.manifests), "its group is bound to the set it began with"
    assert await root_of(world, late) == old
    assert all(not client.alarms and client.hung_up is None for client in [*clients, late])
    await clients[0].say({"kind": "chat", "text": "still here"})
    await world.run(0.3)
    assert late.said and clients[4].said

    await world.store.create_room(room_two())
    other = await world.hello(person("x-0"), "r2")
    await other.begin()
    await world.run(0.5)
    assert other.hello.manifests == list(after.manifests) != list(before.manifests)
    assert await root_of(world, other) == new, "a meeting that begins now knows both, and the newer issues"


async def test_the_old_root_retires_and_leaves_the_manifest(world: World) -> None:
    _, new = await rotated(world)
    await world.clock.advance(OVERLAP / 1000)
    assert await world.services.standing.refresh()
    assert world.services.deployment.roots["exemple"] == (hashlib.sha256(new).digest(),)


async def test_after_a_rotation_a_revocation_reaches_meetings_of_either_root_k2_4(world: World) -> None:
    clients = await five(world)
    await rotated(world)
    await world.store.create_room(room_two())
    for subject in ("x-8", "x-1", "x-7"):
        other = await world.hello(person(subject), "r2")
        await other.begin()
        await world.run(0.8)
    twice, *stay = world.clients[-2], world.clients[-3], world.clients[-1]
    assert await revoker(world).by_subject("exemple", "x-1", "laptop stolen") == 2
    await world.run(WITHIN)
    assert clients[1].hung_up == "removed" and twice.hung_up == "removed"
    assert together(*(client for client in clients if client is not clients[1]))
    assert together(*stay) and all(len(client.membership.roster) == 2 for client in stay)
    assert all(not client.alarms for client in world.clients)


async def test_whose_certificate_is_revoked_is_gone_from_every_tree_within_2_s_and_nobody_else_drops_k2_4(
    world: World,
) -> None:
    clients = await five(world)
    gone, rest = clients[2], [client for client in clients if client is not clients[2]]
    epochs = {client.epoch for client in rest}
    began = world.clock.now()
    assert await revoker(world).by_subject("exemple", "x-2", "laptop stolen") == 1
    while not all(len(client.membership.roster) == 4 for client in rest):
        await world.run(0.05)
        assert world.clock.now() - began <= WITHIN * 1000
    assert together(*rest) and epochs == {rest[0].epoch - 1 if rest[0].epoch else None}
    assert gone.hung_up == "removed" and all(c.hung_up is None and not c.alarms for c in rest)
    certificate = gone.session.participant.certificate
    assert certificate is not None
    row = await world.store.certificate(certificate)
    assert row is not None and (row.subject, row.tenant, row.revoked) == ("x-2", "exemple", began)
    await rest[0].say({"kind": "chat", "text": "without them"})
    await world.run(0.3)
    assert all(client.said for client in rest[1:]) and not gone.said


async def test_a_hub_that_ignores_a_revocation_is_overridden_by_the_clients_k2_4(world: World) -> None:
    """It hands the revocation on, since one honest channel is enough, and keeps the leaf in the group."""
    clients = await five(world)
    gone, rest = clients[2], [client for client in clients if client is not clients[2]]
    certificate = gone.session.participant.certificate
    assert certificate is not None and gone.membership.member is not None
    data = await world.services.signer.sign_revocation("exemple", certificate, "laptop stolen")
    meeting = gone.session.meeting
    for client in rest:
        meeting.tell(client.id, events.GroupRevocation(data=data))
    sound, heard = sealer(gone), [opener(client) for client in rest]

    def hears(listener: FrameOpener) -> bool:
        wire = sound.seal(bytes(range(100)), True, world.clock.now())
        assert wire is not None
        return listener.open(SOUND, "opus", 0, wire, world.clock.now()) is not None

    for listener in heard:
        listener.revoked(world.clock.now())  # as a participant's stay does when it hands the revocation on
    await world.run(WITHIN - 0.1)
    assert all(map(hears, heard)), "the hub has 2 s"
    await world.run(0.2)
    assert not any(map(hears, heard)) and all(one.drops == {"revoked_leaf": 1} for one in heard)
    for client in rest:
        assert client.membership.member is not None
        with pytest.raises(e2ee.E2eeError, match="stopped_removal_pending"):
            client.membership.member.frame_sender("microphone", world.clock.now())
    await gone.say({"kind": "chat", "text": "am I still here?"})
    await world.run(0.3)
    assert len(rest[0].membership.roster) == 5, "the hub keeps the leaf"
    for client in rest:
        assert not client.said, "a message of the revoked leaf is not shown"
        assert client.alarms == ["revoked_leaf"]



