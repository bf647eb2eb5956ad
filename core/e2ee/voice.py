"""What the delivery service says to the rest of the house; `core.meeting` implements it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from core.wire.events import Event

T = TypeVar("T")


class Voice(Protocol):
    """Speaks to participants and hears of leaves. Nothing here blocks or fails."""

    def tell(self, participant: str, event: Event) -> None:
        """Put the event into this participant's sequence."""
        ...

    def leaves_changed(self, leaves: Mapping[str, int | None], epoch: int) -> None:
        """The leaves that participants have in `epoch`, just reached; None when they have lost theirs."""
        ...

    def rejoin(self, participant: str, reason: str) -> None:
        """Ask for a fresh leaf: a new `certify`, then a new key package (K4.2)."""
        ...


class Offload(Protocol):
    """Runs a native call where it does not hold up the event loop (M1.3)."""

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]:
        """The call's result."""
        ...
