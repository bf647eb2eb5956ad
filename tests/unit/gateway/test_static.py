"""The built client: types, caching, and the page behind every link."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StartError
from gateway.http.static import static_routes
from tests.unit.gateway.conftest import Site


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/", "text/html", "no-cache"),
        ("/m/abc-defg-hij", "text/html", "no-cache"),
        ("/assets/app-1a2b3c.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/sdk/entente.js", "text/javascript", "no-cache"),
        ("/e2ee_bg.wasm", "application/wasm", "no-cache"),
    ],
)
async def test_each_file_has_its_type_and_its_caching(site: Site, path: str, kind: str, caching: str) -> None:
    reply = await site.client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].split(";")[0] == kind
    assert reply.headers["cache-control"] == caching


async def test_an_unchanged_file_is_not_sent_again(site: Site) -> None:
    first = await site.client.get("/sdk/entente.js")
    again = await site.client.get("/sdk/entente.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/../settings.py", "/%2e%2e/settings.py", "/assets/..%2f..%2fsettings.py", "/x"]
)
async def test_nothing_outside_the_folder_is_served(site: Site, path: str) -> None:
    (site.static.parent / "settings.py").write_text("secret")
    reply = await site.client.get(path)
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_writing_to_a_file_is_refused(site: Site) -> None:
    reply = await site.client.post("/sdk/entente.js")
    assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")


def test_a_missing_build_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"The web client is not built: .*index\.html is missing\."):
        static_routes(tmp_path)
