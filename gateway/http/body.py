"""Request bodies to values: JSON of a known model, refused with the field's name and never with its value."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from core.errors import PeerError
from core.names import plain
from core.values import DISPLAY_NAME_MAX


class Body(BaseModel):
    """A strict body: unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


PersonName = Annotated[str, Field(max_length=DISPLAY_NAME_MAX), AfterValidator(plain)]
Title = Annotated[str, Field(max_length=120), AfterValidator(plain)]

B = TypeVar("B", bound=Body)


async def read_body(request: Request, model: type[B]) -> B:
    """The body as `model`. PeerError unsupported_media_type or bad_request; no body counts as an empty
    object."""
    raw = await request.body()
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if raw and kind != "application/json":
        raise PeerError("unsupported_media_type")
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise PeerError("bad_request", f"{where}: {first['msg']}") from error
