"""Who a room knows and what its door says, in a database: views of one tenant, pages, and what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.errors import StoreConflict
from core.ports.admission import Place
from core.records import RoomMember
from core.store import SqlStore, open_store, tables
from core.values import Access, ParticipantRecord, RoomRole, RoomRules, UnixMillis
from tests.support.clock import START
from tests.support.people import TENANTS, person, room


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite+aiosqlite:///{tmp_path}/test.sqlite")
    for tenant in TENANTS:
        await opened.of(tenant.id).put_tenant(tenant)
    await opened.of("exemple").create_room(room())
    yield opened
    await opened.close()


URI = person("x-7").uri


async def test_a_rooms_best_word_about_a_person_counts(store: SqlStore) -> None:
    own = store.of("exemple")
    standing = await own.standing("r1", (URI,))
    assert standing is not None and standing.role is None and standing.meeting is None
    await own.put_member(RoomMember("r1", "mailto:x@example.org", RoomRole.COHOST), 10)
    await own.put_member(RoomMember("r1", URI, RoomRole.MEMBER), 10)
    both = await own.standing("r1", (URI, "mailto:x@example.org"))
    alone = await own.standing("r1", (URI,))
    owner = await own.standing("r1", (person().uri,))
    assert both is not None and alone is not None and owner is not None
    assert (both.role, alone.role, owner.role) == (RoomRole.COHOST, RoomRole.MEMBER, RoomRole.OWNER)


async def test_another_tenants_view_finds_no_room_and_changes_nothing(store: SqlStore) -> None:
    own, other = store.of("exemple"), store.of("beispiel")
    await own.put_member(RoomMember("r1", URI, RoomRole.COHOST), 10)
    assert await other.standing("r1", (URI,)) is None
    assert await other.members("r1", "", 10) == [] and await other.rooms_page(person().uri, None, 9) == []
    assert not await other.remove_member("r1", URI)
    await other.change_room(replace(room(), title="taken"))
    await other.set_rules("r1", RoomRules(access=Access.RESTRICTED))
    standing = await own.standing("r1", (URI,))
    assert standing is not None and standing.room == room() and standing.role is RoomRole.COHOST


async def test_a_door_an_exclusion_and_a_role_are_kept_with_the_meeting(store: SqlStore) -> None:
    own = store.of("exemple")
    meeting = await own.start_meeting("r1", "m1", START)
    record = ParticipantRecord("p_1", meeting.id, person("x-7"), START, tenant="exemple")
    await own.add_participant(record)
    await own.set_participant_role("p_1", RoomRole.AUDIENCE)
    await own.set_door("m1", locked=True, guests_knock=True)
    before = await own.standing("r1", (URI,))
    assert before is not None and before.meeting is not None
    assert (before.was, before.excluded) == (RoomRole.AUDIENCE, False)
    assert (before.meeting.locked, before.meeting.guests_knock) == (True, True)
    for _ in range(2):
        await own.exclude("m1", URI, START)
    after = await own.standing("r1", (URI,))
    assert after is not None and (after.was, after.excluded) == (None, True)
    await own.end_meeting("m1", START)
    over = await own.standing("r1", (URI,))
    assert over is not None and (over.was, over.excluded) == (None, False), "it was that meeting alone"


async def test_rooms_come_in_pages_newest_first_without_loss_or_double(store: SqlStore) -> None:
    own = store.of("exemple")
    for n in range(7):
        await own.create_room(replace(room(f"n{n}"), created=UnixMillis(START + n // 2)))
    seen: list[str] = []
    place: Place | None = None
    while page := await own.rooms_page(person().uri, place, 3):
        seen += [one.id for one in page]
        place = Place(page[-1].created, page[-1].id)
    assert seen == ["n6", "n4", "n5", "n2", "n3", "n0", "n1", "r1"]


async def test_people_come_in_pages_and_no_more_than_there_may_be(store: SqlStore) -> None:
    own = store.of("exemple")
    for n in range(5):
        await own.put_member(RoomMember("r1", f"mailto:{n}@example.org", RoomRole.MEMBER), 5)
    with pytest.raises(StoreConflict):
        await own.put_member(RoomMember("r1", "mailto:9@example.org", RoomRole.MEMBER), 5)
    await own.put_member(RoomMember("r1", "mailto:3@example.org", RoomRole.COHOST), 5)
    page = await own.members("r1", "mailto:2@example.org", 2)
    assert [(one.who, one.role.value) for one in page] == [
        ("mailto:3@example.org", "cohost"),
        ("mailto:4@example.org", "member"),
    ]
    assert await own.remove_member("r1", "mailto:3@example.org")
    assert not await own.remove_member("r1", "mailto:3@example.org")


async def test_closed_rooms_count_no_more(store: SqlStore) -> None:
    own = store.of("exemple")
    await own.create_room(room("r2"))
    assert (await own.open_rooms(9), await own.open_rooms(1), await store.of("beispiel").open_rooms(9)) == (
        2, 1, 0,
    )  # fmt: skip
    await own.change_room(replace(room("r2"), closed=START))
    assert await own.open_rooms(9) == 1


@pytest.mark.parametrize(
    ("claimed_by", "room_tenant", "trusted"),
    [
        ("exemple", "beispiel", True),
        ("beispiel", "exemple", False),
        (None, "exemple", True),
        (None, "beispiel", False),
    ],
)
async def test_an_address_counts_only_where_its_ministry_may_speak_for_it(
    store: SqlStore, claimed_by: str | None, room_tenant: str, trusted: bool
) -> None:
    """Any provider can say any address: one of another tenant must not open a room by claiming a member's."""
    async with store._engine.begin() as connection:
        account = {
            "tenant": "exemple", "subject": "x-7", "issuer": "i", "provider_subject": "s", "name": "N",
            "email": "Minister@Gouv.Example", "assurance": "low", "rights": [], "blocked": False,
            "created": START, "seen": START,
        }  # fmt: skip
        await connection.execute(insert(tables.accounts).values(account))
        if claimed_by is not None:
            provider = {
                "id": "p", "tenant": claimed_by, "name": "P", "issuer": "i", "client_id": "c", "scopes": [],
                "acr_values": [], "claims": {}, "user_info": False, "enabled": True, "created": START,
            }  # fmt: skip
            await connection.execute(insert(tables.providers).values(provider))
            domain = {"domain": "gouv.example", "tenant": claimed_by, "provider": "p"}
            await connection.execute(insert(tables.provider_domains).values(domain))
    found = await store.of("exemple").trusted_address("exemple", "x-7", room_tenant)
    assert found == ("minister@gouv.example" if trusted else None)
    assert await store.of("beispiel").trusted_address("exemple", "x-7", room_tenant) is None
