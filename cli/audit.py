"""`entente audit`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Write a ministry's audit events to standard output; says how many on standard error."""
    import asyncio
    import sys

    from gateway.auditing import export
    from gateway.settings import load
    from gateway.system import SystemClock

    settings = load(arguments.config)
    out = sys.stdout.buffer
    count = asyncio.run(
        export(settings, SystemClock(), arguments.tenant, arguments.since, arguments.format, out.write)
    )
    out.flush()
    print(f"{count} event{'' if count == 1 else 's'}", file=sys.stderr)
    return 0
