"""Audit events in the Open Cybersecurity Schema Framework, version 1.3.0 (https://schema.ocsf.io/1.3.0).

Logins are Authentication (3002), what is done to accounts is Account Change (3001), everything else is API
Activity (6003): what a service was asked to do, by whom, to what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from observability.audit.formats import Event

VERSION = "1.3.0"

AUTHENTICATION, ACCOUNT_CHANGE, API_ACTIVITY = 3002, 3001, 6003
NAMES = {
    AUTHENTICATION: "Authentication",
    ACCOUNT_CHANGE: "Account Change",
    API_ACTIVITY: "API Activity",
}
CATEGORIES = {3: "Identity & Access Management", 6: "Application Activity"}
ACTIVITIES = {
    AUTHENTICATION: {1: "Logon", 2: "Logoff"},
    ACCOUNT_CHANGE: {
        1: "Create",
        2: "Enable",
        5: "Disable",
        7: "Attach Policy",
        8: "Detach Policy",
        9: "Lock",
        99: "Other",
    },
    API_ACTIVITY: {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"},
}
"""Those of each class that we use, by the schema's numbers."""

INFORMATIONAL, LOW, MEDIUM, HIGH = 1, 2, 3, 4
SEVERITIES = {INFORMATIONAL: "Informational", LOW: "Low", MEDIUM: "Medium", HIGH: "High"}


class Mapping(NamedTuple):
    """An action's class, activity and severity."""

    class_uid: int
    activity: int
    severity: int = INFORMATIONAL


CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99


def _api(activity: int, severity: int = INFORMATIONAL) -> Mapping:
    return Mapping(API_ACTIVITY, activity, severity)


MAPPINGS: dict[str, Mapping] = {
    "login": Mapping(AUTHENTICATION, 1),
    "logout": Mapping(AUTHENTICATION, 2),
    "session.reused": Mapping(AUTHENTICATION, 2, HIGH),
    "session.ended": Mapping(AUTHENTICATION, 2, LOW),
    "account.created": Mapping(ACCOUNT_CHANGE, 1),
    "account.changed": Mapping(ACCOUNT_CHANGE, 99),
    "account.blocked": Mapping(ACCOUNT_CHANGE, 5, LOW),
    "account.unblocked": Mapping(ACCOUNT_CHANGE, 2, LOW),
    "account.rights_given": Mapping(ACCOUNT_CHANGE, 7, MEDIUM),
    "account.rights_taken": Mapping(ACCOUNT_CHANGE, 8, LOW),
    "tenant.created": _api(CREATE, LOW),
    "tenant.changed": _api(UPDATE),
    "tenant.suspended": _api(UPDATE, MEDIUM),
    "tenant.resumed": _api(UPDATE, LOW),
    "policy.changed": _api(UPDATE, MEDIUM),
    "quota.changed": _api(UPDATE, LOW),
    "provider.created": _api(CREATE, MEDIUM),
    "provider.changed": _api(UPDATE, MEDIUM),
    "provider.removed": _api(DELETE, MEDIUM),
    "provider.tested": _api(READ),
    "room.created": _api(CREATE),
    "room.changed": _api(UPDATE),
    "room.closed": _api(DELETE),
    "room.members_changed": _api(UPDATE),
    "meeting.joined": _api(OTHER),
    "meeting.knocked": _api(OTHER),
    "meeting.admitted": _api(OTHER),
    "meeting.refused": _api(OTHER),
    "meeting.removed": _api(OTHER, LOW),
    "meeting.muted": _api(OTHER),
    "meeting.muted_all": _api(OTHER),
    "meeting.hands_lowered": _api(OTHER),
    "meeting.renamed": _api(UPDATE),
    "meeting.promoted": _api(UPDATE, LOW),
    "meeting.rules_changed": _api(UPDATE),
    "meeting.ended": _api(DELETE),
    "certificate.issued": _api(CREATE),
    "certificate.revoked": _api(DELETE, MEDIUM),
    "certificate.authority_rotated": _api(UPDATE, MEDIUM),
    "token.created": _api(CREATE, MEDIUM),
    "token.revoked": _api(DELETE, LOW),
    "audit.read": _api(READ, LOW),
    "audit.exported": _api(READ, LOW),
}
"""Every action of `core.actions`; a test compares the two lists."""

USER_TYPES = {"account": (1, "User"), "operator": (2, "Admin"), "system": (3, "System")}
"""The schema's `user.type_id`; guests and services are 99 and say their own word."""


def ocsf(event: Event) -> dict[str, object]:
    """The event as an object of its class. A refusal weighs at least low: many of them are an attack."""
    mapping = MAPPINGS[event.action]
    success = event.outcome == "success"
    severity = mapping.severity if success else max(mapping.severity, LOW)
    actor = _user(event.actor_kind, event.actor)
    said: dict[str, object] = {
        "category_uid": mapping.class_uid // 1000,
        "category_name": CATEGORIES[mapping.class_uid // 1000],
        "class_uid": mapping.class_uid,
        "class_name": NAMES[mapping.class_uid],
        "activity_id": mapping.activity,
        "activity_name": ACTIVITIES[mapping.class_uid][mapping.activity],
        "type_uid": mapping.class_uid * 100 + mapping.activity,
        "time": event.time,
        "severity_id": severity,
        "severity": SEVERITIES[severity],
        "status_id": 1 if success else 2,
        "status": "Success" if success else "Failure",
        "actor": {"user": actor},
        "src_endpoint": {"ip": event.address} if event.address else {"svc_name": "entente"},
        "metadata": {
            "version": VERSION,
            "product": {"name": "Entente", "vendor_name": "Entente"},
            "uid": str(event.id),
            "tenant_uid": event.tenant,
            "event_code": event.action,
        },
        "unmapped": {"outcome": event.outcome, **dict(event.detail)},
    }
    code = dict(event.detail).get("code")
    if code:
        said["status_detail"] = code
    said.update(_of_class(event, mapping.class_uid, actor))
    return said


def _of_class(event: Event, class_uid: int, actor: dict[str, object]) -> dict[str, object]:
    """What the class wants besides."""
    if class_uid == API_ACTIVITY:
        return {
            "api": {"operation": event.action, "service": {"name": "entente"}},
            "resources": [{"uid": event.object, "type": event.object_kind}],
        }
    user = actor if event.object == event.actor else _user("account", event.object)
    if class_uid == AUTHENTICATION:
        return {"user": user, "service": {"name": "entente"}, "is_remote": bool(event.address)}
    return {"user": user}


def _user(kind: str, who: str) -> dict[str, object]:
    number, word = USER_TYPES.get(kind, (99, kind.capitalize()))
    return {"uid": who or "unknown", "type_id": number, "type": word}
