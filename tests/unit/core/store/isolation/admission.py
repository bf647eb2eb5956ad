"""Who may come into A's room, and changes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import insert

from core.ports.admission import TenantState
from core.records import RoomMember
from core.store import SqlStore
from core.store.engine import writing
from core.store.tables import accounts
from core.values import Access, Quota, RoomRole, RoomRules, TenantRules, UnixMillis
from tests.support import people
from tests.support.clock import START
from tests.unit.core.store.isolation import Probe

ORDER = 1
ROOM = people.room()
ADDRESS = "x@exemple.fr"
MEMBER = RoomMember("r1", f"mailto:{ADDRESS}", RoomRole.COHOST)
URI = people.person().uri
RULES = RoomRules(access=Access.RESTRICTED, share="hosts")
LATER = UnixMillis(START + 1)


async def seed(store: Any) -> None:
    """A co-host of A's room by an address, and an account with one."""
    await store.put_member(MEMBER, 10)
    if not isinstance(store, SqlStore):
        store.addresses["exemple", "x-1"] = ADDRESS
        return
    account = {"tenant": "exemple", "subject": "x-1", "issuer": "https://idp", "provider_subject": "1"}
    rest = {"name": "Camille", "email": ADDRESS, "assurance": "low", "rights": [], "blocked": False}
    async with writing(store._engine) as connection:
        await connection.execute(insert(accounts).values(**account, **rest, created=START, seen=START))


PROBES = {
    "trusted_address": Probe(lambda store: store.trusted_address("exemple", "x-1", "exemple")),
    "standing": Probe(lambda store: store.standing("r1", (URI,))),
    "exclude": Probe(lambda store: store.exclude("m1", URI, LATER)),
    "set_door": Probe(lambda store: store.set_door("m1", locked=True, guests_knock=True)),
    "set_rules": Probe(lambda store: store.set_rules("r1", RULES)),
    "change_room": Probe(lambda store: store.change_room(replace(ROOM, title="Autre"))),
    "set_participant_role": Probe(lambda store: store.set_participant_role("p1", RoomRole.AUDIENCE)),
    "put_member": Probe(lambda store: store.put_member(replace(MEMBER, who="mailto:y@exemple.fr"), 10)),
    "remove_member": Probe(lambda store: store.remove_member("r1", MEMBER.who), foreign=False),
    "members": Probe(lambda store: store.members("r1", "", 10), foreign=[]),
    "rooms_page": Probe(lambda store: store.rooms_page(ROOM.owner, None, 10), foreign=[]),
    "tenant_state": Probe(
        lambda store: store.tenant_state(), foreign=TenantState(TenantRules(), Quota(), False)
    ),
    "open_rooms": Probe(lambda store: store.open_rooms(10), foreign=0),
}
