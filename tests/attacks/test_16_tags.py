"""Attack 16: tags that MLS adds, tampered with under a good signature of the author (K4.1).

The hub has no secrets to check them with. Members do, and name the author; the epoch goes to the next
committer. """

from __future__ import annotations

from typing import Any

import pytest

from core.client.events import Alarm
from core.e2ee.delivery import Delivery
from core.wire import events, requests
from tests.support.forge import Forger
from tests.support.world import World, together

PLACES = {"membership tag": -1, "confirmation tag": -34}


@pytest.mark.parametrize("place", PLACES)
async def test_attack_16_bad_tags_under_a_good_signature_name_their_author(world: World, place: str) -> None:
    forger = Forger(await world.hello(), b"\x16" * 32)
    await forger.join()
    await world.run(0.3)
    others = [await world.join()]
    await world.run(1.5)
    others += [await world.join()]
    await world.run(1.5)
    assert together(forger.client, *others)
    ordering = forger.client.session.meeting.ordering
    assert isinstance(ordering, Delivery) and ordering._group is not None
    ordering._group.books.last_committer = 99  # the rotation begins again, with the forger
    forger.client.ignore = {requests.GroupCommit}
    others += [await world.join()]
    await world.run(0.1)
    commit: Any = forger.client.withheld[-1]
    data = bytearray(commit.commit)
    data[PLACES[place]] ^= 1
    await forger.client.ask(forger.submission(commit, bytes(data)))
    forger.client.ignore = set()
    await world.run(6)
    assert any(client.of(events.GroupWithdrawn) for client in others)
    seen = {(news.code, news.detail) for client in others for news in client.news if isinstance(news, Alarm)}
    assert {code for code, _ in seen} == {"commit_tags"}, seen
    assert together(*others) and len(others[0].membership.roster) == len(others) + 1
