"""Revoking by subject or fingerprint (K2.4): whose certificates, what is stored, and how soon it acts."""

from __future__ import annotations

import hashlib

import msgpack
import pytest

from core._native import e2ee
from core.errors import OperatorError
from core.meeting.revoking import Revoker
from core.wire import events
from tests.support.people import DEPLOYMENT, person
from tests.support.world import Client, World, together


def revoker(world: World) -> Revoker:
    services = world.services
    return Revoker(
        services.store, services.signer, services.clock, services.rng, DEPLOYMENT, world.registry.revoke
    )


async def meet(world: World) -> list[Client]:
    clients = []
    for who in (person("x-1"), person("x-2"), person("b-1", tenant="beispiel", name="Jonas Weber")):
        clients.append(await world.join(who))
        await world.run(0.3)
    await world.run(1.5)
    assert together(*clients)
    return clients


async def test_within_2_s_whose_certificate_is_revoked_is_out_and_the_others_go_on(world: World) -> None:
    first, second, third = await meet(world)
    count = await revoker(world).by_subject("exemple", "x-2", "laptop stolen")
    await world.run(2)
    assert count == 1 and second.hung_up == "removed"
    assert together(first, third) and len(first.membership.roster) == 2
    assert [event.reason for event in second.of(events.Removed)] == ["revocation"]  # type: ignore[attr-defined]
    assert not first.alarms and not third.alarms
    (stored,) = await world.store.revocations(world.clock.now() - 10_000)  # type: ignore[arg-type]
    fields = msgpack.unpackb(e2ee.signed_peek("revocation", stored.data))
    assert (fields["tenant"], fields["reason"]) == ("exemple", "laptop stolen")
    assert [leaf.content for leaf in await world.store.leaves() if leaf.kind == "revocation"] == [stored.data]


async def test_every_certificate_of_a_person_is_revoked_and_nobody_elses(world: World) -> None:
    first, second, third = await meet(world)
    again = await world.join(person("x-2"))
    await world.run(1.5)
    assert await revoker(world).by_subject("exemple", "x-2", "gone") == 2
    await world.run(2)
    assert together(first, third) and len(first.membership.roster) == 2
    assert second.hung_up == again.hung_up == "removed"


async def test_by_its_fingerprint_one_certificate_alone_is_revoked(world: World) -> None:
    first, second, third = await meet(world)
    again = await world.join(person("x-2"))
    await world.run(1.5)
    fingerprint = again.session.participant.certificate
    assert fingerprint is not None
    assert await revoker(world).by_fingerprint("exemple", fingerprint, "gone") == 1
    await world.run(2)
    assert together(first, second, third) and again.hung_up == "removed"


async def test_what_was_never_issued_or_by_another_ministry_is_not_revoked(world: World) -> None:
    clients = await meet(world)
    fingerprint = clients[2].session.participant.certificate
    assert fingerprint is not None
    for tenant, subject in (("exemple", "x-77"), ("beispiel", "x-2"), ("exemple", "x-")):
        with pytest.raises(OperatorError):
            await revoker(world).by_subject(tenant, subject, "gone")
    for tenant, which in (("exemple", fingerprint), ("beispiel", hashlib.sha256(b"").digest())):
        with pytest.raises(OperatorError):
            await revoker(world).by_fingerprint(tenant, which, "gone")
    await world.run(2)
    assert together(*clients) and not clients[0].of(events.GroupRevocation)


async def test_a_certificate_that_has_run_out_needs_no_revocation(world: World) -> None:
    await meet(world)
    await world.clock.advance(25 * 3600)
    with pytest.raises(OperatorError):
        await revoker(world).by_subject("exemple", "x-2", "gone")
