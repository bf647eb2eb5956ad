"""A headless participant for browser tests: `peer.py LINK TENANT SUBJECT`.

It sends a tone and a picture, and each half second prints one line of JSON about what it received. Lines on
its input are commands: `chat TEXT`, `camera off`, `leave`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from core.client import (
    Alarm,
    Chat,
    Participant,
    PictureDecoder,
    PictureSource,
    SoundDecoder,
    ToneSource,
)

REPORT_S = 0.5


class Peer:
    """What one participant has seen and heard so far, by sender and kind."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._pictures: dict[str, PictureDecoder] = {}
        self._sounds: dict[str, SoundDecoder] = {}
        self.frames: Counter[str] = Counter()
        self.sizes: dict[str, list[int]] = {}
        self.loudest: Counter[str] = Counter()
        self.lengths: dict[str, list[int]] = {}
        self.chats: list[list[str]] = []
        self.alarms: list[str] = []

    async def follow(self) -> None:
        """Notes what is written."""
        async for event in self._participant.events():
            if isinstance(event, Chat):
                self.chats.append([event.sender.name, event.text])
            elif isinstance(event, Alarm):
                self.alarms.append(event.code)

    async def receive(self) -> None:
        """Decodes what arrives."""
        async for frame in self._participant.frames():
            key = f"{frame.sender.name}/{frame.kind}"
            self.frames[key] += 1
            if frame.codec == "opus":
                self.lengths.setdefault(key, []).append(len(frame.data))
                samples = self._sounds.setdefault(key, SoundDecoder()).decode(frame)
                self.loudest[key] = max(self.loudest[key], max((abs(one) for one in samples), default=0))
            else:
                for picture in self._pictures.setdefault(key, PictureDecoder()).decode(frame):
                    self.sizes[key] = [picture.width, picture.height]

    async def report(self) -> None:
        """Prints the state twice a second."""
        while True:
            await asyncio.sleep(REPORT_S)
            state: dict[str, Any] = {
                "epoch": self._participant.epoch,
                "roster": [member.name for member in self._participant.roster.values()],
                "code": self._participant.code,
                "frames": self.frames,
                "sizes": self.sizes,
                "loudest": self.loudest,
                "chats": self.chats,
                "alarms": self.alarms,
                "sent": self._participant.sent,
                "drops": self._participant.drops,
                "ended": self._participant.ended,
            }
            print(json.dumps(state), flush=True)


async def obey(participant: Participant) -> None:
    """Commands until `leave` or the end of input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        command, _, rest = line.partition(" ")
        if command == "chat":
            await participant.send_chat(rest)
        elif command == "camera":
            await participant.unpublish("camera")
        else:
            return


async def main(link: str, tenant: str, subject: str) -> None:
    """Joins, sends, reports, and leaves when told."""
    async with await Participant.join(link, person=(tenant, subject)) as participant:
        await participant.ready(60)
        await participant.publish("microphone", ToneSource(440))
        await participant.publish("camera", PictureSource(640, 360))
        peer = Peer(participant)
        tasks = [asyncio.create_task(work()) for work in (peer.follow, peer.receive, peer.report)]
        await obey(participant)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
