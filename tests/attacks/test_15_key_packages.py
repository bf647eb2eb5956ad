"""Attack 15: a key package that is reused, expired, of the wrong suite, or one of very many."""

from __future__ import annotations

import pytest

from core.errors import WireError
from core.values import UnixMillis
from core.wire import requests
from tests.attacks.test_14_ghosts import certified, pair, refused
from tests.support.world import World, together


async def test_a_key_package_is_used_once(world: World) -> None:
    first, second = await pair(world)
    joiner, thief = await world.hello(), await world.hello()
    data = await certified(joiner)
    await certified(thief)
    await joiner.ask(requests.KeyPackage(id=0, data=data))
    assert "key_package_refused" in await refused(joiner, requests.KeyPackage(id=0, data=data))
    assert "key_package_refused" in await refused(thief, requests.KeyPackage(id=0, data=data))
    await world.run(0.5)
    assert together(first, second, joiner)
    code = await refused(joiner, requests.KeyPackage(id=0, data=data))
    assert code.startswith(("key_package_refused", "already_done"))


async def test_an_expired_certificate_does_not_join(world: World) -> None:
    await pair(world)
    joiner = await world.hello()
    data = await certified(joiner)
    day = 25 * 3600 * 1000
    world.clock._start = UnixMillis(world.clock._start + day)
    code = await refused(joiner, requests.KeyPackage(id=0, data=data))
    world.clock._start = UnixMillis(world.clock._start - day)
    assert code == "key_package_refused: certificate_expired"


async def test_without_a_certificate_there_is_no_key_package(world: World) -> None:
    joiner = await world.hello()
    assert await refused(joiner, requests.KeyPackage(id=0, data=b"x")) == "out_of_order: certify first"


async def test_one_participant_has_one_leaf(world: World) -> None:
    first, _ = await pair(world)
    with pytest.raises(WireError) as caught:
        await first.begin(first.hello.nonce)
    assert caught.value.code == "out_of_order"
    assert len(first.membership.roster) in (0, 2)
