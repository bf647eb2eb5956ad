"""The log's filter: addresses, tokens, keys and link secrets are taken out of every line before it is
written.

It is the second fence. The first is that nobody logs such things; a test plants canaries behind both.
"""

from __future__ import annotations

import logging
import re
import traceback

HIDDEN = "[secret]"
ADDRESS = "[address]"

_PATTERNS = (
    # Fragments of links, then bearer tokens, then anything that looks like 32 random bytes or more.
    (re.compile(r"(/m/[a-z0-9-]+)#\S+"), r"\1#" + HIDDEN),
    (re.compile(r"(?i)\bbearer\s+\S+"), "Bearer " + HIDDEN),
    (re.compile(r"\b(?:\\x[0-9a-f]{2}|[0-9a-fA-F]{2}[: ]?){16,}"), HIDDEN),
    (re.compile(r"(?<![\w/.-])(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{32,}"), HIDDEN),
    (re.compile(r"b(?P<quote>['\"]).*?(?<!\\)(?P=quote)"), HIDDEN),
    (re.compile(r"\b(?!127\.)(?!0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b"), ADDRESS),
    (re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?![\w:])"), ADDRESS),
    (re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{1,4}:){1,6}:[0-9a-f:]*(?![\w:])"), ADDRESS),
)


def redacted(text: str) -> str:
    """The text without what nobody should read in a log; line breaks become visible, so no line can be
    forged."""
    for pattern, put in _PATTERNS:
        text = pattern.sub(put, text)
    return text


class RedactingFormatter(logging.Formatter):
    """One line per record. Tracebacks keep files, lines and the exception's type, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        line = f"{self.formatTime(record)} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        line = redacted(line).replace("\r", "\\r").replace("\n", "\\n")
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            where = "".join(f"\n    {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
            line += f"\n  {record.exc_info[0].__name__}{where}"
        return line


def set_up_logging(level: str) -> None:
    """Every logger of the process through one redacting handler on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "alembic", "aiosqlite"):
        logger = logging.getLogger(noisy)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level))
