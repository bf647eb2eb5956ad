"""The one table of what an audit event can say was done. `docs/audit.md` is generated from it.

An action that is not here cannot be noted. A name never changes its meaning: security teams write rules on
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What was done, as `object.verb`."""

    LOGIN = "login"
    LOGOUT = "logout"
    SESSION_REUSED = "session.reused"
    SESSION_ENDED = "session.ended"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_UNBLOCKED = "account.unblocked"
    RIGHTS_GIVEN = "account.rights_given"
    RIGHTS_TAKEN = "account.rights_taken"
    TENANT_CREATED = "tenant.created"
    TENANT_CHANGED = "tenant.changed"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_RESUMED = "tenant.resumed"
    POLICY_CHANGED = "policy.changed"
    QUOTA_CHANGED = "quota.changed"
    PROVIDER_CREATED = "provider.created"
    PROVIDER_CHANGED = "provider.changed"
    PROVIDER_REMOVED = "provider.removed"
    PROVIDER_TESTED = "provider.tested"
    ROOM_CREATED = "room.created"
    ROOM_CHANGED = "room.changed"
    ROOM_CLOSED = "room.closed"
    MEMBERS_CHANGED = "room.members_changed"
    JOINED = "meeting.joined"
    KNOCKED = "meeting.knocked"
    ADMITTED = "meeting.admitted"
    REFUSED = "meeting.refused"
    REMOVED = "meeting.removed"
    MUTED = "meeting.muted"
    MUTED_ALL = "meeting.muted_all"
    HANDS_LOWERED = "meeting.hands_lowered"
    RENAMED = "meeting.renamed"
    PROMOTED = "meeting.promoted"
    RULES_CHANGED = "meeting.rules_changed"
    ENDED = "meeting.ended"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_REVOKED = "certificate.revoked"
    CA_ROTATED = "certificate.authority_rotated"
    TOKEN_CREATED = "token.created"  # noqa: S105 -- a name, not a token
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 -- as above
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What is known of an action: what its object is, what it means, and whether it is administrative: then
    it is only carried out once it is written down."""

    object_kind: str
    meaning: str
    administrative: bool


def _daily(object_kind: str, meaning: str) -> ActionFacts:
    return ActionFacts(object_kind, meaning, False)


def _administrative(object_kind: str, meaning: str) -> ActionFacts:
    return ActionFacts(object_kind, meaning, True)


ACTIONS: dict[Action, ActionFacts] = {
    Action.LOGIN: _daily("account", "Somebody logged in, or was refused: `code` says why."),
    Action.LOGOUT: _daily("account", "A login ended, by its person or by the provider (`by`)."),
    Action.SESSION_REUSED: _daily(
        "account", "A session's old cookie came back: it was stolen or copied, and the session has ended."
    ),
    Action.SESSION_ENDED: _administrative("account", "Somebody else ended a person's logins."),
    Action.ACCOUNT_CREATED: _daily("account", "A first login made an account."),
    Action.ACCOUNT_CHANGED: _daily("account", "A login brought other facts; `fields` names which."),
    Action.ACCOUNT_BLOCKED: _administrative("account", "An account was blocked and its logins ended."),
    Action.ACCOUNT_UNBLOCKED: _administrative("account", "An account may log in again."),
    Action.RIGHTS_GIVEN: _administrative("account", "An account was given `rights`."),
    Action.RIGHTS_TAKEN: _administrative("account", "An account lost `rights`."),
    Action.TENANT_CREATED: _administrative("tenant", "A ministry was made."),
    Action.TENANT_CHANGED: _administrative("tenant", "A ministry's profile changed; `fields` names which."),
    Action.TENANT_SUSPENDED: _administrative("tenant", "A ministry was suspended: no login, no room."),
    Action.TENANT_RESUMED: _administrative("tenant", "A suspended ministry goes on."),
    Action.POLICY_CHANGED: _administrative("tenant", "A ministry's policy changed and was signed anew."),
    Action.QUOTA_CHANGED: _administrative("tenant", "A ministry's quota changed."),
    Action.PROVIDER_CREATED: _administrative("provider", "A login service was added."),
    Action.PROVIDER_CHANGED: _administrative("provider", "A login service changed; `fields` names which."),
    Action.PROVIDER_REMOVED: _administrative("provider", "A login service was removed."),
    Action.PROVIDER_TESTED: _administrative("provider", "A login service was asked for its description."),
    Action.ROOM_CREATED: _daily("room", "A room was made."),
    Action.ROOM_CHANGED: _daily("room", "A room's rules, PIN or link changed; `fields` names which."),
    Action.ROOM_CLOSED: _daily("room", "A room was closed for good."),
    Action.MEMBERS_CHANGED: _daily("room", "Who belongs to a room changed: `role`, or `none` once removed."),
    Action.JOINED: _daily("room", "Somebody asked to come in: `code` says why not, `admission` which way."),
    Action.KNOCKED: _daily("meeting", "Somebody waits in the lobby."),
    Action.ADMITTED: _daily("meeting", "A host let `whom` in from the lobby."),
    Action.REFUSED: _daily("meeting", "A host did not let `whom` in from the lobby."),
    Action.REMOVED: _daily("meeting", "A host removed `whom`."),
    Action.MUTED: _daily("meeting", "A host stopped the `source` of `whom`."),
    Action.MUTED_ALL: _daily("meeting", "A host stopped every microphone but the hosts'."),
    Action.HANDS_LOWERED: _daily("meeting", "A host lowered the hand of `whom`, or every hand."),
    Action.RENAMED: _daily("meeting", "A host gave the guest `whom` another name."),
    Action.PROMOTED: _daily("meeting", "A host gave `whom` the `role`."),
    Action.RULES_CHANGED: _daily("meeting", "A host changed the rules; `fields` names which."),
    Action.ENDED: _daily("meeting", "A host or an administrator ended the meeting for everybody."),
    Action.CERTIFICATE_ISSUED: _daily("certificate", "The authority certified a leaf key of `whom` (K2.1)."),
    Action.CERTIFICATE_REVOKED: _administrative("certificate", "Certificates of `whom` were revoked (K2.4)."),
    Action.CA_ROTATED: _administrative("tenant", "The certificate authority has a new key."),
    Action.TOKEN_CREATED: _administrative("token", "A service token was made, for `scopes`."),
    Action.TOKEN_REVOKED: _administrative("token", "A service token was revoked."),
    Action.AUDIT_READ: _administrative("tenant", "Somebody read audit events."),
    Action.AUDIT_EXPORTED: _administrative("tenant", "Somebody exported audit events."),
}
