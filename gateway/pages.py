"""Reference pages that are written from the code: configuration, errors, metrics.

`scripts/generate-docs` stores them under `docs/`; a test fails when a stored page is not what this module
writes.
"""

from __future__ import annotations

from core.errors import CODES
from gateway.explain import reference
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


PAGES = {"configuration.md": reference, "errors.md": errors, "metrics.md": metrics}
"""Each page's name under `docs/`, and what writes it."""
