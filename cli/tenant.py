"""`entente tenant`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.errors import OperatorError

PLAIN = ("name", "short", "colour", "retention_days", "assurance", "rooms", "accounts", "people", "meetings")
SWITCHES = ("guests", "guests_without_pin", "public_rooms")
PAGE = 100


def run(arguments: argparse.Namespace) -> int:
    """Have the running node do it, and say how the ministry stands."""
    import asyncio

    from gateway.operator_channel import ask
    from gateway.settings import load

    settings = load(arguments.config)

    def asked(**fields: object) -> Any:
        return asyncio.run(ask(settings, fields))

    if arguments.action == "list":
        _list(asked)
        return 0
    if arguments.id is None:
        raise OperatorError(f"Say which: entente tenant {arguments.action} ID")
    if arguments.action in ("suspend", "resume"):
        suspended = arguments.action == "suspend"
        said = asked(type="tenant_suspend", tenant=arguments.id, suspended=suspended)
    else:
        profile = {} if arguments.action == "show" else fields_of(arguments)
        said = asked(type=f"tenant_{arguments.action}", tenant=arguments.id, **profile)
    print("\n".join(lines(said)))
    return 0


def _list(asked: Any) -> None:
    after = ""
    while True:
        page = asked(type="tenant_list", after=after, limit=PAGE)
        for one in page:
            print(f"{one['id']:24} {one['name']}{_state(one)}")
        if len(page) < PAGE:
            return
        after = page[-1]["id"]


def _state(said: dict[str, Any]) -> str:
    states = ["suspended"] if said["suspended"] else []
    states += [] if said["declared"] else ["without keys"]
    return f"  ({', '.join(states)})" if states else ""


def fields_of(arguments: argparse.Namespace) -> dict[str, object]:
    """What was said on the command line, as the command's fields. OperatorError."""
    given = {key: getattr(arguments, key) for key in (*PLAIN, "languages", "suites")}
    given |= {key: None if (said := getattr(arguments, key)) is None else said == "yes" for key in SWITCHES}
    fields: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    if arguments.name_in:
        fields["names"] = dict(_pair(text) for text in arguments.name_in)
    if arguments.logo is not None:
        fields["logo"] = b"" if arguments.logo == "none" else _read(Path(arguments.logo))
    return fields


def _pair(text: str) -> tuple[str, str]:
    language, equals, name = text.partition("=")
    if not equals:
        raise OperatorError("Say a name as LANGUAGE=NAME, for example --name-in de=Innenministerium")
    return language, name


def _read(path: Path) -> bytes:
    """At most a byte more than the node takes, so that it is the one who says what is too much."""
    from core.tenants.profile import LOGO_BYTES, check_logo

    try:
        with path.open("rb") as file:
            logo = file.read(LOGO_BYTES + 1)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    check_logo(logo)
    return logo


def lines(said: dict[str, Any]) -> list[str]:
    """A ministry as an operator reads it."""
    rules, quota, used = said["rules"], said["quota"], said.get("used", {})
    names = [f"  name in {language:2}   {name}" for language, name in sorted(said["names"].items())]
    logo = f"{said['logo']} bytes" if said["logo"] else "none"
    figures = [
        f"  {key:12} " + (f"{used[key]} of {most}" if key in used else f"at most {most}")
        for key, most in quota.items()
    ]
    found = [
        f"{said['id']}: {said['name']} ({said['short']}, {said['colour']}){_state(said)}",
        *names,
        f"  languages    {', '.join(said['languages'])}",
        f"  retention    {said['retention_days']} days",
        f"  logo         {logo}",
        f"  suites       {', '.join(str(suite) for suite in rules['suites'])}",
        f"  guests       {_guests(rules)}",
        f"  public rooms {'yes' if rules['public_rooms'] else 'no'}",
        f"  assurance    {rules['assurance']} at least",
        *figures,
    ]
    if not said["declared"]:
        found.append(
            "Nobody of it can join yet: it has no keys that this deployment knows. Where its signer is "
            "elsewhere, take in what that made: entente signer enrol"
        )
    if not said.get("fresh", True):
        found.append("It is not declared anew yet; the node tries again every few seconds.")
    return found


def _guests(rules: dict[str, Any]) -> str:
    if not rules["guests"]:
        return "no"
    return "yes" if rules["guests_without_pin"] else "with a PIN"
