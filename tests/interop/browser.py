"""A page in a real browser, driven from Python over the lines of `page.mjs`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OFFER_JS = (HERE / "offer.js").read_text()


class Browser:
    """One headless browser with one page on localhost; use as a context manager."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0

    def __enter__(self) -> Browser:
        node = shutil.which("node")
        assert node, "Node 20 is needed for browser tests"
        self._process = subprocess.Popen(
            [node, str(HERE / "page.mjs"), self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self._answer(0)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def run(self, body: str, **values: object) -> Any:
        """The value that the async function body returns in the page; `values` become constants in it."""
        constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
        self._next += 1
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": self._next, "body": constants + body}) + "\n")
        self._process.stdin.flush()
        return self._answer(self._next)

    def _answer(self, expected: int) -> Any:
        assert self._process.stdout
        answer = json.loads(self._process.stdout.readline())
        assert answer["id"] == expected
        assert "error" not in answer, answer["error"]
        return answer["value"]
