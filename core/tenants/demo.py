"""Two made-up ministries and their made-up officials, for the development login alone.

Nobody here exists. `gateway` refuses to offer them unless HTTP is bound to loopback.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.records import Right
from core.values import Assurance, Person, Role, Tenant


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody a person can say to be at the development login."""

    tenant: str
    subject: str
    name: str
    title: str
    rights: frozenset[Right] = frozenset()

    def person(self, deployment: str) -> Person:
        """The official as the tenant would vouch for."""
        return Person(
            deployment=deployment,
            tenant=self.tenant,
            subject=self.subject,
            name=self.name,
            name_checked=True,
            role=Role.PARTICIPANT,
            assurance=Assurance.SUBSTANTIAL,
        )


def tenants(deployment: str) -> tuple[Tenant, ...]:
    """The two ministries."""
    return (
        Tenant("exemple", deployment, "Ministère de l'Exemple", "Exemple", "#1d4ed8"),
        Tenant("beispiel", deployment, "Beispielministerium", "Beispiel", "#b45309"),
    )


OFFICIALS = (
    Official("exemple", "x-7f3k2m9q", "Camille Durand", "Cheffe de bureau", frozenset({Right.ADMIN})),
    Official("exemple", "x-4c8w1t6z", "Amadou Lefèvre", "Conseiller", frozenset({Right.AUDITOR})),
    Official("exemple", "x-9d5h3r7b", "Inès Moreau", "Interprète"),
    Official("beispiel", "b-2n6v8j4s", "Jonas Weber", "Referatsleiter", frozenset({Right.ADMIN})),
    Official("beispiel", "b-5g1p7y3d", "Lena Hoffmann", "Referentin"),
    Official("beispiel", "b-8k4c2x6f", "Emre Schulz", "Dolmetscher"),
)
"""Their names are common ones, their subjects opaque as real ones are."""


def official(tenant: str, subject: str) -> Official | None:
    """The official with this subject."""
    return next((one for one in OFFICIALS if (one.tenant, one.subject) == (tenant, subject)), None)


def rights_of(tenant: str, subject: str) -> frozenset[Right]:
    """What a made-up official may do in the administration."""
    found = official(tenant, subject)
    return found.rights if found else frozenset()
