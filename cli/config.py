"""`entente config check`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Explain every value; fails with a sentence when one is wrong."""
    from gateway.explain import explain
    from gateway.settings import load

    print(explain(load(arguments.config)))
    return 0
