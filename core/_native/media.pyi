"""Types of `core._native.media`: the node's worker threads. Commands and events cross as msgpack with field
names."""

from typing import Literal, NotRequired, TypedDict

class WorkerOptions(TypedDict):
    """How one worker starts; `socket_buffer` is in bytes, 8 MB where absent; `dtls` is 1.2 where absent
    (M2.3)."""

    bind: str
    socket_buffer: NotRequired[int]
    dtls: NotRequired[Literal["1.2", "1.3", "auto"]]

class QueueFull(RuntimeError):
    """Too many commands wait at this worker; try again later."""

class MediaNode:
    """Worker threads of one node: commands in by `command`, events out of `poll` when `fileno` is readable
    (M1.3)."""

    def __init__(self, node_id: int, workers: list[WorkerOptions], seed: bytes | None = None) -> None:
        """Binds every socket and starts the threads. OSError names a socket that cannot be opened;
        ValueError a wrong option. `seed` (32 bytes) makes the engine's randomness repeatable in tests."""

    @property
    def node_id(self) -> int:
        """This node's id, 0 to 255."""

    @property
    def workers(self) -> int:
        """How many workers run; they are numbered from 0."""

    def fingerprint(self, worker: int) -> str:
        """The worker's DTLS certificate as in SDP: `sha-256 AA:BB:…`."""

    def local_port(self, worker: int) -> int:
        """The UDP port the worker listens on."""

    def socket_buffers(self, worker: int) -> tuple[int, int, int]:
        """(asked, receive, send) in bytes, as the kernel counts them (M1.5)."""

    def command(self, worker: int, command: bytes) -> None:
        """Queue one msgpack command. QueueFull, or ValueError when it does not parse."""

    def poll(self) -> list[tuple[int, bytes]]:
        """Everything told since the last call, oldest first: (worker, msgpack event)."""

    def fileno(self) -> int:
        """A descriptor that is readable while events wait, for asyncio's `add_reader`."""

    def overflows(self) -> int:
        """How often events had to be thrown away because nobody polled."""

    def close(self) -> None:
        """Stop every worker and wait for its thread; again, it does nothing."""
