"""What every section of the settings is, and values that several have."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section refuses keys it does not know, so that a typing error is not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def network(value: str) -> str:
    """A network. One that holds everybody would let everybody say who they are."""
    try:
        found = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError("must be an address or a network such as 10.0.0.0/8") from error
    if found.prefixlen == 0:
        raise ValueError("must not hold every address there is")
    return str(found)
