"""What can go wrong for a headless participant.

::

    ClientError
    ├── JoinRefused      HTTP said no; carries problem+json's code
    ├── RequestRefused   the socket said no; carries the code
    └── SocketLost       the connection ended and could not be resumed
"""

from __future__ import annotations


class ClientError(Exception):
    """The base of them all."""


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
    """The socket is gone for good, and with it the participant."""
