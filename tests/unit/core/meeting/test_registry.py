"""The registry when something fails on the way: nobody stays as a ghost, nothing is forgotten before it is
stored, and who was removed is told so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import StoreUnavailable, UserError
from core.meeting import registry as module
from core.values import Person
from core.wire import events, requests
from tests.support.people import person
from tests.support.world import World


async def fails(*_: object) -> None:
    raise StoreUnavailable("gone")


async def test_a_person_who_could_not_be_stored_is_no_ghost_and_the_meeting_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(world.store.of("exemple"), "add_participant", fails)
        patched.setattr(world.store.of("exemple"), "set_left", fails)
        with pytest.raises(StoreUnavailable, match="gone"):
            await world.hello()
    assert world.registry.people("r1") == 0
    await world.run(2)
    assert not await world.store.live_meetings()


async def test_whoever_no_manifest_of_the_meeting_vouches_for_is_refused_by_name(world: World) -> None:
    stranger: Person = person("z-1", tenant="unserved")
    with pytest.raises(UserError, match="certificates_unavailable"):
        await world.hello(stranger)
    assert world.registry.people("r1") == 0


def suspend(world: World, tenant: str) -> None:
    """As the node hears of it with its next look at the database."""
    standing = world.services.standing
    tenants = tuple(replace(one, suspended=one.id == tenant) for one in standing.deployment.tenants)
    standing._deployment = replace(standing.deployment, tenants=tenants)


async def test_a_token_of_before_lets_nobody_of_a_suspended_tenant_into_anothers_room(world: World) -> None:
    token = await world.token(person("b-1", tenant="beispiel"))
    suspend(world, "beispiel")
    with pytest.raises(UserError, match="tenant_suspended"):
        await world.enter(token)
    assert world.registry.people("r1") == 0


async def test_a_suspended_tenants_meetings_end_and_anothers_go_on(world: World) -> None:
    client = await world.join(person("x-1"))
    suspend(world, "beispiel")
    await world.run(3)
    assert world.registry.people("r1") == 1
    suspend(world, "exemple")
    await world.run(3)
    assert world.registry.people("r1") == 0 and not await world.store.live_meetings()
    assert client.of(events.Ended)[-1].reason == "tenant_suspended"


async def test_a_person_who_cannot_be_greeted_is_no_ghost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(world.registry, "_hello_reply", failing)
    with pytest.raises(KeyError):
        await world.hello(person("x-1"))
    assert world.registry.people("r1") == 0


@pytest.mark.parametrize("away", [True, False])
async def test_who_was_removed_is_told_so_and_not_to_come_in_anew(world: World, away: bool) -> None:
    host, guest = await world.join(person("x-1")), await world.join(person("x-2"))
    await world.run(1.5)
    request = requests.Resume(id=1, participant=guest.id, last_seq=0)
    session, reply = world.registry.resume(request)
    if away:
        await guest.lose_socket()
    await host.ask(requests.Remove(id=0, participant=guest.id))
    with pytest.raises(UserError, match="removed"):
        world.registry.resume(request)
    with pytest.raises(UserError, match="removed"):
        world.registry.prove(session, reply.nonce, guest.membership.sign_resume(reply.nonce))
    with pytest.raises(UserError, match="removed"):
        await session.meeting.returned(session.participant, 0)


async def test_whose_time_is_over_may_come_in_anew(world: World) -> None:
    await world.join(person("x-1"))
    late = await world.join(person("x-2"))
    await world.run(1.5)
    await late.lose_socket()
    await world.run(31, step=1)
    with pytest.raises(UserError, match="resume_expired"):
        world.registry.resume(requests.Resume(id=1, participant=late.id, last_seq=0))


async def test_a_store_that_fails_once_ends_neither_the_sweeps_nor_the_memory_of_a_meeting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.join()
    await world.run(0.5)
    with monkeypatch.context() as patched:
        patched.setattr(world.store.of("exemple"), "end_meeting", fails)
        await client.ask(requests.Leave(id=0))
        await world.run(3, step=1)
        assert len(await world.store.live_meetings()) == 1
    await world.run(2, step=1)
    assert not await world.store.live_meetings()


async def test_what_is_over_is_forgotten_daily_and_again_when_that_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    purges = []

    async def purge(_: object) -> int:
        purges.append(world.clock.monotonic())
        if len(purges) == 1:
            raise StoreUnavailable("gone")
        return 0

    monkeypatch.setattr(world.store, "purge", purge)
    monkeypatch.setattr(module, "PURGE", 10.0)
    for task in world.tasks:
        task.cancel()
    again = World(world.services, world.registry, world.joint)
    await again.run(25, step=1)
    assert purges == [10, 11, 21]
    for task in again.tasks:
        task.cancel()
