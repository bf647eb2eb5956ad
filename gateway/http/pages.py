"""Pages of a listing: `limit` and `after` of a query, read strictly."""

from __future__ import annotations

from starlette.requests import Request

from core.errors import PeerError
from core.ports.admission import Place
from core.values import UnixMillis

LIMIT = 50


def limit_of(request: Request, most: int = 100) -> int:
    """Lines of a page, 1 to `most`. PeerError `bad_request`."""
    text = request.query_params.get("limit", str(min(LIMIT, most)))
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= most):
        raise PeerError("bad_request", f"limit: must be a number from 1 to {most}")
    return int(text)


def place_of(request: Request) -> Place | None:
    """Where the page goes on. PeerError `bad_request`."""
    text = request.query_params.get("after")
    if text is None:
        return None
    created, _, room = text.partition("-")
    if not (created.isascii() and created.isdecimal() and len(created) <= 16 and 0 < len(room) <= 32):
        raise PeerError("bad_request", "after: must be the `next` of a page")
    return Place(UnixMillis(int(created)), room)


def next_of(place: Place) -> str:
    """As `place_of` reads it."""
    return f"{place.created}-{place.room}"
