"""Newcomers that would spoil every commit that takes them: refused, found out, and never in the way of a
removal; certificates that are revoked before their leaf is there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.e2ee.batch import HOPELESS, MAX_ADDS, portion, take
from core.e2ee.delivery import Delivery
from core.e2ee.members import Books, Member, Removal, Waiting
from core.e2ee.newcomers import Newcomers
from core.errors import WireError
from core.wire import events, requests
from tests.support.forge import Forger, Package
from tests.support.world import Client, World, together


async def meeting_of(world: World, count: int) -> list[Client]:
    clients = []
    for _ in range(count):
        clients.append(await world.join())
        await world.run(0.3)
    await world.run(1.5)
    assert together(*clients)
    return clients


def run_of(client: Client) -> Any:
    ordering = client.session.meeting.ordering
    assert isinstance(ordering, Delivery) and ordering._group is not None
    return ordering._group


async def repeating(world: World, which: str, of: bytes) -> tuple[Forger, bytes]:
    """A key package in good order, but for a key that is another's."""
    forger = Forger(await world.hello(), bytes([len(world.clients)]) * 32)
    package, other = Package.read(await forger.certified()), Package.read(of)
    if which == "init_key":
        package.init_key = other.init_key
    else:
        package.encryption_key = other.encryption_key
    return forger, package.write(forger.key)


async def honest(world: World) -> tuple[Client, bytes]:
    """Somebody whose key package is not handed in yet."""
    client = await world.hello()
    reply = await client.ask(client.membership.certify(client.hello.nonce))
    assert isinstance(reply, requests.CertifyReply)
    package = client.membership.certified(reply.chain, world.clock.now())
    assert isinstance(package, requests.KeyPackage)
    return client, package.data


@pytest.mark.parametrize("which", ["init_key", "encryption_key"])
async def test_a_key_package_that_repeats_a_newcomers_key_is_refused(world: World, which: str) -> None:
    clients = await meeting_of(world, 2)
    newcomer, data = await honest(world)
    forger, wrong = await repeating(world, which, data)
    await newcomer.ask(requests.KeyPackage(id=0, data=data))
    with pytest.raises(WireError, match="key_package_refused"):
        await forger.client.ask(requests.KeyPackage(id=0, data=wrong))
    await world.run(1.5)
    assert together(*clients, newcomer)


async def test_a_key_package_that_repeats_a_members_key_is_refused(world: World) -> None:
    clients = await meeting_of(world, 2)
    newcomer, data = await honest(world)
    await newcomer.ask(requests.KeyPackage(id=0, data=data))
    await world.run(1.5)
    forger, wrong = await repeating(world, "encryption_key", data)
    with pytest.raises(WireError, match="key_package_used"):
        await forger.client.ask(requests.KeyPackage(id=0, data=wrong))
    assert together(*clients, newcomer)


async def test_a_key_package_that_repeats_a_key_of_one_being_added_is_refused(world: World) -> None:
    clients = await meeting_of(world, 2)
    newcomer, data = await honest(world)
    for client in [*clients, newcomer]:
        client.ignore = {requests.GroupReceipt}
    await newcomer.ask(requests.KeyPackage(id=0, data=data))
    await world.settle()
    await newcomer.ask(requests.Leave(id=0))
    forger, wrong = await repeating(world, "init_key", data)
    with pytest.raises(WireError, match="repeats a key"):
        await forger.client.ask(requests.KeyPackage(id=0, data=wrong))


async def spoiled(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Client], Forger]:
    """A meeting with a newcomer in it that no committer can add, which the hub did not see."""
    clients = await meeting_of(world, 3)
    newcomer, data = await honest(world)
    forger, wrong = await repeating(world, "encryption_key", data)
    await newcomer.ask(requests.KeyPackage(id=0, data=data))
    run = run_of(clients[0])
    monkeypatch.setattr(run._newcomers, "check", lambda *_: None)
    await forger.client.ask(requests.KeyPackage(id=0, data=wrong))
    return [*clients, newcomer], forger


async def test_a_newcomer_that_no_commit_can_take_does_not_keep_anybody_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K4.6: a removal goes at once, and without the adds once an attempt with them has failed."""
    clients = await meeting_of(world, 4)
    newcomer, data = await honest(world)
    await newcomer.ask(requests.KeyPackage(id=0, data=data))
    await world.run(1.5)
    forger, wrong = await repeating(world, "encryption_key", data)
    run = run_of(clients[0])
    checked = await run._tree.check_key_package((await honest(world))[1], world.clock.now())
    uri = ("test.localhost", "exemple", forger.client.session.participant.person.subject)
    leaf_key = forger.client.session.participant.leaf_key

    async def blind(*_: object) -> object:
        return replace(checked, uri=uri, leaf_key=leaf_key)

    monkeypatch.setattr(run._tree, "check_key_package", blind)
    await forger.client.ask(requests.KeyPackage(id=0, data=wrong))
    monkeypatch.undo()
    await world.run(4)
    assert run._number >= 3, "every attempt that adds it fails"
    host, target = clients[0], clients[1]
    await host.ask(requests.Remove(id=0, participant=target.id))
    await world.settle()
    left = [client for client in [*clients, newcomer] if client is not target]
    assert together(*left) and len(host.membership.roster) == len(left), "in no time at all"


async def test_one_that_spoils_every_commit_is_found_and_the_others_come_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, forger = await spoiled(world, monkeypatch)
    more = [await world.join() for _ in range(6)]
    await world.run(20, step=0.25)
    assert forger.client.of(events.GroupRejoin)
    everybody = [*members, *more, forger.client]
    assert together(*everybody), "it came again, with a key package in good order"
    assert len(members[0].membership.roster) == len(everybody)


async def test_a_newcomer_that_spoils_every_commit_comes_last_when_it_comes_again() -> None:
    books = Books()
    for leaf in range(3):
        books.members[f"m{leaf}"] = Member(f"m{leaf}", bytes([leaf]), leaf, True, 0, 0, 0.0)

    def waiting(name: str, failures: int, since: float = 0.0) -> Waiting:
        keys = frozenset({name.encode()})
        made = Waiting(name, name.encode(), b"", b"", since, keys, ("d", "t", name.encode()))
        return replace(made, failures=failures)

    for number in range(20):
        books.waiting[f"w{number}"] = waiting(f"w{number}", 0, 1.0 + number)
    books.waiting["bad"] = waiting("bad", 4)
    assert "bad" not in {one.participant for one in take(books).adds} and len(take(books).adds) == 20
    books.removals[2] = Removal(2, "host", True, 0.0)
    assert len(take(books).removals) == 1 and len(take(books).adds) == 20
    assert take(books, adds_failed=True).adds == ()
    books.members["m0"].connected = books.members["m1"].connected = False
    assert take(books, adds_failed=True).adds, "alone nobody could confirm a removal (K3.3)"
    sizes = [portion(failures) for failures in range(HOPELESS)]
    assert sizes == [MAX_ADDS, MAX_ADDS, 16, 4, 1, 1]


async def revocation_of(world: World, client: Client) -> bytes:
    certificate = client.session.participant.certificate
    assert certificate is not None
    return await world.services.signer.sign_revocation("exemple", certificate, "key lost")


async def test_a_certificate_revoked_while_its_key_package_waits_is_not_proposed(world: World) -> None:
    clients = await meeting_of(world, 2)
    third = await world.join()
    await world.run(0.1)
    waiting = await world.join()
    await waiting.world.settle()
    assert waiting.id in run_of(clients[0]).books.waiting
    await world.registry.revoke(await revocation_of(world, waiting))
    friend = await world.join()
    await world.run(3)
    assert together(*clients, third, friend) and len(clients[0].membership.roster) == 4
    assert waiting.of(events.Removed) and waiting.hung_up == "removed"
    assert not any(client.alarms for client in [*clients, third, friend])


@pytest.mark.parametrize("submitted", [False, True])
async def test_a_certificate_revoked_while_it_is_being_added_is_withdrawn_at_once(
    world: World, submitted: bool
) -> None:
    clients = await meeting_of(world, 3)
    newcomer = await world.hello()
    for client in [*clients, newcomer]:
        client.ignore = {requests.GroupReceipt if submitted else requests.GroupCommit}
    await newcomer.begin()
    await world.settle()
    assert run_of(clients[0])._attempt is not None
    for client in clients:
        client.ignore = set()
    await world.registry.revoke(await revocation_of(world, newcomer))
    await world.settle()
    assert newcomer.of(events.Removed) and bool(clients[0].of(events.GroupWithdrawn)) == submitted
    friend = await world.join()
    await world.run(3)
    assert together(*clients, friend) and len(clients[0].membership.roster) == 4
    assert not any(client.alarms or client.refused for client in [*clients, friend])


async def test_a_revoked_certificate_is_refused_when_it_comes_later(world: World) -> None:
    clients = await meeting_of(world, 2)
    newcomer, data = await honest(world)
    certificate = newcomer.session.participant.certificate
    newcomer.session.participant.certificate = None  # as if it were another's: nobody is put out
    assert certificate is not None
    await world.registry.revoke(
        await world.services.signer.sign_revocation("exemple", certificate, "key lost")
    )
    with pytest.raises(WireError, match="revoked"):
        await newcomer.ask(requests.KeyPackage(id=0, data=data))
    assert together(*clients)


async def test_whose_certificate_is_revoked_before_it_has_a_key_package_is_out(world: World) -> None:
    clients = await meeting_of(world, 2)
    newcomer, _ = await honest(world)
    await world.registry.revoke(await revocation_of(world, newcomer))
    assert newcomer.of(events.Removed) and newcomer.id not in newcomer.session.meeting.people
    assert not clients[1].of(events.Removed)


async def test_whose_certificate_is_revoked_creates_no_group(world: World) -> None:
    first = await world.hello()
    first.ignore = {requests.GroupCreated}
    await first.begin()
    await world.settle()
    certificate = first.session.participant.certificate
    first.session.participant.certificate = None
    assert certificate is not None
    data = await world.services.signer.sign_revocation("exemple", certificate, "key lost")
    await world.registry.revoke(data)
    with pytest.raises(WireError, match="revoked"):
        await first.ask(first.withheld[-1])


async def test_a_revocation_that_no_authority_signed_concerns_nobody(world: World) -> None:
    clients = await meeting_of(world, 2)
    data = bytearray(await revocation_of(world, clients[1]))
    data[-1] ^= 1
    with pytest.raises(WireError, match="commit_refused"):
        await world.registry.revoke(bytes(data))
    await world.run(1)
    assert together(*clients) and not clients[0].of(events.GroupRevocation)


async def test_a_newcomer_hears_of_a_revocation_that_came_before_it(world: World) -> None:
    """The one revoked is still in the tree it joins (K2.4)."""
    clients = await meeting_of(world, 4)
    target = clients[2]
    newcomer = await world.hello()
    for client in [*clients, newcomer]:
        client.ignore = {requests.GroupReceipt}
    await newcomer.begin()
    await world.settle()
    await world.registry.revoke(await revocation_of(world, target))
    assert newcomer.of(events.GroupRevocation)
    for client in [*clients, newcomer]:
        client.ignore = set()
        if client is not target:
            await client.ask(client.withheld[-1])
    await world.run(1)
    left = [client for client in clients if client is not target]
    assert together(*left, newcomer) and len(left[0].membership.roster) == 4


async def test_packages_taken_apart_and_put_together_are_the_same(world: World) -> None:
    """Of the forger itself: what it does not change is accepted."""
    clients = await meeting_of(world, 2)
    forger = Forger(await world.hello(), b"\x77" * 32)
    data = await forger.certified()
    assert Package.read(data).write(forger.key) == data
    await forger.client.ask(requests.KeyPackage(id=0, data=data))
    await world.run(1)
    assert together(*clients, forger.client)


async def test_one_that_comes_again_is_told_nothing_of_the_leaf_it_has_dropped(world: World) -> None:
    """Its removal goes alone here, because an attempt with its new key package has failed."""
    clients = await meeting_of(world, 4)
    again = clients[1]
    member = again.membership.member
    assert member is not None
    report = member.failure_report(member.epoch, 0, bytes(32), "commit_invalid")
    for client in clients:
        client.ignore = {requests.GroupCommit}
    await again.ask(requests.GroupFailed(id=0, epoch=member.epoch, attempt=0, report=report))
    await world.run(1.5)
    for client in clients:
        client.ignore = set()
    await clients[0].say({"t": "hand", "up": True})
    await world.run(6)
    assert together(*clients) and len(clients[0].membership.roster) == 4
    assert not any(client.alarms for client in clients)


@pytest.mark.parametrize("meanwhile", [True, False])
async def test_a_new_key_package_after_each_withdrawal_is_no_clean_slate(
    world: World, meanwhile: bool
) -> None:
    """Whoever spoils each commit is alone in it after a few, however many key packages come."""
    clients = await meeting_of(world, 2)
    books = Books(members=run_of(clients[0]).books.members)
    newcomers = Newcomers(run_of(clients[0])._context, books, {})

    def hand_in(who: str, number: int) -> None:
        ref = bytes([number]) * 32
        facts = {"ref": ref, "leaf_key": ref, "keys": frozenset({ref}), "certificate": ("", "", ref)}
        checked: Any = SimpleNamespace(**facts)
        newcomers.queue(who, checked, ref)

    hand_in("honest", 100)
    hand_in("forger", 0)
    for number in range(1, 6):
        adds = take(books).adds
        if "forger" not in [one.participant for one in adds]:
            break
        if meanwhile:
            hand_in("forger", number)
        newcomers.suspect(adds)
        if not meanwhile:
            hand_in("forger", number)
        assert books.waiting["forger"].failures == number
    assert portion(books.waiting["forger"].failures) == 1
