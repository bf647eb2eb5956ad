"""Revoking by subject or fingerprint (K2.4): whose certificates, what is stored, and how soon it acts."""

from __future__ import annotations

import hashlib

import msgpack
import pytest

from core._native import e2ee
from core.errors import OperatorError, PeerError, UserError
from core.meeting.revoking import Revoker
from core.tenants.sessions import Sessions
from core.values import RevocationRecord, UnixMillis
from core.wire import events, requests
from core.wire.values import ClientInfo
from tests.support.people import DEPLOYMENT, person
from tests.support.world import Client, World, together

INFO = ClientInfo(name="test", version="0")


def revoker(world: World) -> Revoker:
    services = world.services
    return Revoker(
        services.store, services.signer, services.clock, services.rng, DEPLOYMENT, world.registry
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


class Interrupted(Exception):
    """The node dies here."""


async def test_who_is_in_a_meeting_is_out_first_however_many_certificates_were_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = await meet(world)
    live = clients[1].session.participant
    for _ in range(5):
        spare = await world.hello(person("x-2"))
        await spare.ask(spare.membership.certify(spare.hello.nonce))
        await spare.ask(requests.Leave(id=0))
    sign, order = world.services.signer.sign_revocation, []

    async def signing(tenant: str, fingerprint: bytes, reason: str, root: bytes) -> bytes:
        order.append(fingerprint)
        if len(order) == 4:
            raise Interrupted
        return await sign(tenant, fingerprint, reason, root)

    monkeypatch.setattr(world.services.signer, "sign_revocation", signing)
    issued = [hashlib.sha256(one.content).digest() for one in await world.store.certificates(UnixMillis(0))]
    with pytest.raises(Interrupted):
        await revoker(world).by_subject("exemple", "x-2", "laptop stolen")
    await world.run(2)
    assert live.id not in live_people(world) and clients[1].hung_up == "removed"
    assert order == [live.certificate, *reversed(issued[-3:])], "then the newest"
    order.clear()
    order += [b"", b"", b"", b""]
    assert await revoker(world).by_subject("exemple", "x-2", "laptop stolen") == 6
    assert len(order) == 4 + 3, "what is revoked already is not signed again"
    assert len(await world.store.revocations(UnixMillis(0))) == 6


def live_people(world: World) -> set[str]:
    return {line.id for line in world.clients[0].session.meeting.people.values()}


async def test_a_revocation_that_was_stored_and_not_told_is_told_when_the_command_is_given_again(
    world: World,
) -> None:
    clients = await meet(world)
    certificate = clients[1].session.participant.certificate
    assert certificate is not None
    data = await world.services.signer.sign_revocation("exemple", certificate, "gone")
    await world.store.add_revocation(RevocationRecord("exemple", certificate, data, world.clock.now()))
    assert await revoker(world).by_fingerprint("exemple", certificate, "gone") == 1
    await world.run(2)
    assert clients[1].hung_up == "removed" and together(clients[0], clients[2])


async def test_a_revoked_person_has_no_login_left_and_no_token_nor_a_place_to_take_a_certificate_from(
    world: World,
) -> None:
    sessions = Sessions(world.store, world.clock, world.services.rng, ["exemple"])
    own, others = await sessions.open(person("x-2")), await sessions.open(person("x-1"))
    token, other_token = await world.token(person("x-2")), await world.token(person("x-1"))
    await world.hello(person("x-9"))
    lurker = await world.hello(person("x-2"))
    assert await revoker(world).by_subject("exemple", "x-2", "gone") == 0
    with pytest.raises(UserError, match="unauthorized"):
        await sessions.person(own)
    assert (await sessions.person(others)).subject == "x-1"
    with pytest.raises(UserError, match="token_unknown"):
        await world.registry.hello(requests.Hello(id=1, token=token, client=INFO))
    await world.registry.hello(requests.Hello(id=1, token=other_token, client=INFO))
    assert lurker.hung_up == "removed"
    with pytest.raises(PeerError, match="out_of_order"):
        await lurker.ask(lurker.membership.certify(lurker.hello.nonce))
    with pytest.raises(OperatorError):
        await revoker(world).by_subject("exemple", "x-2", "gone")
