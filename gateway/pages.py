"""Reference pages that are written from the code: configuration, errors, metrics.

`scripts/generate-docs` stores them under `docs/`; a test fails when a stored page is not what this module
writes.
"""

from __future__ import annotations

from core.actions import ACTIONS
from core.errors import CODES
from gateway.explain import reference
from observability.audit.ocsf import MAPPINGS as OCSF
from observability.audit.ocsf import NAMES, SEVERITIES
from observability.metrics import METRICS
from observability.traces import ALLOWED

READERS = {"user": "the person", "client": "the client's author"}


def errors() -> str:
    """`docs/errors.md`."""
    lines = [
        "# Errors",
        "",
        "Written by `scripts/generate-docs` from `core/errors.py`; change it there.",
        "",
        "On HTTP an error is a problem document (RFC 9457) with the code in `code` and in `type`, as",
        "`urn:entente:error:<code>`; on the socket it is `{code, message, retry_after?}`. The status is",
        "the one on HTTP. A code never changes its meaning.",
        "",
        "| code | status | who reads it | what it says | what to do |",
        "|---|---|---|---|---|",
    ]
    for code, facts in CODES.items():
        reader = READERS[facts.audience]
        lines.append(f"| `{code}` | {facts.status} | {reader} | {facts.title} | {facts.remedy} |")
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """`docs/metrics.md`."""
    lines = [
        "# Metrics and traces",
        "",
        "Written by `scripts/generate-docs` from `observability/`; change it there.",
        "",
        "`/metrics` answers this machine alone, in Prometheus' text format. Labels are short codes; anything",
        "else is counted as `other`, so that no name and no address becomes a label.",
        "",
        "| metric | kind | unit | labels | meaning |",
        "|---|---|---|---|---|",
    ]
    for row in METRICS.values():
        labels = ", ".join(f"`{label}`" for label in row.labels) or "none"
        unit = {"1": "number", "s": "seconds", "By": "bytes"}[row.unit]
        lines.append(f"| `{row.name}` | {row.kind} | {unit} | {labels} | {row.meaning} |")
    lines += [
        "",
        "Spans go to the file `telemetry.traces`, one JSON object per line. Only these attributes leave,",
        "whoever set others; events are dropped, and of an exception only its type stays.",
        "",
        *(f"- `{key}`" for key in ALLOWED),
    ]
    return "\n".join(lines) + "\n"


AUDIT = """\
# Audit events

Written by `scripts/generate-docs` from `core/actions.py` and `observability/audit/`; change it there.

Who did what to what, when, from where, and how it ended; each event belongs to one tenant and is only ever
added. The actor is an account's or a guest's opaque subject, a service token's id, `operator` or `system`.
No event holds a name, an address of e-mail, a key, a token or anything people said; the source address stands
here and nowhere else.

**Nothing is lost in silence.** An administrative action is written down before it is carried out: when it
cannot be, it is refused with `unavailable` and not done. Should it then fail, a second event with the outcome
`failed` or `refused` follows, and names the first in `of`. Logins, joins and host commands go on while the
database does not answer: their events wait in memory (`entente_audit_waiting`) and follow in their order;
when ten thousand wait, the action is refused. Events that still wait when a node stops without its
database are counted (`entente_audit_lost_total`) and logged as lost.

**Reading them.** `entente audit export --tenant ID --since 2026-01-31 --format json` writes them to standard
output; formats are `json` (one object a line), `ocsf` (OCSF 1.3.0, one object a line) and `rfc5424` (syslog,
octet counting as in RFC 6587). `[audit] file` has a node append them to a file as they come. Administrators
and auditors of a tenant read its events at `/api/admin/audit`; reading is itself an event.

| action | object | done only once told | OCSF class, activity | severity | meaning |
|---|---|---|---|---|---|
"""


def audit() -> str:
    """`docs/audit.md`."""
    lines = []
    for action, facts in ACTIONS.items():
        mapped = OCSF[action.value]
        first = "yes" if facts.administrative else "no"
        kind = f"{mapped.class_uid} {NAMES[mapped.class_uid]}, {mapped.activity}"
        weight = SEVERITIES[mapped.severity]
        lines.append(
            f"| `{action.value}` | {facts.object_kind} | {first} | {kind} | {weight} | {facts.meaning} |"
        )
    return AUDIT + "\n".join(lines) + "\n"


PAGES = {"audit.md": audit, "configuration.md": reference, "errors.md": errors, "metrics.md": metrics}
"""Each page's name under `docs/`, and what writes it."""
