"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on a Unix socket, gone at the end.

Each test gets a database copied from one that the owner has migrated, so that none sees another's rows. The
server refuses to run as root; there it runs as `postgres`, which Debian's package makes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg
from sqlalchemy import URL

OWNER, NODE = "entente_owner", "entente"
"""Who migrates, and who a node works as."""
TEMPLATE = "template_entente"
INSTALL = "apt-get install --yes postgresql"


class Cluster:
    """A running server. `url` names a database of it for one of the two roles."""

    def __init__(self, sockets: Path, restart: Callable[[], None]) -> None:
        self.sockets = sockets
        self.restart = restart
        """Ends every connection and starts with nothing in memory."""
        self._number = count()

    def url(self, database: str, role: str = NODE) -> URL:
        """Where a role finds a database."""
        return URL.create(
            "postgresql+asyncpg", username=role, database=database, query={"host": str(self.sockets)}
        )

    async def run(self, *statements: str, database: str = "postgres", role: str = "postgres") -> None:
        """Statements of one role, each on its own."""
        connection = await asyncpg.connect(host=str(self.sockets), user=role, database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def create(self, template: str = "template0") -> str:
        """A new database of the owner's."""
        name = f"d{next(self._number)}"
        await self.run(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY wal_log")
        await self.run(f"ALTER SCHEMA public OWNER TO {OWNER}", database=name)
        return name

    async def drop(self, name: str) -> None:
        """Nobody is connected any more, or is thrown out."""
        await self.run(f"DROP DATABASE {name} WITH (FORCE)")


def binaries() -> Path | None:
    """Debian keeps the server's programs out of the path."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return versions[-1].parent if versions else None


def _somebody() -> str | None:
    """Whom to run as, where we are root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server from start to end. Nothing is synced to disk: nobody needs it after a crash."""
    programs, user = binaries(), _somebody()
    assert programs is not None, f"PostgreSQL is not here: {INSTALL}"
    with tempfile.TemporaryDirectory(prefix="entente-pg-") as name:
        folder = Path(name)
        log = folder / "server.log"
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"

        def run(*command: str) -> None:
            done = subprocess.run(
                command, user=user, extra_groups=[] if user else None, cwd="/", capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")

        run(f"{programs}/initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
            "--locale=C.UTF-8")  # fmt: skip
        options = (
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off "
            "-c synchronous_commit=off -c max_connections=60 -c shared_buffers=64MB -c jit=off"
        )
        control = (f"{programs}/pg_ctl", "-D", str(data), "-l", str(log), "-w", "-m", "fast", "-o", options)
        run(*control, "start")
        try:
            yield Cluster(folder, lambda: run(*control, "restart"))
        finally:
            run(f"{programs}/pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
