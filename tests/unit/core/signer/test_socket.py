"""The signer's socket: modes, malformed frames, unknown requests, and what a client sees when it dies."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgpack
import pytest

from core.errors import SignerRefused, SignerUnavailable, StartError
from core.signer.client import SocketSigner
from core.signer.keys import open_keys
from core.signer.requests import FRAME_MAX
from core.signer.server import SignerServer
from core.signer.service import SignerService
from tests.support.clock import START, FakeClock
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.telemetry import RecordingTelemetry


@pytest.fixture
def service(tmp_path: Path) -> SignerService:
    return SignerService(open_keys(tmp_path / "keys", DEPLOYMENT, TENANTS, START), FakeClock())


@pytest.fixture
async def server(service: SignerService, tmp_path: Path) -> AsyncIterator[SignerServer]:
    opened = SignerServer(service, tmp_path / "signer.sock")
    await opened.open()
    yield opened
    await opened.close()


async def raw(path: Path, *frames: bytes) -> list[dict[str, object]]:
    """Send bytes as they are; the replies until the signer hangs up or has answered each."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    replies = []
    for frame in frames:
        writer.write(frame)
        header = await reader.read(4)
        if len(header) < 4:
            break
        replies.append(msgpack.unpackb(await reader.readexactly(struct.unpack(">I", header)[0])))
    writer.close()
    return replies


async def connect(folder: Path) -> SocketSigner:
    """The node's half."""
    return await SocketSigner.connect(folder / "signer.sock", FakeClock(), RecordingTelemetry())


def frame(value: object) -> bytes:
    """A well-formed frame."""
    body: bytes = msgpack.packb(value)
    return struct.pack(">I", len(body)) + body


async def test_only_the_owner_can_reach_the_socket(server: SignerServer, tmp_path: Path) -> None:
    assert (tmp_path / "signer.sock").stat().st_mode & 0o777 == 0o600


async def test_many_requests_at_once_get_their_own_answers(server: SignerServer, tmp_path: Path) -> None:
    client = await connect(tmp_path)
    infos, refusals = await asyncio.gather(
        asyncio.gather(*(client.info() for _ in range(20))),
        asyncio.gather(
            *(client.sign_revocation("unknown", bytes(32), "") for _ in range(20)), return_exceptions=True
        ),
    )
    assert {info.deployment for info in infos} == {DEPLOYMENT}
    assert all(isinstance(one, SignerRefused) and one.code == "wrong_tenant" for one in refusals)
    await client.close()


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "sign_bytes", "data": b"anything"},
        {"type": "info", "more": 1},
        {"type": "external_remove", "group_id": b"g", "epoch": -1, "leaf": 0},
        {"type": "external_remove", "group_id": b"g", "epoch": 0, "leaf": 4096},
        {"type": "external_remove", "group_id": "g", "epoch": 0, "leaf": 0},
        {"type": "sign_revocation", "tenant": "exemple", "fingerprint": b"short", "reason": ""},
        {"type": "sign_entry", "entry": {}},
        "info",
        None,
    ],
)
async def test_what_is_no_typed_request_is_refused(
    server: SignerServer, tmp_path: Path, asked: object
) -> None:
    (reply,) = await raw(tmp_path / "signer.sock", frame({"id": 1, "request": asked}))
    assert reply["id"] == 1 and reply["error"]["code"] == "bad_request"  # type: ignore[index]


@pytest.mark.parametrize(
    "sent",
    [struct.pack(">I", FRAME_MAX + 1), struct.pack(">I", 3) + b"\xc1\xc1\xc1", frame([1, 2]), frame({1: 2})],
)
async def test_a_malformed_frame_ends_its_connection_and_no_other(
    server: SignerServer, tmp_path: Path, sent: bytes
) -> None:
    client = await connect(tmp_path)
    assert await raw(tmp_path / "signer.sock", sent) == []
    assert (await client.info()).deployment == DEPLOYMENT
    await client.close()


async def test_a_dead_signer_is_a_named_error_at_once(server: SignerServer, tmp_path: Path) -> None:
    client = await connect(tmp_path)
    await client.info()
    await server.close()
    async with asyncio.timeout(2):
        for _ in range(2):
            with pytest.raises(SignerUnavailable):
                await client.info()
    await client.close()
    with pytest.raises(SignerUnavailable):
        await connect(tmp_path)


async def test_two_signers_do_not_share_a_socket(
    server: SignerServer, service: SignerService, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match="Another signer already listens"):
        await SignerServer(service, tmp_path / "signer.sock").open()


async def test_a_socket_left_by_a_crash_is_taken_over(service: SignerService, tmp_path: Path) -> None:
    left = await asyncio.start_unix_server(lambda r, w: None, str(tmp_path / "signer.sock"))
    left.close()
    (tmp_path / "signer.sock").touch()
    second = SignerServer(service, tmp_path / "signer.sock")
    await second.open()
    await second.close()
    assert not (tmp_path / "signer.sock").exists()


async def test_a_path_too_long_is_a_sentence(service: SignerService, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="longer than a Unix socket allows"):
        await SignerServer(service, tmp_path / ("x" * 120)).open()
