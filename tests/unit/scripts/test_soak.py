"""What runs long is ended whole."""

from __future__ import annotations

import os
import select
from pathlib import Path

from scripts.soak import run


def test_what_takes_too_long_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = run("sh", "-c", f"(exec 3>{pipe}; echo up >&3; sleep 300) & sleep 300", seconds=1)
        assert (done.returncode, done.stdout) == (124, "took longer than 1 s")
        readable, _, _ = select.select([reader], [], [], 10)
        assert readable and os.read(reader, 10) == b"up\n"
        readable, _, _ = select.select([reader], [], [], 10)
        assert readable and os.read(reader, 10) == b"", "nobody holds the other end any more"
    finally:
        os.close(reader)


def test_a_commands_status_and_both_its_outputs_come_back() -> None:
    done = run("sh", "-c", "echo one; echo two >&2; exit 3", seconds=10)
    assert (done.returncode, done.stdout) == (3, "one\ntwo\n")
