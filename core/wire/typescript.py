"""The TypeScript twins of the socket's models, written from the pydantic models themselves.

`scripts/generate-wire` stores the result in the browser's SDK; a test fails when the stored file is not what
this module writes, so the two ends of the socket cannot drift apart.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from core.wire import events, requests, values
from core.wire.requests import Request
from core.wire.values import Value

_PLAIN = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    bytes: "Uint8Array",
    object: "unknown",
    type(None): "null",
}
_ALIASES = {
    "Source": values.Source,
    "SourceState": values.SourceState,
    "SlotKind": values.SlotKind,
    "Role": values.Role,
    "PersonState": values.PersonState,
}


def _type(annotation: Any) -> str:
    """The TypeScript of one annotation; an annotation this does not know is a bug and raises."""
    for name, alias in _ALIASES.items():
        if annotation == alias:
            return name
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return annotation.__name__
    return _generic(annotation, get_origin(annotation), get_args(annotation))


def _generic(annotation: Any, origin: Any, args: tuple[Any, ...]) -> str:
    if origin is Annotated:
        return _type(args[0])
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in args)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(part) for part in args)
    if origin is list:
        inner = _type(args[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        record = f"Record<{_type(args[0])}, {_type(args[1])}>"
        return record if args[0] is str or get_origin(args[0]) is Annotated else f"Partial<{record}>"
    raise TypeError(f"no TypeScript for {annotation!r}")


def _field(name: str, field: FieldInfo, sent: bool) -> str:
    annotation = field.annotation
    tag = get_origin(annotation) is Literal and len(get_args(annotation)) == 1
    optional = "?" if sent and not tag and not field.is_required() else ""
    return f"  {name}{optional}: {_type(annotation)};"


def _interface(model: type[Value]) -> str:
    sent = issubclass(model, Request)
    summary = " ".join((model.__doc__ or "").split())
    lines = [f"/** {summary} */", f"export interface {model.__name__} {{"]
    lines += [_field(name, field, sent) for name, field in model.model_fields.items()]
    return "\n".join([*lines, "}"])


def _models(module: types.ModuleType, base: type[Value]) -> list[type[Value]]:
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, base)
        and item.__module__ == module.__name__
        and item not in (Value, Request, events.Event)
    ]


def _tag(model: type[Value]) -> str:
    return str(model.model_fields["type"].default)


def render() -> str:
    """The whole file."""
    parts = [
        "// Written by scripts/generate-wire from core/wire; change it there. Messages of `entente.v1`.",
        f"export const MAX_MESSAGE = {values.MAX_MESSAGE};",
        f"export const SMALL_MESSAGE = {values.SMALL_MESSAGE};",
    ]
    for name, alias in _ALIASES.items():
        union = " | ".join(f'"{value}"' for value in get_args(alias))
        parts.append(f"export type {name} = {union};")
    for module in (values, requests, events):
        parts += [_interface(model) for model in _models(module, Value)]
    sent = [m for m in _models(requests, Request)]
    heard = [m for m in _models(events, events.Event)]
    rows = [f'  "{_tag(m)}": {{ request: {m.__name__}; reply: {_reply(m)} }};' for m in sent]
    head = "/** Each request by its type, with the reply that answers it. */\nexport interface Requests {"
    parts.append("\n".join([head, *rows, "}"]))
    parts.append('export type ClientRequest = Requests[keyof Requests]["request"];')
    rows = [f'  "{_tag(m)}": {m.__name__};' for m in heard]
    parts.append("/** Each event by its type. */\n" + "\n".join(["export interface Events {", *rows, "}"]))
    parts.append("export type ServerEvent = Events[keyof Events];")
    return "\n\n".join(parts) + "\n"


def _reply(model: type[Value]) -> str:
    reply: type[Value] = getattr(model, "reply")  # noqa: B009 (a class variable of Request)
    return reply.__name__
