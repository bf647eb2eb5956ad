"""Who the client is behind a reverse proxy: believed only of proxies that the operator listed.

Each proxy appends the address it was reached from, so a forwarding header is read from its right end and only
as far as trusted hands wrote it. What a client wrote to the left of that is never looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PeerError
from core.ports import Telemetry
from gateway.http.problem import refuse

HOPS_MAX = 16
"""Proxies in a row that are followed. Nobody has more; a longer header is somebody's game."""

HOP_CHARS_MAX = 128
"""Of one hop: an IPv6 address in quotes with a port and RFC 7239's other parameters."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnreadableHop(ValueError):
    """A trusted proxy wrote something that is no address; its text is not kept."""


def read_address(text: str) -> Address:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; UnreadableHop for anything else."""
    text = text.strip()
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        fits = bool(closed) and (not port or (port.startswith(":") and port[1:].isdecimal()))
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        fits = port.isdecimal()
    else:
        host, fits = text, True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        fits = False
    if not fits or len(text) > HOP_CHARS_MAX or "%" in host:
        raise UnreadableHop
    return _unmapped(found)


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def hops(headers: Headers, name: str) -> Iterator[Address]:
    """The hops of `x-forwarded-for` or `forwarded` (RFC 7239), the nearest first. UnreadableHop.

    Commas inside quotes are not honoured: no address has one, and a client's open quote would otherwise
    swallow what the proxies wrote behind it.
    """
    for element in reversed(",".join(headers.getlist(name)).rsplit(",", HOPS_MAX)[-HOPS_MAX:]):
        if len(element) > HOP_CHARS_MAX:
            raise UnreadableHop
        yield read_address(element if name == "x-forwarded-for" else _for(element))


def _for(element: str) -> str:
    for pair in element.split(";"):
        key, _, value = pair.partition("=")
        if key.strip().lower() == "for":
            return value.strip().removeprefix('"').removesuffix('"')
    raise UnreadableHop


class ClientGuard:
    """Replaces the peer's address by the client's where a trusted proxy hands the request on.

    A header that a trusted proxy left unreadable is refused with `forwarded_refused`: to share the proxy's
    own rate limit would let one person exhaust it for all.
    """

    def __init__(
        self, app: ASGIApp, telemetry: Telemetry, trusted: Sequence[str], header: str = "x-forwarded-for"
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._trusted: list[Network] = [ipaddress.ip_network(one) for one in trusted]
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if self._trusted and scope["type"] in ("http", "websocket") and scope.get("client"):
            try:
                client = self._client(scope["client"][0], Headers(scope=scope))
            except UnreadableHop:
                self._telemetry.count("entente_http_refused_total", reason="forwarded_refused")
                await refuse(PeerError("forwarded_refused"), scope, receive, send)
                return
            scope = {**scope, "client": (client, scope["client"][1])}
        await self._app(scope, receive, send)

    def _client(self, peer: str, headers: Headers) -> str:
        """The right-most hop that is not a trusted proxy; the farthest proxy when all are."""
        try:
            nearest = read_address(peer.partition("%")[0])
        except UnreadableHop:
            return peer
        if not self._trusts(nearest) or self._header not in headers:
            return peer
        for hop in hops(headers, self._header):
            nearest = hop
            if not self._trusts(hop):
                break
        return str(nearest)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def address_of(request: Request) -> str:
    """Where a request comes from, for the audit event alone."""
    return request.client.host if request.client else ""
