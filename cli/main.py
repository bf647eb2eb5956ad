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

  entente revoke --tenant exemple --subject x-7f3k2m9q --reason "laptop stolen"

  entente tenant create interieur --name "Ministère de l'Intérieur" --short Intérieur --colour "#1d4ed8"

with --subject the person's logins and unused join tokens end as well. It is no ban: whoever may still log in
joins anew, so close the person's account first.

two processes run: the node, which forwards what it cannot read, and its child `entente signer`, which alone
holds the keys that vouch for people. Everything they write is under var/.
"""

VERBS = {
    "serve": ("cli.serve", "run a node: web client, meetings and media"),
    "signer": ("cli.signer", "the process that holds the keys (`serve` starts one), and its keys by hand"),
    "revoke": ("cli.revoke", "declare a person's certificates void, and end their part in every meeting"),
    "tenant": ("cli.tenant", "make, show, change, suspend the ministries of a running node"),
    "audit": ("cli.audit", "write a ministry's audit events to standard output: `entente audit export`"),
    "grant": ("cli.grant", "make somebody administrator or auditor of a ministry, above all the first"),
    "token": ("cli.token", "make a service token for a program of a ministry: `entente token create`"),
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
            _add_signer(verb)
        if name == "serve":
            verb.add_argument(
                "--tenant", action="append", metavar="ID", help="serve this ministry alone (repeat for more)"
            )
        if name == "revoke":
            _add_revocation(verb)
        if name == "tenant":
            _add_tenant(verb)
        if name == "audit":
            _add_export(verb)
        if name == "grant":
            _add_grant(verb)
        if name == "token":
            _add_token(verb)
        if name == "config":
            verb.add_argument("action", choices=["check"], help="check: explain every value")
    return root


def _add_signer(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--child", action="store_true", help="end when standard input ends")
    verb.add_argument(
        "action",
        nargs="?",
        choices=["run", "init", "list", "rotate", "enrol"],
        default="run",
        help="init: make missing keys; list: show roots and keys; rotate: a new root takes over; "
        "enrol: take in what a tenant's own signer made",
    )
    verb.add_argument("--tenant", metavar="ID", help="rotate, enrol: whose")
    verb.add_argument("--in-days", type=int, default=0, metavar="N", help="rotate: when (default: at once)")
    verb.add_argument("--root", type=Path, metavar="FILE", help="enrol: the root, PEM")
    verb.add_argument("--policy", metavar="HEX", help="enrol: the policy key, as `list` prints it there")


def _add_tenant(verb: argparse.ArgumentParser) -> None:
    actions = ["create", "list", "show", "set", "suspend", "resume"]
    verb.add_argument("action", choices=actions, help="suspend: refuse its people, end its meetings")
    verb.add_argument("id", nargs="?", metavar="ID", help="its id, one DNS label; stands in certificates")
    verb.add_argument("--name", help="the full name, where there is none in a reader's language")
    verb.add_argument("--name-in", action="append", metavar="LANG=NAME", help="in fr, de, nl or en (repeat)")
    verb.add_argument("--short", help="the short name, for tiles and lists")
    verb.add_argument("--colour", metavar="#1A2B3C", help="its colour, under white text")
    verb.add_argument("--logo", metavar="FILE", help="a PNG of at most 64 KiB; none: take it away")
    verb.add_argument("--languages", nargs="+", metavar="LANG", help="what its people are offered, in order")
    verb.add_argument("--retention-days", type=int, metavar="N", help="how long meetings and events are kept")
    verb.add_argument("--suites", nargs="+", type=int, metavar="N", help="79 hybrid, 1 classical; best first")
    for switch in ("guests", "guests-without-pin", "public-rooms"):
        verb.add_argument(f"--{switch}", choices=["yes", "no"], help="whether it allows them")
    levels = ["low", "substantial", "high"]
    verb.add_argument("--assurance", choices=levels, help="the least that a login must have")
    for quota, what in (
        ("rooms", "open rooms"),
        ("accounts", "accounts"),
        ("people", "people in one meeting"),
        ("meetings", "meetings at one time"),
    ):
        verb.add_argument(f"--{quota}", type=int, metavar="N", help=f"the most {what}")


def _add_revocation(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--tenant", required=True, metavar="ID", help="the ministry that issued them")
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--subject", metavar="ID", help="every certificate of this person, and their logins")
    which.add_argument("--fingerprint", metavar="HEX", help="the one with this SHA-256")
    verb.add_argument("--reason", required=True, metavar="TEXT", help="why; clients of the meeting read it")


def _add_export(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("action", choices=["export"], help="export: every event, oldest first")
    verb.add_argument("--tenant", required=True, metavar="ID", help="the ministry")
    verb.add_argument("--since", metavar="DAY", help="from this day on, such as 2026-01-31 (UTC)")
    verb.add_argument(
        "--format", choices=["json", "ocsf", "rfc5424"], default="json", help="json, if none is named"
    )


def _add_grant(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("right", choices=["admin", "auditor"])
    verb.add_argument("--tenant", required=True, metavar="ID", help="the ministry")
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--subject", metavar="ID", help="whose account; the person's own page shows it")
    which.add_argument("--email", metavar="ADDRESS", help="whose, by address, after a first login")
    verb.add_argument("--take", action="store_true", help="take the right away instead")


def _add_token(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("action", choices=["create"], help="create: printed once, kept as a hash")
    verb.add_argument("--tenant", required=True, metavar="ID", help="the ministry")
    verb.add_argument("--name", required=True, metavar="TEXT", help="what it is for")
    verb.add_argument(
        "--scope", required=True, action="append", metavar="SCOPE", help="such as people:read; or several"
    )
    verb.add_argument("--days", type=int, default=90, metavar="N", help="how long it is valid (90)")


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
