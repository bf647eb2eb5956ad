"""What a host commands, as a headless participant does. The node checks each: RequestRefused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.wire import requests
from core.wire.values import GivenRole, Source


class Host:
    """One method for each command. Participants and knocks are named by their ids."""

    def __init__(self, do: Callable[[requests.Request], Awaitable[None]]) -> None:
        self._do = do

    async def admit(self, knock: str) -> None:
        """Lets somebody in who waits in the lobby."""
        await self._do(requests.Admit(id=0, knock=knock))

    async def admit_all(self) -> None:
        """Lets everybody in who waits."""
        await self._do(requests.AdmitAll(id=0))

    async def refuse(self, knock: str) -> None:
        """Sends somebody away."""
        await self._do(requests.Refuse(id=0, knock=knock))

    async def mute(self, participant: str, source: Source = "microphone") -> None:
        """Stops one source of somebody."""
        await self._do(requests.Mute(id=0, participant=participant, source=source))

    async def mute_all(self) -> None:
        """Stops the microphones of everybody who is no host."""
        await self._do(requests.MuteAll(id=0))

    async def lower_hands(self, participant: str | None = None) -> None:
        """Lowers somebody's hand, or everybody's."""
        await self._do(requests.LowerHands(id=0, participant=participant))

    async def rename(self, participant: str, name: str) -> None:
        """Gives a guest another name."""
        await self._do(requests.Rename(id=0, participant=participant, name=name))

    async def remove(self, participant: str) -> None:
        """Removes somebody, who cannot come back into this meeting."""
        await self._do(requests.Remove(id=0, participant=participant))

    async def promote(self, participant: str, role: GivenRole) -> None:
        """Makes somebody co-host, member or audience."""
        await self._do(requests.Promote(id=0, participant=participant, room_role=role))

    async def set_rules(self, **rules: Any) -> None:
        """Changes rules: `access`, `share`, `chat`, `unmute`, `audience`, `locked`."""
        await self._do(requests.SetRules(id=0, **rules))

    async def end_for_all(self) -> None:
        """Ends the meeting for everybody."""
        await self._do(requests.EndForAll(id=0))
