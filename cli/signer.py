"""`entente signer`."""

from __future__ import annotations

import argparse

from core.errors import OperatorError


def run(arguments: argparse.Namespace) -> int:
    """Run a signer until its standard input ends (`--child`) or it is told to stop; or do one thing with its
    keys by hand and say how they stand."""
    if arguments.action != "run":
        return _by_hand(arguments)
    import asyncio

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


def _by_hand(arguments: argparse.Namespace) -> int:
    from gateway import signer_ceremony as ceremony
    from gateway.settings import load

    settings = load(arguments.config)
    if arguments.action == "init":
        lines = ceremony.initialise(settings)
    elif arguments.action == "list":
        lines = ceremony.show(settings)
    elif arguments.tenant is None:
        raise OperatorError(f"Say whose: entente signer {arguments.action} --tenant ID")
    elif arguments.action == "rotate":
        lines = ceremony.rotate(settings, arguments.tenant, arguments.in_days)
    elif arguments.root is None or arguments.policy is None:
        raise OperatorError("Say what: entente signer enrol --tenant ID --root FILE --policy HEX")
    else:
        lines = ceremony.enrol(settings, arguments.tenant, arguments.root, arguments.policy)
    print("\n".join(lines))
    return 0
