"""Entry of `entente`: finds the verb, and turns an operator's error into its sentence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

EPILOG = """\
first steps:
  entente serve                 a node on this machine; prints a link to open in two tabs
  entente config check          every setting, its value, where it comes from and what it does
  entente serve --config my.toml

settings come from entente.toml and from the environment, for example
  ENTENTE_HTTP__PORT=9000 entente serve

two processes run: the node, which forwards what it cannot read, and its child `entente signer`, which alone
holds the keys that vouch for people. Everything they write is under var/.
"""

VERBS = {
    "serve": ("cli.serve", "run a node: web client, meetings and media"),
    "signer": ("cli.signer", "run the process that holds the keys; `serve` starts one by itself"),
    "config": ("cli.config", "look at the settings: `entente config check`"),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(
        prog="entente",
        description="End-to-end encrypted video meetings between administrations.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = root.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, summary) in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        verb.add_argument(
            "--config", type=Path, metavar="FILE", help="settings (default: entente.toml, if any)"
        )
        if name == "signer":
            verb.add_argument("--child", action="store_true", help="end when standard input ends")
        if name == "config":
            verb.add_argument("action", choices=["check"], help="check: explain every value")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; its exit status. 1 with one sentence on standard error when it cannot start."""
    parsed = parser().parse_args(arguments)
    from core.errors import OperatorError

    module, _ = VERBS[parsed.verb]
    try:
        status: int = import_module(module).run(parsed)
    except OperatorError as error:
        print(f"entente: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
