"""A browser's part of a login by HTTP alone: cookies by host, redirects by hand, forms filled in; and the
provider it walks through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

HERE = Path(__file__).parent
STEPS_MAX = 20
START_S = 60


class Walker:
    """`walk` follows redirects until a page; `page` and `url` are the last one."""

    def __init__(self) -> None:
        self.cookies: dict[str, dict[str, str]] = {}
        self.url = ""
        self.page = ""
        self.trail: list[str] = []

    async def walk(self, url: str, method: str = "GET", form: dict[str, str] | None = None) -> str:
        """Where it ends, without the host."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            for _ in range(STEPS_MAX):
                jar = self.cookies.setdefault(urlsplit(url).netloc, {})
                headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
                headers["Sec-Fetch-Site"] = "same-origin"
                reply = await client.request(method, url, headers=headers, data=form)
                for line in reply.headers.get_list("set-cookie"):
                    name, _, value = line.split(";")[0].partition("=")
                    jar[name] = value
                self.trail.append(url)
                if not reply.is_redirect:
                    break
                url, method, form = urljoin(url, reply.headers["location"]), "GET", None
        self.url, self.page = url, reply.text
        parts = urlsplit(url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def fill(self, **form: str) -> str:
        """Sends the form of the page one is on, with its hidden fields."""
        action = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page))
        target = urljoin(self.url, action[1]) if action else self.url
        return await self.walk(target, "POST", {**hidden, **form})

    async def json(self, base: str, method: str, path: str) -> dict[str, object]:
        """A request of the page's own."""
        await self.walk(base + path, method)
        said: dict[str, object] = json.loads(self.page or "{}")
        return said


@contextlib.asynccontextmanager
async def running_provider(base: str, client_key: dict[str, object]) -> AsyncIterator[str]:
    """Yields the issuer of an oidc-provider that knows the node at `base`."""
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / "provider.mjs"), base,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "CLIENT_KEY": json.dumps(client_key)},
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    try:
        async with asyncio.timeout(START_S):
            while not (line := await process.stdout.readline()).startswith(b'{"issuer"'):
                assert line, "the provider did not start"
        yield json.loads(line)["issuer"]
    finally:
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
