"""One operation of the interface: its path, who may, what it takes and gives, and how it can fail."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from core.audit import Actor
from core.ports import Store
from gateway.admin.scopes import Scope
from gateway.http.body import Body


class Query(BaseModel):
    """Parameters of a query: unknown ones are refused, texts become numbers where numbers are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Reply(BaseModel):
    """What an operation answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ID = r"[A-Za-z0-9_-]{1,64}"
"""What stands for one thing in a path; anything else is not found."""

Identifier = Annotated[str, StringConstraints(pattern=f"^{ID}$")]
Cursor = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,128}$"),
    Field(description="`next` of the page before."),
]
Limit = Annotated[int, Field(ge=1, le=200, description="The most entries of one page.")]
Millis = Annotated[int, Field(ge=0, lt=1 << 53, description="Milliseconds since 1970.")]


class Page(Query):
    """Where a listing goes on. Listings go by key and never by number of rows, so that the last page costs
    what the first does."""

    after: Cursor = ""
    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in: who asks, the own tenant's view of the store, and what was sent."""

    tenant: str
    actor: Actor
    scopes: frozenset[Scope]
    store: Store
    path: Mapping[str, str]
    query: Any
    body: Any
    if_match: str | None
    account: str | None
    """The subject of the account that asks; None for a program."""


Handler = Callable[[Call], Awaitable[Reply | Response | None]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`codes` are the errors of `core.errors` that it can end with besides those that every request can.

    `scope` None is for anybody who is let in; `public` for everybody, by a route that stands elsewhere:
    then there is no `handler`.
    """

    method: str
    path: str
    id: str
    summary: str
    handler: Handler | None = None
    scope: Scope | None = None
    public: bool = False
    tag: str = "administration"
    query: type[Query] | None = None
    body: type[Body] | None = None
    reply: type[BaseModel] | None = None
    status: int = 200
    codes: tuple[str, ...] = ()
    versioned: bool = False
    """Answers with an `ETag`; a change wants it back in `If-Match`."""
    media: tuple[str, ...] = ("application/json",)
    """Types of an answer that is no JSON of ours."""
    example: Any = None
    more: dict[int, str] = field(default_factory=dict)
    """Other good statuses, with what they mean."""

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return re.findall(r"{([a-z_]+)}", self.path)
