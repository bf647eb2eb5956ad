"""`entente token`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Make a service token and print it, this once."""
    import asyncio

    from gateway.granting import make_token
    from gateway.settings import load
    from gateway.system import SystemClock, SystemRng

    settings = load(arguments.config)
    token = asyncio.run(
        make_token(
            settings,
            SystemClock(),
            SystemRng(),
            arguments.tenant,
            arguments.name,
            arguments.scope,
            arguments.days,
        )
    )
    print(token)
    return 0
