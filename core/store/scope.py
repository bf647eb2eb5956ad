"""Whose rows a store sees: every query carries it twice, as a condition of our own and as a setting that
PostgreSQL's row-level security reads.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, true

from core.errors import LibraryError

EVERY = "*"
"""What the setting `entente.tenants` says for a node that serves every tenant."""

DEPLOYMENT = ""
"""The tenant of what belongs to the deployment itself, such as the leaves of its manifest."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`tenants` None is every tenant: the node's own view where it is limited to none."""

    tenants: frozenset[str] | None = None

    def narrowed(self, tenant: str) -> Scope:
        """One tenant of these; nothing at all when it is not among them."""
        return Scope(frozenset({tenant} if self.sees(tenant) else ()))

    @property
    def own(self) -> str:
        """The one tenant that a write belongs to. LibraryError where there is not exactly one."""
        if self.tenants is None or len(self.tenants) != 1:
            raise LibraryError("a write that belongs to a tenant needs the store of that tenant")
        (tenant,) = self.tenants
        return tenant

    def owns(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that a row is one of ours."""
        return true() if self.tenants is None else column.in_(sorted(self.tenants))

    def sees(self, tenant: str) -> bool:
        """Whether this tenant's rows are among ours."""
        return self.tenants is None or tenant in self.tenants

    def taking(self, tenant: str) -> str:
        """The tenant a value says it belongs to. LibraryError when it is none of ours: no caller may get so
        far with another tenant's value."""
        if not self.sees(tenant):
            raise LibraryError("a write of another tenant's row")
        return tenant

    @property
    def setting(self) -> str:
        """The value of `entente.tenants` for a transaction: ids separated by commas. Empty is nobody, so that
        the deployment's own rows, whose tenant is empty, are a comma alone."""
        if self.tenants is None:
            return EVERY
        return ",".join(sorted(self.tenants)) or ("," if self.tenants else "")


def limited_to(tenants: Collection[str]) -> Scope:
    """A node's own scope: these tenants and what is the deployment's own, or everything when none is
    named."""
    return Scope(frozenset(tenants) | {DEPLOYMENT} if tenants else None)
