"""Settings as text: for `entente config check`, and the reference page generated from the same
descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.login_settings import ClaimSettings, ProviderSettings
from gateway.section import Section
from gateway.settings import Settings, TenantSettings


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield name, field.annotation


def _shown(value: Any) -> str:
    """A value as it would be written in TOML."""
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, BaseModel):
        return "{ " + ", ".join(f"{k} = {_shown(v)}" for k, v in value) + " }"
    if value is None:
        return "(unset)"
    return json.dumps(value if isinstance(value, bool | int | float) else str(value), ensure_ascii=False)


def explain(settings: Settings) -> str:
    """Every value, whether it is the default, and what it does."""
    lines: list[str] = []
    top = [name for name in Settings.model_fields if name not in dict(_sections())]
    for name in top:
        lines += _explained(name, getattr(settings, name), Settings.model_fields[name])
    for name, section in _sections():
        lines += ["", f"[{name}]  {_summary(section)}"]
        for key, field in section.model_fields.items():
            lines += _explained(key, getattr(getattr(settings, name), key), field)
    return "\n".join([*lines, "", "The settings are good."])


def _explained(name: str, value: Any, field: FieldInfo) -> list[str]:
    mark = "" if value == field.get_default(call_default_factory=True) else "   (changed)"
    return [f"{name} = {_shown(value)}{mark}", f"    {field.description}"]


def _summary(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip()


def reference() -> str:
    """`docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        "Written by `scripts/generate-docs` from `gateway/settings.py`; change it there.",
        "",
        "Settings come from `entente.toml` in the current folder (or `--config FILE`) and from the",
        "environment, which goes first: `ENTENTE_HTTP__PORT=9000` is `port` in the section `[http]`.",
        "Secrets are never values, only paths of files. `entente config check` prints every value with its",
        "meaning; a wrong one is refused at start with a sentence that names it.",
        "",
        "## Top level",
        "",
    ]
    sections = dict(_sections())
    lines += _table({k: v for k, v in Settings.model_fields.items() if k not in sections}, "")
    for name, section in sections.items():
        lines += ["", f"## [{name}]", "", _summary(section), "", *_table(section.model_fields, name)]
    lines += ["", "### [[deployment.tenants]]", "", _summary(TenantSettings), ""]
    lines += _table(TenantSettings.model_fields, "deployment.tenants")
    lines += ["", "### [[deployment.tenants.providers]]", "", _summary(ProviderSettings), ""]
    lines += _table(ProviderSettings.model_fields, "deployment.tenants.providers")
    lines += ["", "### [deployment.tenants.providers.claims]", "", _summary(ClaimSettings), ""]
    lines += _table(ClaimSettings.model_fields, "deployment.tenants.providers.claims")
    return "\n".join(lines) + "\n"


def _table(fields: dict[str, FieldInfo], section: str) -> list[str]:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in fields.items():
        default = "required" if field.is_required() else f"`{_default(name, field)}`"
        lines.append(f"| `{name}` | {_kind(field.annotation)} | {default} | {field.description} |")
    return lines


def _default(name: str, field: FieldInfo) -> str:
    """The default as a reader's machine would show it, so that the page is the same everywhere."""
    value = field.get_default(call_default_factory=True)
    return "gateway/static, in the package" if name == "static" else _shown(value)


def _kind(annotation: Any) -> str:
    """A type in words."""
    names = {bool: "yes or no", int: "integer", float: "number", str: "text"}
    if annotation in names:
        return names[annotation]
    arguments = [_kind(one) for one in get_args(annotation) if one is not type(None)]
    text = str(annotation)
    if text.startswith("list"):
        return "list"
    if "Literal" in text:
        return "one of " + ", ".join(str(one) for one in get_args(annotation))
    if "Path" in text:
        return "path"
    return arguments[0] if arguments else "text"
