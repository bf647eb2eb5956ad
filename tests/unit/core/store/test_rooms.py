"""Rooms, meetings, join tokens and participants in the store."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import StoreConflict, StoreUnavailable, UserError
from core.ports import Store
from core.store import open_store
from core.store.rooms import TOKEN_GRACE
from core.values import JoinToken, LoginSession, UnixMillis
from tests.support import people
from tests.support.clock import START


async def test_a_room_comes_back_as_it_was_stored(store: Store) -> None:
    assert await store.room("slug-r1") == people.room()
    assert await store.room_by_id("r1") == people.room()
    assert await store.rooms_of(people.person().uri) == [people.room()]
    assert await store.room("slug-r2") is None


async def test_a_slug_is_taken_once(store: Store) -> None:
    with pytest.raises(StoreConflict):
        await store.create_room(replace(people.room("r2"), slug="slug-r1"))
    assert await store.room_by_id("r2") is None


async def test_a_tenant_is_replaced_not_doubled(store: Store) -> None:
    renamed = replace(people.TENANTS[0], name="Ministère des Exemples")
    await store.put_tenant(renamed)
    assert [tenant.name for tenant in await store.tenants()] == [
        "Beispielministerium",
        "Ministère des Exemples",
    ]


async def test_a_running_meeting_is_joined_and_an_ended_one_is_not(store: Store) -> None:
    first = await store.start_meeting("r1", "other", START)
    assert (first.id, first.serial) == ("m1", 1)
    await store.end_meeting("m1", UnixMillis(START + 5))
    second = await store.start_meeting("r1", "m2", UnixMillis(START + 9))
    assert (second.id, second.serial) == ("m2", 2)
    assert [meeting.id for meeting in await store.live_meetings()] == ["m2"]


async def test_a_meeting_label_is_the_keyed_hash_of_its_serial_k9_2(store: Store) -> None:
    meeting = await store.start_meeting("r1", "x", START)
    secret = people.room().secret
    assert meeting.label == hmac.new(secret, (1).to_bytes(8, "big"), hashlib.sha256).digest()


async def test_one_meeting_starts_however_many_start_it(store: Store) -> None:
    await store.create_room(people.room("r9"))
    started = await asyncio.gather(*(store.start_meeting("r9", f"n{i}", START) for i in range(12)))
    assert len({meeting.id for meeting in started}) == 1


async def test_a_meeting_needs_its_room(store: Store) -> None:
    with pytest.raises(StoreConflict):
        await store.start_meeting("nowhere", "m9", START)


async def test_a_join_token_is_used_once(store: Store) -> None:
    token = people.join_token()
    await store.add_join_token(token)
    assert await store.redeem_join_token(token.hash, START) == token
    with pytest.raises(UserError) as refused:
        await store.redeem_join_token(token.hash, START)
    assert refused.value.code == "token_used"


async def test_of_many_uses_at_once_one_wins(store: Store) -> None:
    token = people.join_token()
    await store.add_join_token(token)
    outcomes = await asyncio.gather(
        *(store.redeem_join_token(token.hash, START) for _ in range(20)), return_exceptions=True
    )
    refusals = [one.code for one in outcomes if isinstance(one, UserError)]
    assert refusals == ["token_used"] * 19


async def test_a_late_or_unknown_token_is_refused_by_name(store: Store) -> None:
    token = people.join_token(life=60_000)
    await store.add_join_token(token)
    for given, now, code in (
        (token.hash, START + 60_000, "token_expired"),
        (bytes(32), START, "token_unknown"),
    ):
        with pytest.raises(UserError) as refused:
            await store.redeem_join_token(given, UnixMillis(now))
        assert refused.value.code == code


async def test_old_tokens_are_purged_and_young_ones_kept(store: Store) -> None:
    old, young = people.join_token(b"old", life=0), people.join_token(b"young")
    await store.add_join_token(old)
    await store.add_join_token(young)
    assert await store.purge(UnixMillis(START + TOKEN_GRACE + 1)) == 1
    with pytest.raises(UserError) as refused:
        await store.redeem_join_token(old.hash, START)
    assert refused.value.code == "token_unknown"


async def test_a_participant_has_one_leaf_key_k2_1(store: Store) -> None:
    await store.add_participant(people.participant())
    await store.set_leaf_key("p1", b"k" * 32)
    with pytest.raises(StoreConflict):
        await store.set_leaf_key("p1", b"l" * 32)
    await store.set_left("p1", UnixMillis(START + 7))
    await store.set_left("p1", UnixMillis(START + 9))
    (kept,) = await store.participants("m1")
    assert (kept.leaf_key, kept.left, kept.person) == (b"k" * 32, START + 7, people.person())


async def test_two_participants_cannot_share_a_leaf_key(store: Store) -> None:
    await store.add_participant(people.participant("p1", leaf_key=b"k" * 32))
    await store.add_participant(people.participant("p2"))
    with pytest.raises(StoreConflict):
        await store.set_leaf_key("p2", b"k" * 32)


async def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/kept/entente.sqlite"
    first = await open_store(url)
    await first.put_tenant(people.TENANTS[0])
    await first.create_room(people.room())
    await first.close()
    second = await open_store(url)
    assert await second.room("slug-r1") == people.room()
    await second.close()
    assert (tmp_path / "kept/entente.sqlite").stat().st_mode & 0o077 == 0


async def test_a_database_that_is_none_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StoreUnavailable):
        await open_store(f"sqlite+aiosqlite:///{tmp_path}/broken.sqlite")


def test_what_is_secret_is_not_printed() -> None:
    room, token = people.room(), people.join_token()
    for text in (repr(room), repr(token), repr(people.person())):
        assert str(room.secret) not in text and str(token.hash) not in text
        assert "Camille" not in text and "Réunion" not in text


async def test_a_meeting_waits_for_its_people_until_somebody_comes(store: Store) -> None:
    await store.await_people("m1", UnixMillis(START + 5))
    await store.await_people("m1", UnixMillis(START + 99))
    (waiting,) = await store.live_meetings()
    assert waiting.awaited == START + 5, "a second start gives no more time"
    assert (await store.start_meeting("r1", "other", START)).awaited is None
    assert [meeting.awaited for meeting in await store.live_meetings()] == [None]
    await store.end_meeting("m1", START)
    await store.await_people("m1", UnixMillis(START + 5))
    assert not await store.live_meetings()


def login(number: int) -> LoginSession:
    return LoginSession(bytes([number]) * 32, people.person(f"x-{number}"), UnixMillis(START + number))


async def test_a_login_session_is_found_by_its_hash_until_it_ends(store: Store) -> None:
    await store.add_session(login(5), 10)
    assert await store.session(login(5).hash) == login(5)
    await store.end_session(login(5).hash)
    await store.end_session(login(5).hash)
    assert await store.session(login(5).hash) is None


async def test_sessions_are_bounded_and_those_that_are_over_are_purged(store: Store) -> None:
    for number in (3, 1, 2, 4):
        await store.add_session(login(number), 3)
    assert await store.session(login(1).hash) is None, "the oldest makes room"
    assert await store.session(login(2).hash) is not None
    await store.purge(UnixMillis(START + 3))
    assert [await store.session(login(n).hash) is not None for n in (2, 3, 4)] == [False, False, True]


async def test_a_persons_sessions_and_unused_tokens_end_and_nobody_elses(store: Store) -> None:
    one, other = people.person("x-1"), people.person("x-2")
    namesake = people.person("x-1", tenant="beispiel")
    for number, who in enumerate((one, one, other, namesake)):
        await store.add_session(LoginSession(bytes([number]) * 32, who, UnixMillis(START + 60_000)), 10)
        token = JoinToken(bytes([number]) * 32, "r1", who, UnixMillis(START + 60_000), "exemple")
        await store.add_join_token(token)
    await store.redeem_join_token(bytes(32), START)
    assert await store.end_logins(one.deployment, one.tenant, one.subject) == 3
    held = [await store.session(bytes([number]) * 32) for number in range(4)]
    assert [session is not None for session in held] == [False, False, True, True]
    with pytest.raises(UserError, match="token_used"):
        await store.redeem_join_token(bytes(32), START)
    with pytest.raises(UserError, match="token_unknown"):
        await store.redeem_join_token(bytes([1]) * 32, START)
    assert (await store.redeem_join_token(bytes([2]) * 32, START)).person == other
    assert await store.end_sessions() == 2
    assert await store.session(bytes([3]) * 32) is None
