"""What the walk of `test_isolation` calls: for each family of queries a `seed`, which gives tenant A rows of
every kind, and `PROBES`, one call for each method of the family, made with the names of A's rows.

A new family is a new file here; a method without a probe fails the walk.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.support import people

A, B = people.TENANTS[0].id, people.TENANTS[1].id
"""The tenant that has something, and the one that looks for it."""


@dataclass(frozen=True)
class Probe:
    """One call. With A's view it must give or change something, with B's it must give `foreign` or a refusal,
    and change nothing at all. `public` says why everybody may read it."""

    call: Callable[[Any], Awaitable[object]]
    foreign: object = None
    public: str = ""


def families() -> list[Any]:
    """The modules of this folder."""
    return [
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    ]


def probes() -> dict[str, Probe]:
    """Every probe, by its method's name."""
    return {name: probe for family in families() for name, probe in family.PROBES.items()}


async def seed(store: Any) -> None:
    """Fill the store of A, as far as it has the families: the double has only what a meeting needs."""
    for family in sorted(families(), key=lambda family: family.ORDER):
        if all(hasattr(store, name) for name in family.PROBES):
            await family.seed(store)
