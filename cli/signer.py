"""`entente signer`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Run a signer until its standard input ends (`--child`) or it is told to stop."""
    import asyncio

    from core.errors import OperatorError
    from gateway.settings import load
    from gateway.signer_main import run_signer
    from observability.redaction import set_up_logging

    try:
        settings = load(arguments.config)
        set_up_logging(settings.telemetry.level)
        asyncio.run(run_signer(settings, child=arguments.child))
    except OperatorError as error:
        if not arguments.child:
            raise
        # The node reads this line and says it in its own name.
        print(error, flush=True)
        return 1
    return 0
