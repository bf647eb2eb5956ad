"""A node understands every client of an earlier version: a tab that was open over an update goes on.

Each file under `tests/vectors/wire` holds one request of each type as that version sent it; none is ever
changed.
"""

import json
from pathlib import Path
from typing import get_args

import pytest

from core.wire import codec, requests

FOLDER = Path(__file__).parents[3] / "vectors" / "wire"
STORED = {file.stem: json.loads(file.read_text())["requests"] for file in sorted(FOLDER.glob("*.json"))}


@pytest.mark.parametrize("version", STORED)
def test_requests_of_an_earlier_version_are_understood(version: str) -> None:
    known = {get_args(model.model_fields["type"].annotation)[0] for model in _models()}
    for kind, stored in STORED[version].items():
        assert kind in known, f"{kind} of {version} is gone"
        assert getattr(codec.decode_request(bytes.fromhex(stored)), "type", None) == kind


def test_there_are_requests_of_an_earlier_version() -> None:
    assert STORED["0.1"]


def _models() -> tuple[type[requests.Request], ...]:
    union, _ = get_args(requests.ClientRequest)
    models: tuple[type[requests.Request], ...] = get_args(union)
    return models
