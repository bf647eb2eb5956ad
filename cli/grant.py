"""`entente grant`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Give or take a right; says whose."""
    import asyncio

    from gateway.granting import grant
    from gateway.settings import load
    from gateway.system import SystemClock

    said = asyncio.run(
        grant(
            load(arguments.config),
            SystemClock(),
            arguments.tenant,
            arguments.right,
            subject=arguments.subject,
            email=arguments.email,
            take=arguments.take,
        )
    )
    print(said)
    return 0
