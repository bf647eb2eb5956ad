"""Many headless participants in one process, each with a small picture: `crowd.py LINK COUNT`.

Prints one line once all of them are in the meeting and publish, and leaves when its input ends.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

from core.client import Participant, PictureSource

READY_S = 120


async def main(link: str, count: int) -> None:
    """Joins one after another: a storm of joins is another test's matter."""
    async with AsyncExitStack() as meeting:
        for number in range(count):
            guest = await meeting.enter_async_context(
                await Participant.join(link, guest_name=f"Crowd {number:02}")
            )
            await guest.ready(READY_S)
            await guest.publish("camera", PictureSource(160, 90, rate=5))
        print("there", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
