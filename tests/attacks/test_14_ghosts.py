"""Attack 14: a ghost member or device, a commit nobody announced, a credential of the wrong tenant."""

from __future__ import annotations

from pathlib import Path

import msgpack
import pytest

from core._native import e2ee
from core.errors import WireError
from core.values import CertificateRequest
from core.wire import events, requests
from tests.support.people import DEPLOYMENT, TENANTS, person
from tests.support.signer import LocalSigner
from tests.support.world import Client, World, together


async def refused(client: Client, request: requests.Request) -> str:
    with pytest.raises(WireError) as caught:
        await client.ask(request)
    return f"{caught.value.code}: {caught.value.detail}"


async def pair(world: World) -> tuple[Client, Client]:
    first = await world.join()
    await world.run(0.3)
    second = await world.join()
    await world.run(1.5)
    return first, second


async def certified(client: Client) -> bytes:
    """A certified leaf's key package, not handed in."""
    reply = await client.ask(client.membership.certify(client.hello.nonce))
    assert isinstance(reply, requests.CertifyReply)
    package = client.membership.certified(reply.chain, client.world.clock.now())
    assert isinstance(package, requests.KeyPackage)
    return package.data


async def test_a_participant_cannot_bring_somebody_elses_leaf(world: World) -> None:
    await pair(world)
    ghost, friend = await world.hello(), await world.hello()
    await certified(ghost)
    data = await certified(friend)
    assert "key_package_refused" in await refused(ghost, requests.KeyPackage(id=0, data=data))


async def test_a_second_device_needs_a_second_certificate(world: World) -> None:
    first, _ = await pair(world)
    other = e2ee.LeafKey.generate()
    proof = other.sign_certify(first.hello.nonce, first.id)
    code = await refused(first, requests.Certify(id=0, public_key=other.public, proof=proof))
    assert code.startswith("out_of_order"), "the nonce of hello serves once"
    assert first.membership.member is not None


async def test_a_certificate_of_a_foreign_authority_is_refused(world: World, tmp_path: Path) -> None:
    await pair(world)
    ghost = await world.hello()
    key = e2ee.LeafKey.generate()
    foreign = LocalSigner(tmp_path / "foreign", DEPLOYMENT, TENANTS, world.clock)
    await ghost.ask(
        requests.Certify(id=0, public_key=key.public, proof=key.sign_certify(ghost.hello.nonce, ghost.id))
    )
    proof = key.sign_certify(bytes(32), ghost.id)
    who = ghost.session.participant.person
    asked = CertificateRequest(who, ghost.id, key.public, bytes(32), proof)
    chain = await foreign.issue_certificate(asked)
    with pytest.raises(e2ee.E2eeError) as caught:
        ghost.membership._key = key
        ghost.membership.certified(list(chain), world.clock.now())
    assert caught.value.args[0] == "chain_untrusted"


async def test_a_certificate_in_another_persons_name_is_refused(world: World) -> None:
    """The signer certifies who the node says; the hub still compares leaf and participant."""
    await pair(world)
    ghost = await world.hello(person("x-9"))
    key = e2ee.LeafKey.generate()
    await ghost.ask(
        requests.Certify(id=0, public_key=key.public, proof=key.sign_certify(ghost.hello.nonce, ghost.id))
    )
    proof = key.sign_certify(bytes(32), ghost.id)
    wrong = CertificateRequest(person("x-77"), ghost.id, key.public, bytes(32), proof)
    chain = await world.services.signer.issue_certificate(wrong)
    ghost.membership._key = key
    package = ghost.membership.certified(list(chain), world.clock.now())
    assert "key_package_refused" in await refused(ghost, package)


@pytest.mark.parametrize("what", ["nonce", "participant", "key"])
async def test_a_proof_for_something_else_certifies_nothing(world: World, what: str) -> None:
    ghost = await world.hello()
    key = e2ee.LeafKey.generate()
    nonce = bytes(32) if what == "nonce" else ghost.hello.nonce
    name = "p_aaaaaaaaaaaaaaaa" if what == "participant" else ghost.id
    public = e2ee.LeafKey.generate().public if what == "key" else key.public
    proof = key.sign_certify(nonce, name)
    code = await refused(ghost, requests.Certify(id=0, public_key=public, proof=proof))
    assert code.startswith("certify_refused")


async def test_a_commit_that_leaves_an_announced_change_out_is_refused_and_the_next_one_named(
    world: World,
) -> None:
    first, second = await pair(world)
    third = await world.join()
    await world.settle()
    members = [first, second, third]
    assert together(*members)
    for client in members:
        client.sleep()
    joiners = [await world.join(), await world.join()]
    await world.run(0.3)
    propose = first.of(events.GroupPropose)[-1]
    assert isinstance(propose, events.GroupPropose) and len(propose.proposals) == 2
    named = next(c for c in members if c.membership.member and c.membership.member.leaf == propose.committer)
    assert named.membership.member is not None
    member, now = named.membership.member, world.clock.now()
    member.propose(propose.epoch, propose.attempt, propose.committer, propose.proposals[:1], now)
    made = msgpack.unpackb(member.commit(propose.epoch, propose.attempt, now))
    fields = {k: made[k] for k in ("commit", "welcome", "group_info", "signature")}
    submission = requests.GroupCommit(id=0, epoch=propose.epoch, attempt=propose.attempt, **fields)
    assert await refused(named, submission) == "commit_refused: commit_proposals"
    for client in members:
        client.wake()
    await world.run(1)
    assert together(*members, *joiners), "the meeting goes on with the next committer"
    last = first.of(events.GroupPropose)[-1]
    assert isinstance(last, events.GroupPropose) and last.committer != propose.committer


async def test_only_the_named_member_commits(world: World) -> None:
    first, second = await pair(world)
    for client in (first, second):
        client.ignore = {requests.GroupCommit}
    joiner = await world.join()
    await world.settle()
    committer, other = (first, second) if first.withheld else (second, first)
    commit = committer.withheld[-1]
    assert (await refused(other, commit)).startswith("not_committer")
    assert (await refused(joiner, commit)).startswith("not_committer")
    stale = commit.model_copy(update={"attempt": 7})
    assert (await refused(committer, stale)).startswith("attempt_unknown")
    await committer.ask(commit)
    code = await refused(committer, commit)
    assert code.startswith(("attempt_unknown", "already_done")), "a replayed commit is nothing new"
    await world.run(0.5)
    assert together(first, second, joiner)
