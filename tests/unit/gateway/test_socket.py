"""The socket over real TCP: who may speak, what is refused by which name, and that others do not notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from core.wire import events
from gateway import socket as module
from gateway.socket import Bucket
from tests.support.people import person
from tests.support.sockets import Node, Raw, open_node
from tests.support.telemetry import RecordingTelemetry, series

INFO = {"name": "raw", "version": "0"}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with open_node(tmp_path) as served:
        yield served


async def is_well(node: Node) -> bool:
    """Whether a newcomer is served as ever."""
    async with node.raw() as raw:
        await raw.hello()
        return "time" in await raw.ask(type="ping")


async def test_two_raw_clients_reach_an_epoch_and_talk(node: Node) -> None:
    async with node.raw() as first, node.raw() as second:
        await first.join(person("x-1", name="One"))
        await first.follow(events.GroupCreate)
        await node.world.clock.advance(2)
        await second.join(person("x-2", name="Two"))
        one, two = await asyncio.gather(
            first.follow(events.GroupReached, 1), second.follow(events.GroupReached, 1)
        )
        assert isinstance(one, events.GroupReached) and isinstance(two, events.GroupReached)
        assert one.entry == two.entry
        assert first.membership and second.membership
        assert first.membership.member and second.membership.member
        assert first.membership.member.code() == second.membership.member.code()
        await first.do(first.membership.say({"t": "chat", "text": "bonjour"}, node.world.clock.now()))
        message = await second.follow(events.MessageRelayed)
        assert isinstance(message, events.MessageRelayed) and b"bonjour" not in message.data
        await node.world.clock.advance(0.3)
        while not any(isinstance(event, events.Participants) for event in first.events):
            await first.receive()
        people = [event for event in first.events if isinstance(event, events.Participants)][-1].people
        assert {line.leaf for line in people} == {0, 1}


async def test_a_join_token_opens_one_socket_once(node: Node) -> None:
    token = await node.token()
    async with node.raw() as raw:
        await raw.ask(type="hello", token=token, client=INFO)
        async with node.raw() as again:
            assert await again.refused(type="hello", token=token, client=INFO) == "token_used"
            assert await again.closed() == 4409
        assert "time" in await raw.ask(type="ping"), "the first use goes on"


@pytest.mark.parametrize(
    ("token", "code", "close"),
    [("x", "token_unknown", 4403), ("A" * 43, "token_unknown", 4403), ("old", "token_expired", 4403)],
)
async def test_a_wrong_token_is_refused_by_name(node: Node, token: str, code: str, close: int) -> None:
    if token == "old":
        token = await node.token(life=-1)
    async with node.raw() as raw:
        assert await raw.refused(type="hello", token=token, client=INFO) == code
        assert await raw.closed() == close


async def test_nobody_speaks_before_hello(node: Node) -> None:
    async with node.raw() as raw:
        assert await raw.refused(type="ping") == "out_of_order"
        assert await raw.closed() == 4409


async def test_a_second_hello_is_refused_and_the_socket_goes_on(node: Node) -> None:
    async with node.raw() as raw:
        await raw.hello()
        assert await raw.refused(type="hello", token=await node.token(), client=INFO) == "out_of_order"
        assert "time" in await raw.ask(type="ping")


async def test_a_silent_socket_is_closed_after_10_s(node: Node) -> None:
    async with node.raw() as raw:
        await asyncio.sleep(0.05)
        await node.world.clock.advance(11)
        assert await raw.closed() == 4408


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"\x93\x01", msgpack.packb([1]), b"\x91" * 5_000, b"\xdf\xff\xff\xff\xff", b"\x80"],
)
async def test_what_is_no_message_ends_the_socket_and_nothing_else(node: Node, data: bytes) -> None:
    async with node.raw() as raw:
        await raw.hello()
        await raw.socket.send(data)
        assert await raw.closed() == 4400
    assert await is_well(node)


async def test_text_frames_are_refused(node: Node) -> None:
    async with node.raw() as raw:
        await raw.hello()
        await raw.socket.send("hello")
        assert await raw.closed() == 4400


async def test_an_unknown_type_is_answered_and_the_socket_goes_on(node: Node) -> None:
    async with node.raw() as raw:
        await raw.hello()
        assert await raw.refused(type="nonsense") == "unknown_type"
        assert await raw.refused(type="view", tiles="all") == "bad_message"
        assert "time" in await raw.ask(type="ping")


async def test_a_20_mb_message_ends_its_socket_alone(node: Node) -> None:
    async with node.raw() as other:
        await other.hello()
        async with node.raw() as raw:
            await raw.hello()
            with pytest.raises(ConnectionClosed) as caught:
                await raw.socket.send(b"\x00" * 20_000_000)
                await raw.socket.recv()
                await raw.socket.recv()
            assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
        assert "time" in await other.ask(type="ping")


async def test_a_flood_is_hung_up_with_rate_limited(node: Node) -> None:
    async with node.raw() as raw:
        await raw.hello()
        for _ in range(400):
            await raw.send(type="ping")
        assert await raw.closed() == 4429
    assert await is_well(node)


async def test_a_client_that_does_not_read_is_hung_up_and_others_go_on(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_BYTES", 200_000)
    async with node.raw() as slow, node.raw() as other:
        await slow.hello()
        await other.hello()
        slow.socket.transport.pause_reading()
        meeting = next(iter(node.meetings.registry._meetings.values()))
        person_line = meeting.people[slow.participant]
        sent = 0
        while person_line.stream.attached and sent < 100_000_000:
            meeting.tell(slow.participant, events.GroupCreate(params=b"x" * 8_000))
            sent += 8_000
            await node.world.clock.advance(0.02)
        assert person_line.state == "reconnecting", "it may resume"
        assert "time" in await other.ask(type="ping")


async def test_a_socket_without_the_subprotocol_is_refused(node: Node) -> None:
    with pytest.raises(Exception, match=r"403|4400|rejected"):
        async with connect(node.url):
            pass


async def member(node: Node, raw: Raw) -> None:
    await raw.join()
    await raw.follow(events.GroupCreate)


async def test_a_lost_socket_resumes_by_the_leaf_key(node: Node) -> None:
    async with node.raw() as raw:
        await member(node, raw)
        last = max(event.seq for event in raw.events) if raw.events else 1
        assert raw.membership
        raw.socket.transport.abort()
        await asyncio.sleep(0.1)
        async with node.raw() as back:
            nonce = (await back.ask(type="resume", participant=raw.participant, last_seq=last))["nonce"]
            proof = raw.membership.sign_resume(nonce)
            replayed = (await back.ask(type="resume_prove", signature=proof))["replayed"]
            assert replayed >= 0 and "time" in await back.ask(type="ping")
            telemetry = node.world.services.telemetry
            assert isinstance(telemetry, RecordingTelemetry)
            assert telemetry.counts[series("entente_resumes_total", result="resumed")] == 1


async def test_a_resume_replaces_a_socket_that_is_still_open(node: Node) -> None:
    async with node.raw() as raw, node.raw() as back:
        await member(node, raw)
        assert raw.membership
        nonce = (await back.ask(type="resume", participant=raw.participant, last_seq=0))["nonce"]
        proof = raw.membership.sign_resume(nonce)
        assert (await back.ask(type="resume_prove", signature=proof))["replayed"] >= 1
        assert await raw.closed() == 4409
        await asyncio.sleep(0.1)
        assert "time" in await back.ask(type="ping"), "the end of the old socket is not the participant's"


@pytest.mark.parametrize("how", ["stranger", "other_key", "other_nonce", "uncertified", "twice"])
async def test_a_resume_without_proof_is_refused(node: Node, how: str) -> None:
    async with node.raw() as raw, node.raw() as back, node.raw() as other:
        if how == "stranger":
            code = await back.refused(type="resume", participant="p_aaaaaaaaaaaaaaaa", last_seq=0)
            assert code == "resume_expired"
            return
        if how == "uncertified":
            await raw.hello()
            code = await back.refused(type="resume", participant=raw.participant, last_seq=0)
            assert code == "resume_expired"
            return
        await member(node, raw)
        await other.join(person("x-2"))
        assert raw.membership and other.membership
        nonce = (await back.ask(type="resume", participant=raw.participant, last_seq=0))["nonce"]
        if how == "other_key":
            proof = other.membership.sign_resume(nonce)
        else:
            proof = raw.membership.sign_resume(bytes(32))
        assert await back.refused(type="resume_prove", signature=proof) == "resume_refused"
        assert await back.closed() == 4403
        assert "time" in await raw.ask(type="ping"), "the participant keeps its socket"


async def test_a_goodbye_is_a_leave_and_a_cut_is_not(node: Node) -> None:
    async with node.raw() as stays, node.raw() as leaves, node.raw() as cut:
        for raw in (stays, leaves, cut):
            await raw.hello()
        await leaves.socket.close(1001)
        cut.socket.transport.abort()
        await asyncio.sleep(0.2)
        meeting = next(iter(node.meetings.registry._meetings.values()))
        assert set(meeting.people) == {stays.participant, cut.participant}
        assert meeting.people[cut.participant].state == "reconnecting"


async def test_a_request_under_way_outlives_its_socket(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a committer's socket between the store and the announcement does not lose the epoch."""
    async with node.raw() as first, node.raw() as second:
        await first.join(person("x-1"))
        await first.follow(events.GroupCreate)
        await node.world.clock.advance(2)
        stored, gate = asyncio.Event(), asyncio.Event()
        store = node.world.store.of("exemple")
        append = store.append_entry

        async def slowly(*args: Any, **more: Any) -> None:
            await append(*args, **more)
            stored.set()
            await gate.wait()

        monkeypatch.setattr(store, "append_entry", slowly)
        await second.join(person("x-2"))
        committing = asyncio.create_task(first.follow(events.GroupReached, 1))
        await stored.wait()
        meeting = next(iter(node.meetings.registry._meetings.values()))
        hang_up = meeting.people[first.participant].hang_up
        assert hang_up is not None
        hang_up("slow_client")
        with pytest.raises(ConnectionClosed):
            await committing
        gate.set()
        await second.follow(events.GroupWelcome)
        await asyncio.sleep(0.1)
        assert meeting.people[first.participant].state == "reconnecting"


async def test_leave_is_answered_and_the_socket_closed(node: Node) -> None:
    async with node.raw() as raw:
        await raw.hello()
        assert await raw.ask(type="leave") == {}
        assert await raw.closed() == 1000
    await node.world.clock.advance(2)
    assert node.meetings.people("r1") == 0


async def test_everybody_is_told_that_the_node_restarts_and_the_meeting_is_kept(node: Node) -> None:
    async with node.raw() as raw, node.raw() as silent:
        await raw.hello()
        closing = asyncio.create_task(node.meetings.close())
        assert (await raw.closed(), await silent.closed()) == (4503, 4503)
        await closing
        assert not any(isinstance(event, events.Ended) for event in raw.events)
        assert len(await node.world.store.live_meetings()) == 1


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    bucket = Bucket(rate=10, burst=5, now=0)
    assert [bucket.take(1, 0) for _ in range(5)] == [0.0] * 5
    assert bucket.take(1, 0) == pytest.approx(0.1)
    assert bucket.take(1, 0.1) == 0.0
    assert bucket.take(9, 100) > 0, "more than a burst is never allowed at once"


async def test_who_proves_nothing_is_hung_up_after_a_few_refusals_and_leaves_one_span(node: Node) -> None:
    async with node.raw() as member, node.raw() as stranger:
        await member.join(person("x-1"))
        await member.follow(events.GroupCreate)
        await stranger.ask(type="resume", participant=member.participant, last_seq=0)
        for _ in range(module.REFUSALS):
            assert await stranger.refused(type="hello", token="A" * 43, client=INFO) == "out_of_order"
        assert await stranger.closed() == 4409
        telemetry = node.world.services.telemetry
        assert isinstance(telemetry, RecordingTelemetry)
        assert [name for name, *_ in telemetry.spans].count("socket") == 2
        assert "time" in await member.ask(type="ping")


async def test_whoever_keeps_talking_has_no_more_time_to_prove_who_it_is(node: Node) -> None:
    async with node.raw() as member, node.raw() as stranger:
        await member.join(person("x-1"))
        await member.follow(events.GroupCreate)
        await stranger.ask(type="resume", participant=member.participant, last_seq=0)
        await node.world.clock.advance(6)
        assert await stranger.refused(type="ping") == "out_of_order"
        await node.world.clock.advance(6)
        assert await stranger.closed() == 4408
