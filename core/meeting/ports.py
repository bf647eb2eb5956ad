"""What a meeting needs of the parts it joins: the order of its group and the room of its media."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.e2ee.group import Submission
from core.sfu.slots import Wish
from core.wire.values import MessageKind


class Ordering(Protocol):
    """The meeting's delivery service; `core.e2ee.delivery.Delivery` is one."""

    async def run(self) -> None:
        """Keep the time until cancelled."""
        ...

    async def key_package(
        self, participant: str, leaf_key: bytes, data: bytes, uri: tuple[str, str, str]
    ) -> None:
        """A key package of a certified leaf key."""
        ...

    async def created(self, participant: str, group_info: bytes, tree: bytes) -> bytes:
        """The new group; returns its first entry."""
        ...

    async def submit(self, participant: str, submission: Submission) -> None:
        """The named committer's commit."""
        ...

    async def receipt(self, participant: str, data: bytes) -> None:
        """A receipt."""
        ...

    async def failed(self, participant: str, epoch: int, attempt: int, report: bytes) -> None:
        """A member cannot process a commit."""
        ...

    async def message(self, participant: str, data: bytes, epoch: int, kind: MessageKind) -> None:
        """An application message."""
        ...

    async def connect(self, participant: str, connected: bool) -> None:
        """A socket came back or was lost."""
        ...

    async def remove(self, participant: str, reason: str, urgent: bool) -> None:
        """Somebody is gone for good."""
        ...

    async def revoke(self, data: bytes) -> list[str]:
        """A verified revocation; returns the participants it concerns."""
        ...

    async def catch_up(self, participant: str, after_epoch: int, ready: Callable[[], None]) -> None:
        """Tell a returning member what it missed."""
        ...


class MediaRoom(Protocol):
    """The meeting's media; `core.sfu.room.SfuRoom` is one."""

    def attend(self, participant: str) -> None:
        """Somebody is in the meeting."""
        ...

    def leave(self, participant: str) -> None:
        """Somebody is gone."""
        ...

    def set_leaf(self, participant: str, leaf: int | None, epoch: int) -> None:
        """The leaf a participant has since `epoch`."""
        ...

    def set_source(self, participant: str, source: str, state: str) -> None:
        """What a participant says it publishes."""
        ...

    def set_signing(self, participant: str, on: bool) -> None:
        """Somebody signs, which counts as speaking."""
        ...

    def set_view(self, participant: str, view: Sequence[Wish]) -> None:
        """What is on a participant's screen."""
        ...

    def mute(self, participant: str, source: str) -> None:
        """Forward nothing of this source until its owner says `live` again."""
        ...

    def hold(self, participant: str, sources: frozenset[str]) -> None:
        """Forward nothing of these sources until another call leaves them out."""
        ...

    def answer(self, participant: str, number: int, sdp: str, new_peer: int) -> str:
        """The answer to an offer."""
        ...

    def close_connection(self, participant: str, number: int) -> None:
        """The client closed a PeerConnection."""
        ...
