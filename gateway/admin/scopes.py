"""What may be done in the administration, and who may: accounts by their rights, programs by their scopes."""

from __future__ import annotations

from enum import StrEnum

from core.records import Right


class Scope(StrEnum):
    """One thing that a service token can be made for."""

    TENANT_READ = "tenant:read"
    TENANT_WRITE = "tenant:write"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    RIGHTS_WRITE = "rights:write"
    ROOMS_READ = "rooms:read"
    ROOMS_WRITE = "rooms:write"
    MEETINGS_READ = "meetings:read"
    MEETINGS_WRITE = "meetings:write"
    CERTIFICATES_READ = "certificates:read"
    CERTIFICATES_WRITE = "certificates:write"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"
    AUDIT_READ = "audit:read"
    QUOTA_READ = "quota:read"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"


MEANINGS: dict[Scope, str] = {
    Scope.TENANT_READ: "Read the ministry's profile",
    Scope.TENANT_WRITE: "Change names, colour, logo, languages and retention",
    Scope.PROVIDERS_READ: "Read and test login services",
    Scope.PROVIDERS_WRITE: "Add, change and remove login services",
    Scope.PEOPLE_READ: "Search people and their logins",
    Scope.PEOPLE_WRITE: "Block people and end their logins",
    Scope.RIGHTS_WRITE: "Make and unmake administrators and auditors",
    Scope.ROOMS_READ: "List rooms",
    Scope.ROOMS_WRITE: "Change and close rooms",
    Scope.MEETINGS_READ: "See which meetings run and who is in them",
    Scope.MEETINGS_WRITE: "End meetings",
    Scope.CERTIFICATES_READ: "List certificates",
    Scope.CERTIFICATES_WRITE: "Revoke certificates",
    Scope.POLICY_READ: "Read the policy and its meaning",
    Scope.POLICY_WRITE: "Change the policy",
    Scope.AUDIT_READ: "Read and export audit events",
    Scope.QUOTA_READ: "Read the quota and its use",
    Scope.TOKENS_READ: "List service tokens",
    Scope.TOKENS_WRITE: "Make and revoke service tokens, for no more than the own scopes",
}

AUDITOR = frozenset({Scope.AUDIT_READ, Scope.CERTIFICATES_READ, Scope.MEETINGS_READ})


def scopes_of(rights: frozenset[Right]) -> frozenset[Scope]:
    """What an account may do."""
    if Right.ADMIN in rights:
        return frozenset(Scope)
    return AUDITOR if Right.AUDITOR in rights else frozenset()
