"""What can go wrong for a headless participant.

::

    ClientError
    ├── NodeUnreachable  no answer to an HTTP request
    ├── JoinRefused      HTTP said no; carries problem+json's code
    ├── RequestRefused   the socket said no; carries the code
    ├── SocketLost       the connection ended; whether a request was carried out is not known
    └── MediaLost        no PeerConnection comes up
"""

from __future__ import annotations


class ClientError(Exception):
    """The base of them all."""


class NodeUnreachable(ClientError):
    """Nobody answered an HTTP request."""


class _Coded(ClientError):
    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.retry_after = retry_after


class JoinRefused(_Coded):
    """An HTTP request was refused; `code` is of the enumerated list."""


class RequestRefused(_Coded):
    """A request on the socket was refused; `code` is of the enumerated list."""


class SocketLost(ClientError):
    """The connection ended, and with it every request that was not answered."""


class MediaLost(ClientError):
    """No PeerConnection comes up: something between here and the node blocks it."""
