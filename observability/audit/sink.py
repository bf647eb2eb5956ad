"""Writes audit events to a file as they come, and remembers how far it has come.

The position is kept beside the file after the events are on the disk: a crash writes the last ones twice, and
never leaves one out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from observability.audit.formats import FORMATS, Event


class AuditSink:
    """`position`, `write`, `close`. OSError when the file cannot be written."""

    def __init__(self, path: Path, form: str) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._mark = path.with_name(path.name + ".position")
        self._write = FORMATS[form]
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def position(self) -> int:
        """The id of the last event that is in the file; 0 at first."""
        try:
            return int(self._mark.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, events: Sequence[Event]) -> None:
        """Append events, in their order, durably."""
        self._reopen()
        data = memoryview(b"".join(self._write(event) for event in events))
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)
        beside = self._mark.with_name(self._mark.name + ".new")
        beside.write_text(str(max(event.id for event in events)))
        beside.replace(self._mark)

    def _reopen(self) -> None:
        """Somebody may have moved the file away, to begin another."""
        try:
            same = os.path.samestat(os.stat(self._path), os.fstat(self._descriptor))
        except FileNotFoundError:
            same = False
        if not same:
            os.close(self._descriptor)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
