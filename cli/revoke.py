"""`entente revoke`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Have the running node revoke certificates; says how many."""
    import asyncio

    from gateway.operator_channel import revoke
    from gateway.settings import load

    settings = load(arguments.config)
    count = asyncio.run(
        revoke(settings, arguments.tenant, arguments.subject, arguments.fingerprint, arguments.reason)
    )
    logins = "" if arguments.subject is None else " The person's logins have ended."
    held = f"{count} certificate{'' if count == 1 else 's'} void; whoever held one is out of every meeting."
    print(held + logins)
    return 0
