"""What every section of the settings is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section refuses keys it does not know, so that a typing error is not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
