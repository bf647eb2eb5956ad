"""Attack 16: trailing bytes, wrong lengths, altered handshakes: refused at the hub; the meeting goes on."""

from __future__ import annotations

import random
from typing import Any

import pytest

from core.wire import events, requests
from tests.attacks.test_14_ghosts import certified, pair, refused
from tests.support.world import World, together

SEED = 16


def mangled(data: bytes, count: int) -> list[bytes]:
    """Cut, lengthened and altered at `count` places; the seed is in the module."""
    rng = random.Random(SEED)
    changed = [data + b"\\x00", data[:-1], data[: len(data) // 2], b"\\xff" * 40, data[:1] * 400]
    for _ in range(count):
        place = rng.randrange(len(data))
        changed.append(data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :])
    return changed


async def test_a_mangled_key_package_joins_nobody(world: World) -> None:
    first, second = await pair(world)
    joiner = await world.hello()
    data = await certified(joiner)
    for wrong in mangled(data, 40):
        code = await refused(joiner, requests.KeyPackage(id=0, data=wrong[:8192]))
        assert code.startswith(("key_package_refused", "suite_refused"))
    await joiner.ask(requests.KeyPackage(id=0, data=data))
    await world.run(0.5)
    assert together(first, second, joiner)


@pytest.mark.parametrize(("field", "flips"), [("commit", 25), ("signature", 25), ("welcome", 0)])
async def test_a_mangled_submission_is_refused_and_the_next_committer_named(
    world: World, field: str, flips: int
) -> None:
    first, second = await pair(world)
    for client in (first, second):
        client.ignore = {requests.GroupCommit}
    joiner = await world.join()
    for turn in range(5):
        await world.run(0.6)
        committer = next(c for c in (first, second) if c.withheld)
        commit: Any = committer.withheld[-1]
        wrong = mangled(getattr(commit, field), flips)[-1 - turn][: 1024 if field == "signature" else None]
        code = await refused(committer, commit.model_copy(update={field: wrong}))
        assert code.startswith(("commit_refused", "bad_message")), code
        for client in (first, second):
            client.withheld.clear()
    assert len(first.of(events.GroupStaged)) == 1, "nothing of it was announced"
    for client in (first, second):
        client.ignore = set()
    await world.run(8)
    assert together(first, second, joiner)


async def test_a_joiner_whose_welcome_does_not_open_rejoins_as_a_fresh_leaf(world: World) -> None:
    """The hub cannot see inside a Welcome; the joiner that never confirms is asked to come again."""
    first, second = await pair(world)
    for client in (first, second):
        client.ignore = {requests.GroupCommit}
    joiner = await world.join()
    await world.settle()
    committer = first if first.withheld else second
    commit: Any = committer.withheld[-1]
    for client in (first, second):
        client.ignore = set()
    wrong = commit.welcome[:-1] + bytes([commit.welcome[-1] ^ 1])
    await committer.ask(commit.model_copy(update={"welcome": wrong}))
    await world.run(5)
    assert together(first, second) and joiner.epoch is None and joiner.alarms
    await world.run(10)
    assert together(first, second, joiner) and len(first.membership.roster) == 3


async def test_a_commit_without_its_welcome_is_refused(world: World) -> None:
    first, second = await pair(world)
    for client in (first, second):
        client.ignore = {requests.GroupCommit}
    await world.join()
    await world.settle()
    committer = first if first.withheld else second
    commit = committer.withheld[-1].model_copy(update={"welcome": None})
    assert (await refused(committer, commit)).startswith("commit_refused")


async def test_a_mangled_receipt_counts_for_nothing(world: World) -> None:
    first, second = await pair(world)
    for client in (first, second):
        client.ignore = {requests.GroupReceipt}
    joiner = await world.hello()
    joiner.ignore = {requests.GroupReceipt}
    await joiner.begin()
    await world.settle()
    receipt: Any = first.withheld[-1]
    for wrong in mangled(receipt.receipt, 60):
        code = await refused(first, requests.GroupReceipt(id=0, receipt=wrong))
        assert code.startswith(("receipt_refused", "attempt_unknown"))
    assert (await refused(second, receipt)).startswith("receipt_refused"), "it is another leaf's"
    await first.ask(receipt)
    await second.ask(second.withheld[-1])
    await world.settle()
    assert together(first, second)


async def test_a_mangled_group_is_not_created(world: World) -> None:
    first = await world.hello()
    first.ignore = {requests.GroupCreated}
    await first.begin()
    await world.settle()
    created: Any = first.withheld[-1]
    for wrong in mangled(created.group_info, 25):
        code = await refused(first, created.model_copy(update={"group_info": wrong}))
        assert code.startswith(("commit_refused", "bad_message"))
    for wrong in mangled(created.tree, 25):
        code = await refused(first, created.model_copy(update={"tree": wrong}))
        assert code.startswith(("commit_refused", "bad_message"))
    other = await world.hello()
    assert (await refused(other, created)).startswith("out_of_order")
    await first.ask(created)
