"""`entente config check`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Explain every value; fails with a sentence when one is wrong."""
    from gateway.explain import explain
    from gateway.media import buffer_advice
    from gateway.settings import load

    settings = load(arguments.config)
    print(explain(settings))
    if advice := buffer_advice(settings.media.socket_buffer):
        print(advice)
    return 0
