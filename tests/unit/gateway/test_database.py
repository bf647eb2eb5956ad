"""Which database a node opens, as whom, and for which tenants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import StartError
from gateway.app import database_of
from gateway.settings import Settings

URL = "postgresql+asyncpg://entente@db/entente"


def settings(folder: Path, **store: Any) -> Settings:
    """Of a node in this folder."""
    return Settings(folder=folder, store=store, deployment={"serve": ["exemple"]})  # type: ignore[arg-type]


def test_a_password_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    told = database_of(settings(tmp_path, url=URL, password="{folder}/secret", owner_url=URL))
    assert told["url"].password == "s3cret" and told["owner"] is not None
    assert "s3cret" not in str(told["url"])
    assert told["scope"].tenants == {"exemple", ""}


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ({"url": "postgresql+asyncpg://entente:s3cret@db/entente"}, "holds a password"),
        ({"url": URL, "owner_url": "postgresql+asyncpg://o:s3cret@db/x"}, "store.owner_url holds a password"),
        ({"url": URL, "password": "/nowhere/secret"}, "cannot be read"),
        ({"url": "no url"}, "no SQLAlchemy URL"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(tmp_path: Path, store: dict[str, str], said: str) -> None:
    with pytest.raises(StartError, match=said) as refused:
        database_of(settings(tmp_path, **store))
    assert "s3cret" not in str(refused.value)
