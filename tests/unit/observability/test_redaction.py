"""What the log's filter takes out, and what it leaves."""

from __future__ import annotations

import io
import logging

import pytest

from observability.redaction import RedactingFormatter, redacted

TOKEN = "kQ7mZx1v9TnB4cRwYp2LdHs8JfGu6EaKo3iXqVtN5Mw"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"opened /m/abc-defg-hij#{TOKEN}", "opened /m/abc-defg-hij#[secret]"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [secret]"),
        (f"token={TOKEN}", "token=[secret]"),
        ("key " + "0f" * 32, "key [secret]"),
        ("key " + ":".join(["AB"] * 32), "key [secret]"),
        (r"got b'\x01\x02secret' back", "got [secret] back"),
        ("from 192.168.7.9:5000", "from [address]:5000"),
        ("from 2001:db8:0:1:2:3:4:5", "from [address]"),
        ("from fe80::1ff:fe23:4567:890a gone", "from [address] gone"),
    ],
)
def test_secrets_and_addresses_are_taken_out(said: str, kept: str) -> None:
    assert redacted(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "listening on 127.0.0.1:8400",
        "worker 3 overflowed at 12:34:56 after 1.5 s",
        "a port failed: StoreUnavailable",
        "core.signer.service.SignerService answered in 3 ms",
    ],
)
def test_what_an_operator_needs_stays(said: str) -> None:
    assert redacted(said) == said


def logged(record: logging.LogRecord) -> str:
    """The record as it would be written."""
    return RedactingFormatter().format(record)


def test_nobody_forges_a_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "hello\n2026-01-01 error fake: done\r", (), None)
    assert "\n" not in logged(record) and "\r" not in logged(record)


def test_a_traceback_says_where_and_never_what() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter())
    logger = logging.getLogger("test.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ValueError("canary of Camille")
    except ValueError:
        logger.exception("failed")
    logger.removeHandler(handler)
    assert "ValueError" in stream.getvalue() and "test_redaction.py" in stream.getvalue()
    assert "canary" not in stream.getvalue()
