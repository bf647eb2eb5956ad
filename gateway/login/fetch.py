"""HTTP to a provider: a stranger whom a ministry named. Bounded in size and time, TLS always (but to this
very machine in development), no redirect followed, and never to a private address unless the operator
listed it.

A name is resolved here, every address it has is checked, and the connection goes to the address that was
checked: a name that answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.errors import UserError

SIZE_MAX = 256 * 1024
"""Bytes of any answer: the largest key sets and user infos seen are a tenth of it."""

SECONDS = 8.0
"""For a whole request. A person waits for it; shorter fails at a slow ministry, longer holds sockets."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole."""

    status: int
    kind: str
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object. UserError provider_failed."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise failed("the answer is not JSON") from error
        if not isinstance(value, dict):
            raise failed("the answer is not a JSON object")
        return value


def failed(why: str) -> UserError:
    """The provider's failure, in words for the operator; nothing the provider wrote is in them."""
    return UserError("provider_failed", f"The login service: {why}")


class Fetch:
    """`get` and `post`. `loopback` allows this machine's own addresses, without TLS too; `networks` are
    private ones that the operator listed; `authorities` a file of more certificate authorities."""

    def __init__(
        self, *, loopback: bool = False, networks: Sequence[str] = (), authorities: Path | None = None
    ) -> None:
        self._loopback = loopback
        self._networks = [ipaddress.ip_network(one) for one in networks]
        context = ssl.create_default_context()
        if authorities is not None:
            context.load_verify_locations(authorities)
        self._context = context

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """UserError provider_failed when there is no whole answer."""
        return await self._ask("GET", url, dict(headers or {}), None)

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> Reply:
        """As `get`, with a form."""
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self._ask("POST", url, form, body.encode())

    def check_url(self, url: str) -> httpx.URL:
        """The URL of an endpoint. UserError provider_failed when it is none that may be asked."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as error:
            raise failed("an address is malformed") from error
        plain = parsed.scheme == "http" and self._loopback and _is_loopback(parsed.host)
        if not (parsed.scheme == "https" or plain) or not parsed.host or parsed.userinfo or len(url) > 1024:
            raise failed("an address is not https")
        return parsed

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Reply:
        target = self.check_url(url)
        try:
            async with asyncio.timeout(SECONDS):
                address = await self._resolve(target)
                return await self._read(method, target, address, headers, body)
        except TimeoutError as error:
            raise failed("it is too slow") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise failed(f"it cannot be reached ({type(error).__name__})") from error

    async def _resolve(self, target: httpx.URL) -> str:
        port = target.port or (443 if target.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or not all(self._allowed(one) for one in addresses):
            raise failed("its address is a private one; see login.networks")
        return str(addresses[0])

    def _allowed(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if address.is_loopback and self._loopback:
            return True
        if any(address in network for network in self._networks):
            return True
        return address.is_global and not address.is_multicast

    async def _read(
        self, method: str, target: httpx.URL, address: str, headers: dict[str, str], body: bytes | None
    ) -> Reply:
        asked = {**headers, "Host": target.netloc.decode("ascii"), "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(
                verify=self._context, trust_env=False, follow_redirects=False, timeout=SECONDS
            ) as client,
            client.stream(
                method,
                target.copy_with(host=address),
                headers=asked,
                content=body,
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
            ) as response,
        ):
            parts = bytearray()
            async for part in response.aiter_raw():
                parts += part
                if len(parts) > SIZE_MAX:
                    raise failed("its answer is too large")
            kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
            return Reply(response.status_code, kind, bytes(parts))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
