"""Builds the wheel, installs it into a fresh environment far from this repository, and uses what is in it.

A wheel that lacks a file works wherever the sources lie beside it, so nothing here runs inside the
repository: the command's help, the settings, a node, its page with every file that it names, the wasm, the
health route, and a headless participant in the node's own room.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

ROOT = Path(__file__).resolve().parent.parent
HANG_S = 60
"""For what takes a second or two: a program that answers nothing would otherwise be waited for."""

INSTALL_S = 600
PINNED = re.compile(r"^([A-Za-z0-9._\[\]-]+)==(\S+?)( ;.*?)?\s*\\?$")

JOIN = """
import asyncio, sys
from core.client import Participant

async def main():
    async with await Participant.join(sys.argv[1], person=("exemple", "x-7f3k2m9q")) as participant:
        await participant.ready(30)
        print(len(participant.roster), participant.epoch)

asyncio.run(main())
"""


class Wrong(Exception):
    """What the wheel lacks or does wrong, in one sentence."""


def say(*command: str | Path, cwd: Path, seconds: float = HANG_S, **environment: str) -> str:
    """What a command prints; Wrong when it fails. Nothing of this process's environment comes along that
    could lead back here.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**kept, **pip, **environment}, timeout=seconds,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        what = f"{Path(command[0]).name} {command[1]}"
        raise Wrong(f"`{what}` ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def build(folder: Path, profile: str) -> Path:
    """The wheel, built from this tree with the web client that stands in gateway/static."""
    if not (ROOT / "gateway/static/sdk/e2ee_bg.wasm").exists():
        raise Wrong("the web client is not built: run `make run` once.")
    environment = {**os.environ, "VIRTUAL_ENV": str(ROOT / ".venv")}
    maturin = ROOT / ".venv/bin/maturin"
    subprocess.run(
        [maturin, "build", "--quiet", "--profile", profile, "--out", folder],
        cwd=ROOT, env=environment, check=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def constraints(folder: Path) -> Path:
    """The lock's versions without its hashes. pip installs no more than the wheel itself asks for, so a
    dependency that it forgot to name is missing, as it would be for anybody.
    """
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = [match for line in lines if (match := PINNED.match(line))]
    path = folder / "constraints.txt"
    path.write_text("".join(f"{one[1]}=={one[2]}{one[3] or ''}\n" for one in pinned))
    return path


def install(wheel: Path, folder: Path) -> Path:
    """A fresh environment with the wheel; its `bin` folder."""
    here = folder / "environment"
    say(sys.executable, "-m", "venv", here, cwd=folder, seconds=INSTALL_S)
    say(
        here / "bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off",
        "--constraint", constraints(folder), wheel, cwd=folder, seconds=INSTALL_S,
    )  # fmt: skip
    return here / "bin"


@contextmanager
def node(commands: Path, folder: Path) -> Iterator[str]:
    """`entente serve` of the wheel on free ports; yields the link of its room."""
    environment = {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "ENTENTE_FOLDER": str(folder / "var"),
        "ENTENTE_HTTP__PORT": "0",
        "ENTENTE_MEDIA__PORT": "0",
        "ENTENTE_MEDIA__WORKERS": "1",
    }
    log = folder / "node.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [commands / "entente", "serve"], cwd=folder, env=environment, stdout=out, stderr=out
        )
    try:
        yield _link(process, log)
    finally:
        process.terminate()
        process.wait(HANG_S)


def _link(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(HANG_S * 10):
        if found := re.search(r"Open\s+(http\S+)", log.read_text()):
            return found[1].replace("localhost", "127.0.0.1")
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise Wrong(f"the node did not come up:\n{log.read_text()}")


def fetch(address: str) -> bytes:
    """The body; Wrong unless the status is 200."""
    try:
        with urllib.request.urlopen(address, timeout=HANG_S) as reply:  # noqa: S310 - our own node
            body: bytes = reply.read()
            return body
    except OSError as error:
        raise Wrong(f"{address.partition('#')[0]}: {error}") from error


def look(link: str) -> list[str]:
    """Fetches the page, all that it names, the wasm and the health; what was seen."""
    page = fetch(link.partition("#")[0]).decode()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    files = {name: len(fetch(urljoin(link, name))) for name in named if not name.startswith("data:")}
    if not any(name.endswith(".js") for name in files):
        raise Wrong(f"the page names no script: {named}")
    wasm = fetch(urljoin(link, "/sdk/e2ee_bg.wasm"))
    if not wasm.startswith(b"\0asm"):
        raise Wrong("the wasm is none")
    if b'"ok"' not in fetch(urljoin(link, "/healthz")):
        raise Wrong("the node says that it is not well")
    return [f"page with {len(files)} files", f"wasm of {len(wasm):,} bytes", "healthy"]


def use(commands: Path, folder: Path) -> list[str]:
    """Everything a newcomer would try; what was seen."""
    if "entente serve" not in say(commands / "entente", "--help", cwd=folder):
        raise Wrong("the help does not say how to begin")
    if "The settings are good." not in say(commands / "entente", "config", "check", cwd=folder):
        raise Wrong("the default settings are not good")
    where = say(commands / "python", "-c", "import core; print(core.__file__)", cwd=folder).strip()
    if not where.startswith(str(folder)):
        raise Wrong(f"not the wheel was used but {where}")
    with node(commands, folder) as link:
        seen = look(link)
        joined = say(commands / "python", "-c", JOIN, link, cwd=folder).split()
    if joined != ["1", "0"]:
        raise Wrong(f"the headless participant saw {joined}")
    return ["help", "settings", *seen, "a headless participant joined"]


def main() -> int:
    """`wheel.py [--profile dev|release]`; 1 with one sentence when something is missing."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profile", choices=("dev", "release"), default="release")
    parsed = arguments.parse_args()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            wheel = build(folder, parsed.profile)
            size = wheel.stat().st_size
            seen = use(install(wheel, folder), folder)
    except (Wrong, subprocess.SubprocessError) as wrong:
        print(f"wheel: {wrong}", file=sys.stderr)
        return 1
    print(f"{wheel.name}, {size / 1e6:.1f} MB: {', '.join(seen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
