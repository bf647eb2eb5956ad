"""Writes the tables of docs/protocol.md from the sources that read and write what they describe.

`scripts/protocol.py` rewrites the page; `render` is what the check of generated files compares with.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "protocol.md"
WIRE = ROOT / "core" / "wire"
STRUCTURES = ROOT / "crates" / "e2ee" / "src" / "signed" / "structures.rs"
HIDDEN = {"Request", "Event", "Empty", "Value", "ErrorReply", "OkReply", "WireFault"}
Field = tuple[str, str, str]


def classes(name: str) -> Iterator[ast.ClassDef]:
    """The models of a module of core/wire, in its order."""
    for node in ast.parse((WIRE / f"{name}.py").read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name not in HIDDEN:
            yield node


def one_line(text: str | None) -> str:
    """A docstring in one line, fit for a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def fields(node: ast.ClassDef) -> list[Field]:
    """Name, type and text of a model's own fields."""
    found: list[Field] = []
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            kind = ast.unparse(part.annotation)
            if not kind.startswith("ClassVar") and part.target.id not in ("type", "id"):
                found.append((part.target.id, short(kind), ""))
        elif found and isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
            found[-1] = (*found[-1][:2], one_line(str(part.value.value)))
    return found


def short(kind: str) -> str:
    """A type without its bounds, which stand in the code."""
    while (inner := re.sub(r"Annotated\[(.+?), Field\([^()]*\)\]", r"\1", kind)) != kind:
        kind = inner
    return kind.replace("Literal[", "one of [").replace("|", "\\|")


def tag(node: ast.ClassDef) -> str | None:
    """The wire's name of a message."""
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == "type":
            return str(ast.literal_eval(part.value)) if part.value else None
    return None


def reply(node: ast.ClassDef) -> str:
    """The model that answers a request."""
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == "reply" and part.value:
            return ast.unparse(part.value)
    return "Empty"


def listed(parts: list[Field]) -> str:
    """Fields in a table's cell."""
    return "; ".join(f"`{name}` {kind}{': ' + text if text else ''}" for name, kind, text in parts) or "-"


def requests() -> str:
    """All requests, each with its reply's fields."""
    models = {node.name: node for node in classes("requests")}
    lines = ["| request | what for | fields | reply |", "|---|---|---|---|"]
    for node in models.values():
        if (name := tag(node)) is not None:
            answer = models.get(reply(node))
            told = listed(fields(answer)) if answer else "-"
            lines.append(
                f"| `{name}` | {one_line(ast.get_docstring(node))} | {listed(fields(node))} | {told} |"
            )
    return "\n".join(lines)


def events() -> str:
    """All events."""
    lines = ["| event | what it says | fields |", "|---|---|---|"]
    for node in classes("events"):
        if (name := tag(node)) is not None:
            lines.append(f"| `{name}` | {one_line(ast.get_docstring(node))} | {listed(fields(node))} |")
    return "\n".join(lines)


def values() -> str:
    """Values that several messages share."""
    lines = ["| value | what it is | fields |", "|---|---|---|"]
    for node in classes("values"):
        lines.append(f"| {node.name} | {one_line(ast.get_docstring(node))} | {listed(fields(node))} |")
    return "\n".join(lines)


def structures() -> str:
    """The signed structures with labels and fields in the order of their encoding."""
    text = STRUCTURES.read_text()
    labels = dict(re.findall(r'^    (\w+), "([^"]+)";', text, re.MULTILINE))
    lines = ["| structure | label | what it says | fields, in order |", "|---|---|---|---|"]
    struct = r"((?:    /// [^\n]*\n)+)    pub struct (\w+) \{\n(.*?)\n    \}"
    for doc, name, body in re.findall(struct, text, re.DOTALL):
        parts = re.findall(r"/// (.*)\n\s+pub (\w+): ([\w<>]+),", body)
        told = "; ".join(f"`{field}` {kind}: {one_line(why).rstrip('.')}" for why, field, kind in parts)
        label = f"`{labels[name]}`" if name in labels else "part of a manifest"
        lines.append(f"| {name} | {label} | {one_line(re.sub('/// ', '', doc))} | {told} |")
    return "\n".join(lines)


def render() -> str:
    """The page with all tables written anew."""
    page = PAGE.read_text()
    for name, table in {
        "requests": requests(),
        "events": events(),
        "values": values(),
        "structures": structures(),
    }.items():
        mark = f"<!-- generated: {name} -->\n"
        before, after = page.split(mark)
        page = f"{before}{mark}{table}\n<!-- end -->{after.split('<!-- end -->', 1)[1]}"
    return page


def main() -> int:
    """Rewrites the page."""
    PAGE.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
