"""A token of SoftHSM in a folder of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
)
"""Where Debian, Ubuntu and Fedora put it."""

LABEL = "entente test"


@dataclass(frozen=True)
class Token:
    """`environment` is what a process needs to find it."""

    module: Path
    pin: Path
    environment: dict[str, str]


def module() -> Path:
    """SoftHSM's module; a test without it fails, and says what to install."""
    found = next((path for path in MODULES if path.exists()), None)
    assert found is not None and shutil.which("softhsm2-util"), "apt-get install softhsm2"
    return found


@contextmanager
def softhsm(folder: Path) -> Iterator[Token]:
    """A fresh token whose PIN stands in a file. SoftHSM reads its configuration once in a process, so one
    process has one folder."""
    path = module()
    (folder / "tokens").mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    pin = folder / "pin"
    pin.touch(mode=0o600)
    pin.write_text("4711\n")
    environment = {"SOFTHSM2_CONF": str(config)}
    arguments = ["--init-token", "--free", "--label", LABEL, "--pin", "4711", "--so-pin", "9999"]
    subprocess.run(
        ["softhsm2-util", *arguments], check=True, env={**os.environ, **environment}, capture_output=True
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ.update(environment)
    try:
        yield Token(path, pin, environment)
    finally:
        os.environ.pop("SOFTHSM2_CONF")
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before
