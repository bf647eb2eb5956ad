"""The secrets that prove us to providers: files that nobody else can read, one folder for each tenant so that
no administrator can name another's."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from core.errors import OperatorError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SIZE_MAX = 16 * 1024


def read_secret(folder: Path, tenant: str, name: str) -> str:
    """The secret in `<folder>/<tenant>/<name>`. OperatorError names what is wrong with the file."""
    if not NAME.fullmatch(name):
        raise OperatorError("a login secret's name is letters, digits, dots, hyphens and underscores")
    path = folder / tenant / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise OperatorError(f"the login secret {path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise OperatorError(f"the login secret {path} must be a plain file of ours with mode 600")
        content = file.read(SIZE_MAX + 1)
    if not content.strip() or len(content) > SIZE_MAX:
        raise OperatorError(f"the login secret {path} is empty or too large")
    try:
        return content.decode().strip()
    except UnicodeDecodeError as error:
        raise OperatorError(f"the login secret {path} is not text") from error
