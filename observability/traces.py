"""OpenTelemetry traces behind an allow-list: what is not named here does not leave, whoever set it (INV).

Span events are dropped whole, since an exception's text may hold what somebody sent; its type stays as
`error.type`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

ALLOWED: dict[str, type | tuple[type, ...]] = {
    "error.type": str,
    "error.code": str,
    "entente.role": str,
    "entente.suite": int,
    "entente.epoch": int,
    "entente.attempt": int,
    "entente.members": int,
    "entente.batch": int,
    "entente.bytes": int,
    "entente.result": str,
    "entente.worker": int,
    "entente.resumed": bool,
}
"""Attribute keys that may leave, with their types. None can hold a name, an address, a key or a word
somebody said."""

TEXT_MAX = 40
"""Characters of an allowed text: codes and roles are shorter, and longer ones are no codes."""

NAMES_MAX = 60


def allowed(attributes: Iterator[tuple[str, object]]) -> dict[str, str | int | float | bool]:
    """Those attributes that may leave."""
    kept: dict[str, str | int | float | bool] = {}
    for key, value in attributes:
        kind = ALLOWED.get(key)
        if kind is None or not isinstance(value, kind) or not isinstance(value, str | int | float | bool):
            continue
        if isinstance(value, str) and (len(value) > TEXT_MAX or not value.replace("_", "").isalnum()):
            continue
        kept[key] = value
    return kept


def _line(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return json.dumps(
        {
            "name": span.name[:NAMES_MAX],
            "trace": f"{context.trace_id:032x}",
            "span": f"{context.span_id:016x}",
            "parent": f"{span.parent.span_id:016x}" if span.parent else None,
            "start_ns": span.start_time,
            "end_ns": span.end_time,
            "attributes": allowed(iter((span.attributes or {}).items())),
        }
    )


class FileExporter(SpanExporter):
    """Appends allowed spans as JSON lines to a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See OpenTelemetry; one write, so lines of several processes do not mix."""
        text = "".join(_line(span) + "\n" for span in spans)
        os.write(self._descriptor, text.encode())
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _ids(join: bytes) -> tuple[int, int]:
    """Trace and root span of a join. From the token's hash, so that nothing has to be stored or carried, and
    nobody can choose them: a client's own trace context is never read (attack 25).
    """
    digest = hashlib.sha256(b"entente join trace" + join).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


class _Ids(RandomIdGenerator):
    """Random ids, but for the root of a join. Asked and answered within one call, so no task is between."""

    def __init__(self) -> None:
        self.root: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        """See OpenTelemetry."""
        return self.root[0] if self.root else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """See OpenTelemetry."""
        return self.root[1] if self.root else super().generate_span_id()


class Traces:
    """The node's tracer. Without an exporter spans cost nothing and go nowhere."""

    def __init__(self, exporter: SpanExporter | None) -> None:
        self._provider: TracerProvider | None = None
        self._ids = _Ids()
        if exporter is not None:
            resource = Resource({"service.name": "entente"})
            self._provider = TracerProvider(resource=resource, id_generator=self._ids)
            self._provider.add_span_processor(BatchSpanProcessor(exporter))

    @contextmanager
    def span(
        self,
        name: str,
        *,
        root_of: bytes | None = None,
        under: bytes | None = None,
        **attributes: str | int | float | bool,
    ) -> Iterator[None]:
        """A span; attribute names have `_` for `.` after `entente`, as `entente_role` for `entente.role`.

        `root_of` and `under` name a join by the hash of its token. Call from the event loop's thread.
        """
        if self._provider is None:
            yield
            return
        named = {key.replace("_", ".", 1): value for key, value in attributes.items()}
        tracer = self._provider.get_tracer("entente")
        with trace.use_span(
            self._begin(tracer, name, named, root_of, under),
            end_on_exit=True,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(trace.StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__name__)
                raise

    def _begin(
        self,
        tracer: trace.Tracer,
        name: str,
        attributes: dict[str, str | int | float | bool],
        root_of: bytes | None,
        under: bytes | None,
    ) -> trace.Span:
        context = None
        if root_of is not None:
            context, self._ids.root = Context(), _ids(root_of)
        elif under is not None:
            root = trace.SpanContext(*_ids(under), is_remote=True, trace_flags=trace.TraceFlags(1))
            context = trace.set_span_in_context(trace.NonRecordingSpan(root), Context())
        try:
            return tracer.start_span(name, context, attributes=attributes)
        finally:
            self._ids.root = None

    def close(self) -> None:
        """Export what waits and stop the exporter's thread."""
        if self._provider is not None:
            self._provider.shutdown()
