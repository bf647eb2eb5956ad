"""Every error that a user, a client or an operator can meet, and the one list of codes that goes over the
wire.

::

    EntenteError
    ├── WireError              has a code of `CODES`; crosses the border as problem+json or {code, message}
    │   ├── UserError          the person reads it and can act
    │   └── PeerError          the client program did what the protocol forbids; its author reads it
    ├── OperatorError          one sentence for whoever runs the node; never crosses the border
    │   └── StartError         the node cannot start
    ├── StoreError             the database port
    │   ├── StoreConflict      a uniqueness that the rules demand would be broken (K4.2, K4.7)
    │   ├── ChainBroken        an entry does not continue its group's hash chain
    │   └── StoreUnavailable   the database did not answer; the write may or may not have been kept
    │       └── StoreBusy      two writers met in the database; nothing of this one was kept
    ├── BusError               the bus port
    │   ├── LeaseHeld          somebody else holds the lease
    │   ├── LeaseLost          the lease ended while work under it went on
    │   └── SlowSubscriber     a subscriber's queue overflowed; it must read the state afresh
    ├── SignerError            the signer port
    │   ├── SignerRefused      the request breaks a rule of issuing or signing
    │   └── SignerUnavailable  the signer process did not answer
    ├── MediaError             the media port
    │   └── MediaQueueFull     a worker's command queue is full
    └── LibraryError           a broken invariant of ours: a bug, never the caller's fault

Who reads an error decides its type, and `docs/errors.md` is generated from `CODES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Audience = Literal["user", "client"]


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is known of one code: HTTP status, who may read it, a title, and what to do about it."""

    status: int
    audience: Audience
    title: str
    remedy: str


def _user(status: int, title: str, remedy: str) -> CodeFacts:
    return CodeFacts(status, "user", title, remedy)


def _client(status: int, title: str, remedy: str) -> CodeFacts:
    return CodeFacts(status, "client", title, remedy)


CODES: dict[str, CodeFacts] = {
    # Requests in general.
    "bad_request": _client(
        400, "The request cannot be understood", "Correct its form; the detail names the field."
    ),
    "not_found": _client(404, "Nothing stands at this address", "Check the path."),
    "method_not_allowed": _client(
        405, "This address does not take that method", "Use a method named in Allow."
    ),
    "body_too_large": _client(413, "The request body is too large", "Send less."),
    "unsupported_media_type": _client(415, "The body must be JSON", "Send application/json."),
    "host_refused": _client(421, "This name is not served here", "Use a name listed in http.hosts."),
    "proxy_refused": _client(
        421, "This node serves its own machine alone", "Set development.login = false behind a proxy."
    ),
    "forwarded_refused": _client(
        400, "The proxy's forwarding header cannot be read", "Have it write addresses; see http.proxy_header."
    ),
    "rate_limited": _user(429, "Too many requests from this address", "Wait for retry_after seconds."),
    "too_slow": _client(408, "The request did not arrive in time", "Send the whole request at once."),
    "internal": _user(500, "Something failed on our side", "Try again; the operator sees it in the log."),
    "unavailable": _user(503, "The node cannot serve this now", "Try again after retry_after seconds."),
    # Login, rooms and join tokens.
    "unauthorized": _user(401, "Please log in", "Log in again; the session is missing, unknown or over."),
    "forbidden": _user(403, "This is not allowed for you", "Ask the room's owner."),
    "login_disabled": _user(403, "This login is not offered here", "Use a login listed by /api/config."),
    "person_unknown": _user(404, "No such person", "Choose a person listed by /api/config."),
    "room_unknown": _user(404, "There is no such room", "Check the link; it may have been mistyped."),
    "guests_refused": _user(403, "This room takes no guests", "Log in, or ask the room's owner."),
    "room_closed": _user(410, "This room was closed", "Ask its owner for another link."),
    "guests_ended": _user(403, "This link lets no guests in any more", "Log in, or ask for a new link."),
    "pin_required": _user(401, "This room asks guests for a PIN", "Enter the PIN of the invitation."),
    "pin_wrong": _user(403, "The PIN is wrong", "Check the invitation; after a few tries you must wait."),
    "excluded": _user(403, "You were removed from this meeting", "Ask the host."),
    "lobby_required": _client(403, "This token is for the lobby", "Send `knock` first."),
    "lobby_full": _user(429, "Too many people wait in the lobby", "Try again after retry_after seconds."),
    "knock_unknown": _client(404, "Nobody waits under this id", "Read the last lobby event."),
    "room_locked": _user(403, "The meeting is locked", "Ask a host to unlock it."),
    "rule_refused": _user(403, "The room's rules do not allow this", "Ask a host."),
    "rename_refused": _user(403, "This name is a ministry's word", "Only guests can be renamed."),
    "quota_reached": _user(409, "The ministry's quota is reached", "Ask its administrator."),
    "tenant_suspended": _user(403, "This ministry is suspended here", "Ask the operator."),
    # Login by a provider, and the administration.
    "provider_unknown": _user(404, "No such login", "Use a login listed by /api/login/providers."),
    "provider_failed": _user(502, "The login service does not answer", "Try again; then tell its operator."),
    "login_expired": _user(403, "The login took too long", "Begin it again."),
    "login_replayed": _user(403, "This answer was used already", "Begin the login again."),
    "login_mismatch": _user(403, "The answer belongs to another login", "Begin the login again."),
    "login_denied": _user(403, "The login service refused", "Try again, or ask its help desk."),
    "assurance_low": _user(403, "A stronger login is needed", "Log in with a higher level of assurance."),
    "account_blocked": _user(403, "This account is blocked", "Ask your administrator."),
    "claims_missing": _user(403, "The login service did not say who you are", "Ask its operator."),
    "id_token_issuer": _user(403, "The login names another issuer", "Tell your security team."),
    "id_token_audience": _user(403, "The login is for another service", "Tell your security team."),
    "id_token_algorithm": _user(403, "The login is signed in a refused way", "Tell your security team."),
    "id_token_signature": _user(403, "The login's signature is wrong", "Tell your security team."),
    "id_token_expired": _user(403, "The login's token is too old", "Check the clocks; log in again."),
    "id_token_early": _user(403, "The login's token is of the future", "Check the clocks; log in again."),
    "id_token_nonce": _user(403, "The login's nonce is wrong", "Begin the login again."),
    "cross_site": _client(403, "The request comes from another site", "Send it from a page of this host."),
    "scope_missing": _client(403, "The token lacks a scope", "Make one with the scope named in the detail."),
    "conflict": _user(409, "It exists already or was changed meanwhile", "Read it again."),
    "invalid": _user(422, "A value is not allowed", "Correct it; the detail names the field."),
    "token_unknown": _user(403, "The join token is not known", "Open the room's link again."),
    "token_used": _user(
        409, "The join token was already used", "Open the room's link again; a token joins once."
    ),
    "token_expired": _user(403, "The join token is too old", "Open the room's link again."),
    # The socket.
    "bad_message": _client(
        400, "The message cannot be understood", "Correct its form; the message names the field."
    ),
    "unknown_type": _client(400, "No such message type", "Use a type listed in docs/protocol.md."),
    "message_too_large": _client(413, "The message is too large", "Keep below 4 MiB."),
    "out_of_order": _client(
        409, "This message is not allowed at this point", "Follow the order in docs/protocol.md."
    ),
    "already_done": _client(409, "This was already done", "Do it once."),
    "slow_client": _client(
        408, "The client does not read its messages", "Read the socket; then resume or join again."
    ),
    "resume_expired": _user(410, "The connection was away too long", "Join again with a new token."),
    "resume_refused": _client(
        403, "The resumption is not proven", "Sign the nonce with this join's leaf key (K2.5)."
    ),
    "restarting": _user(503, "The node restarts", "Join again after a moment: the meeting goes on."),
    "meeting_full": _user(409, "The meeting is full", "Wait until somebody leaves."),
    "meeting_ended": _user(410, "The meeting has ended", "Open the room's link again."),
    "removed": _user(403, "You were removed from the meeting", "Ask the host."),
    "not_host": _user(403, "Only a host may do this", "Ask a host."),
    "participant_unknown": _client(404, "No such participant", "Read the last participants event."),
    # Identity and the group.
    "certify_refused": _client(
        403, "The leaf key is not proven", "Sign the nonce of hello with the leaf key (K2.1)."
    ),
    "key_package_refused": _client(
        403, "The key package breaks a rule", "The message names the rule (K2.2, K2.6)."
    ),
    "suite_refused": _client(
        403, "The cipher suite is not allowed here", "Use the suite named by hello (K2.6)."
    ),
    "group_unknown": _client(404, "No such group", "Join again as a fresh leaf."),
    "attempt_unknown": _client(409, "No such attempt is open", "Wait for the next group.propose."),
    "not_committer": _client(
        403, "Another member was named committer", "Wait for the next group.propose (K4.4)."
    ),
    "commit_refused": _client(403, "The commit breaks a rule", "The message names the rule (K3.2, K4.1)."),
    "receipt_refused": _client(
        403, "The receipt is not valid", "Sign the staged epoch authenticator (K4.3)."
    ),
    "stale_epoch": _client(409, "The message was encrypted for an old epoch", "Encrypt it again (K6.1)."),
    "fork": _user(409, "Two outcomes exist for one epoch", "Leave, and tell your security team (K4.7)."),
    # Media.
    "sdp_refused": _client(400, "The session description cannot be used", "The message names the line."),
    "connection_unknown": _client(404, "No such connection", "Offer it first."),
    "media_unavailable": _user(503, "No media worker is free", "Try again after retry_after seconds."),
}
"""Every code that crosses the border, in the order of docs/errors.md. Codes are never reused for another
meaning."""


class EntenteError(Exception):
    """The root of every error of ours."""


class WireError(EntenteError):
    """An error that the other end is told: a code of `CODES`, a detail in plain words, seconds to wait if
    any."""

    def __init__(self, code: str, detail: str = "", *, retry_after: float | None = None) -> None:
        if code not in CODES:
            raise LibraryError(f"error code {code!r} is not listed in core.errors.CODES")
        self.code = code
        self.detail = detail or CODES[code].title
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.detail}")

    @property
    def facts(self) -> CodeFacts:
        """The listed facts of this error's code."""
        return CODES[self.code]


class UserError(WireError):
    """The person can read it and act."""


class PeerError(WireError):
    """The client program broke the protocol."""


class OperatorError(EntenteError):
    """One sentence for whoever runs the node."""


class StartError(OperatorError):
    """The node cannot start; the sentence says why and what to do."""


class StoreError(EntenteError):
    """The database port failed."""


class StoreConflict(StoreError):
    """A uniqueness that the rules demand would be broken; nothing was written."""


class ChainBroken(StoreError):
    """An entry does not continue its group's hash chain; nothing was written."""


class StoreUnavailable(StoreError):
    """The database did not answer in time; the write may or may not have been kept."""


class StoreBusy(StoreUnavailable):
    """Two writers met, and the database let the other one go on; nothing of this one was kept."""


class BusError(EntenteError):
    """The bus port failed."""


class LeaseHeld(BusError):
    """Somebody else holds the lease."""


class LeaseLost(BusError):
    """The lease ended while work under it went on."""


class SlowSubscriber(BusError):
    """A subscriber's queue overflowed; it must read the state afresh."""


class SignerError(EntenteError):
    """The signer port failed; `code` is stable, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)


class SignerRefused(SignerError):
    """The request breaks a rule of issuing or signing."""


class SignerUnavailable(SignerError):
    """The signer process did not answer."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("signer_unavailable", detail)


class MediaError(EntenteError):
    """The media port failed."""


class MediaQueueFull(MediaError):
    """A worker's command queue is full; the worker is overloaded or dead."""


class LibraryError(EntenteError):
    """A broken invariant of ours: a bug."""
