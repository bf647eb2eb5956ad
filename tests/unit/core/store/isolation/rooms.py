"""Tenants, rooms, meetings, tokens and participants of A."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.store.rooms import TOKEN_GRACE
from core.values import UnixMillis
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import Probe

ORDER = 0
LATER = UnixMillis(START + TOKEN_GRACE + 60_001)
ROOM = people.room()
TOKEN = people.join_token()


async def seed(store: Any) -> None:
    """A room with a meeting, somebody in it and somebody about to come."""
    await store.create_room(ROOM)
    await store.start_meeting("r1", "m1", START)
    await store.add_join_token(TOKEN)
    await store.add_participant(people.participant())


PROBES = {
    "put_tenant": Probe(lambda store: store.put_tenant(replace(people.TENANTS[0], name="Autre"))),
    "tenants": Probe(lambda store: store.tenants(), foreign=[people.TENANTS[1]]),
    "create_room": Probe(lambda store: store.create_room(people.room("r2"))),
    "room": Probe(lambda store: store.room(ROOM.slug)),
    "room_by_id": Probe(lambda store: store.room_by_id("r1")),
    "rooms_of": Probe(lambda store: store.rooms_of(ROOM.owner), foreign=[]),
    "start_meeting": Probe(lambda store: store.start_meeting("r1", "m2", START)),
    "await_people": Probe(lambda store: store.await_people("m1", LATER)),
    "live_meetings": Probe(lambda store: store.live_meetings(), foreign=[]),
    "end_meeting": Probe(lambda store: store.end_meeting("m1", LATER)),
    "add_join_token": Probe(lambda store: store.add_join_token(people.join_token(b"other"))),
    "redeem_join_token": Probe(lambda store: store.redeem_join_token(TOKEN.hash, START)),
    "add_participant": Probe(lambda store: store.add_participant(people.participant("p2"))),
    "set_leaf_key": Probe(lambda store: store.set_leaf_key("p1", b"k" * 32)),
    "set_left": Probe(lambda store: store.set_left("p1", LATER)),
    "participants": Probe(lambda store: store.participants("m1"), foreign=[]),
    "purge": Probe(lambda store: store.purge(LATER), foreign=0),
}
