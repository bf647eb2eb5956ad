"""`entente serve`."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Run a node until it is told to stop."""
    import asyncio

    import uvloop

    from gateway.serve import serve
    from gateway.settings import load
    from observability.redaction import set_up_logging

    settings = load(arguments.config)
    if arguments.tenant:
        settings = settings.model_copy(
            update={"deployment": settings.deployment.model_copy(update={"serve": arguments.tenant})}
        )
    set_up_logging(settings.telemetry.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, arguments.config))
    return 0
