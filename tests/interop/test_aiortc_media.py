"""aiortc, which shares no code with ours, connects to the worker and exchanges media with it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from core._native import e2ee
from tests.interop.engine import KEY, SALT, Client, Engine, collected_frames


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    running = Engine()
    yield running
    running.close()


async def test_dtls_srtp_completes_with_the_strongest_profile(engine: Engine) -> None:
    client = Client(engine, 1, 0)
    await client.connect()
    connected = await engine.until("connected", peer=1)
    assert connected["dtls"] == "1.2"
    assert connected["profile"] == "SRTP_AEAD_AES_256_GCM"
    await client.pc.close()


async def test_a_foreign_certificate_is_refused_by_name(engine: Engine) -> None:
    """Attack 6: whoever answers without the certificate that signalling named gets no keys."""
    client = Client(engine, 1, 0)
    await client.connect(fingerprints=[bytes(32)])
    lost = await engine.until("lost", peer=1)
    assert lost["reason"] == "fingerprint_mismatch"
    assert engine.find("connected", peer=1) is None
    await client.pc.close()


async def test_two_people_exchange_sealed_sound_and_pictures(engine: Engine) -> None:
    with collected_frames() as frames:
        alice, bob = Client(engine, 1, 0), Client(engine, 2, 1)
        voice, picture = alice.publish("microphone"), alice.publish("camera")
        await alice.connect()
        await bob.connect()
        await engine.until("connected", peer=1)
        await engine.until("connected", peer=2)
        await engine.until("track", peer=1, source="camera")
        bob.show("audio", 1, "microphone")
        bob.show("video", 1, "camera")
        sound, pictures = await frames.until("opus", 50), await frames.until("VP8", 25)
        await alice.pc.close()
        await bob.pc.close()
    assert all(frame in voice.wire for frame in sound)
    assert all(frame in picture.wire for frame in pictures)
    kid = e2ee.kid_pack(1, "camera", 0, 1)
    opener = e2ee.SframeOpener(kid, KEY, SALT)
    opened = [opener.open("vp8", frame) for frame in pictures]
    assert all(frame in picture.plain for frame in opened)
