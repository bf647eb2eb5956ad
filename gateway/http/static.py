"""The built web client: right types, right caching, and the one page for every room's link.

Files under `assets/` carry a hash in their name and are kept for ever; everything else is asked for again
each time.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.errors import StartError

TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Browsers refuse a module or wasm of another type, and the machine's own table may know neither."""

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class Client(StaticFiles):
    """`StaticFiles` with our caching."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See Starlette."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOR_EVER if path.startswith("assets/") else ASK_AGAIN
        return response


def static_routes(folder: Path) -> list[BaseRoute]:
    """The page for `/` and `/m/<slug>`, and every other file. StartError when the client is not built."""
    page = folder / "index.html"
    if not page.is_file():
        raise StartError(
            f"The web client is not built: {page} is missing. "
            "Run `make run`, which builds it, or scripts/web."
        )
    for suffix, kind in TYPES.items():
        mimetypes.add_type(kind, suffix)

    async def show_page(_request: object) -> Response:
        return FileResponse(page, media_type="text/html", headers={"Cache-Control": ASK_AGAIN})

    return [
        Route("/", show_page, methods=["GET"]),
        Route("/login", show_page, methods=["GET"]),
        Route("/me", show_page, methods=["GET"]),
        Route("/m/{slug}", show_page, methods=["GET"]),
        Mount("/", Client(directory=folder)),
    ]
