"""The `entente` command over an engine with a tap: what a node could see of the frames goes to a file.

Run as `python -m tests.support.tapped serve`, with `ENTENTE_TAP_FILE` naming the file: a stream of msgpack
maps `{peer, source, layer, rtp}`, one per media packet after SRTP was removed. Everything else is the
product's own code; the tap is a feature that no release has.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import msgpack

EXTENSION = Path(__file__).parents[2] / "var/tap/_native.abi3.so"


def _load_extension() -> None:
    import core

    loader = ExtensionFileLoader("core._native", str(EXTENSION))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules["core._native"] = core._native = module


def _tap_engine(path: str) -> None:
    from gateway.media import EngineNode

    events = EngineNode.events

    async def tapped(self: EngineNode) -> AsyncIterator[tuple[int, dict[str, object]]]:
        for worker in range(self.workers):
            self.command(worker, {"set_tap": {"on": True}})
        with open(path, "ab", buffering=0) as out:  # noqa: ASYNC230 -- a test's file
            async for worker, event in events(self):
                if "tap" in event:
                    out.write(msgpack.packb(event["tap"]))
                else:
                    yield worker, event

    EngineNode.events = tapped  # type: ignore[method-assign]


if __name__ == "__main__":
    _load_extension()
    if path := os.environ.get("ENTENTE_TAP_FILE"):
        _tap_engine(path)
    from cli.main import main

    sys.exit(main())
