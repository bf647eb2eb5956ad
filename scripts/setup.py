"""Brings a fresh machine to where Entente can run or be tested, and does nothing the second time.

Each step names its inputs; a stamp under var/stamps holds their digest, so that a step whose inputs did not
change is skipped in milliseconds. Plain Python without dependencies, because it runs before the virtual
environment exists. Steps run one after another: two compilers at once are slower than one on the small
machines this is meant for.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMPS = ROOT / "var" / "stamps"
LOGS = ROOT / "var" / "setup"
PYTHON = ROOT / ".venv" / "bin" / "python"
TOOLS = ROOT / ".tools"
QUIET_S = 10
"""A step gets a line with its last output this often: shorter is noise, longer looks dead."""


class SetupError(Exception):
    """A sentence for the person at the terminal; nothing else is printed."""


@dataclass(frozen=True)
class Step:
    """One thing to make: what it depends on, what must exist afterwards, and how to make it."""

    name: str
    title: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    make: Callable[[Runner], None]
    extra: Callable[[], str] = field(default=lambda: "")


class Runner:
    """Runs the commands of one step, keeps their output in a log, and shows that they are alive."""

    def __init__(self, step: str) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{step}.log"
        self.log.write_text("")

    def __call__(self, *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
        started = last_shown = time.monotonic()
        last_line = ""
        with (
            subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
            self.log.open("a") as log,
        ):
            lines: list[str] = []
            reader = threading.Thread(target=_collect, args=(process, log, lines), daemon=True)
            reader.start()
            while reader.is_alive():
                reader.join(0.2)
                if lines:
                    last_line = lines[-1]
                if time.monotonic() - last_shown > QUIET_S:
                    last_shown = time.monotonic()
                    said = last_line[:90] or "no word from it yet; its kind is silent until the end"
                    print(f"        {last_shown - started:4.0f} s  {said}", flush=True)
            code = process.wait()
        if code:
            tail = "\n".join(self.log.read_text().splitlines()[-25:])
            raise SetupError(
                f"`{command[0]}` ended with {code}. Its last words:\n\n{tail}\n\nAll of it: {self.log}"
            )


def _collect(process: subprocess.Popen[str], log: object, lines: list[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        log.write(line)  # type: ignore[attr-defined]
        if line.strip():
            lines.append(line.strip())


def _files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and not {"node_modules", "dist", "__pycache__"} & set(path.parts):
                yield path


def digest(step: Step) -> str:
    """SHA-256 over names and contents of a step's inputs and over what else it depends on."""
    total = hashlib.sha256(step.extra().encode())
    for path in _files(step.inputs):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_current(step: Step) -> bool:
    """Whether the stamp matches the inputs and every output is there."""
    stamp = STAMPS / step.name
    if not all(any(ROOT.glob(output)) for output in step.outputs):
        return False
    return stamp.is_file() and stamp.read_text() == digest(step)


def perform(steps: list[Step]) -> None:
    """Makes what is not current, in order, saying how long each took; the total is the cold time."""
    started = time.monotonic()
    stale = [step for step in steps if not is_current(step)]
    for number, step in enumerate(stale, 1):
        print(f"[{number}/{len(stale)}] {step.title} …", flush=True)
        begun = time.monotonic()
        before = digest(step)
        step.make(Runner(step.name))
        STAMPS.mkdir(parents=True, exist_ok=True)
        (STAMPS / step.name).write_text(before)
        print(f"        done in {time.monotonic() - begun:.0f} s", flush=True)
    if stale:
        print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


# --- what the machine itself must have ---


def _version(command: str, *arguments: str) -> tuple[int, ...]:
    found = shutil.which(command)
    if found is None:
        return ()
    output = subprocess.run([found, *arguments], capture_output=True, text=True, cwd=ROOT).stdout
    match = re.search(r"(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else ()


def debian_packages(tests: bool) -> list[str]:
    """Debian packages that are missing here: a C compiler, venv, and for tests browsers and PostgreSQL."""
    missing = []
    if not shutil.which("cc"):
        missing.append("build-essential")
    if importlib.util.find_spec("ensurepip") is None and not PYTHON.exists():
        missing.append("python3-venv")
    if tests and not shutil.which("chromium"):
        missing.append("chromium")
    if tests and not shutil.which("firefox-esr"):
        missing.append("firefox-esr")
    # Debian keeps the server out of the path.
    server = shutil.which("postgres") or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if tests and not server:
        missing.append("postgresql")
    return missing


def install_debian(packages: list[str]) -> None:
    """Installs as root; otherwise ends with the one command to type."""
    if not packages:
        return
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0:
        raise SetupError(
            f"Some Debian packages are missing. Type this, then try again:\n\n  sudo sh -c '{command}'"
        )
    print(f"Debian packages: {' '.join(packages)} …", flush=True)
    Runner("debian")("sh", "-c", command, env={"DEBIAN_FRONTEND": "noninteractive"})


def require_toolchains() -> None:
    """Checks the three toolchains that a person installs once; each refusal says what to do."""
    if _version("rustup", "--version") == () or _version("rustc", "--version") < (1, 91):
        raise SetupError(
            "Entente needs Rust 1.91 or newer with rustup: see https://rustup.rs, then try again."
        )
    if _version("node", "--version") < (20, 0) or not shutil.which("npm"):
        raise SetupError("Entente needs Node 20 or newer with npm: see https://nodejs.org, then try again.")


# --- the steps ---


def _make_venv(run: Runner) -> None:
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", ROOT / ".venv")
    # The lock is complete, so there is nothing to resolve; `check` finds out if it ever is not.
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--progress-bar", "off", "--no-deps", "--require-hashes", "-r", "requirements.lock")
    run(*pip, "check")


def _make_native(run: Runner) -> None:
    run(ROOT / "scripts" / "native")


def _make_node_packages(run: Runner) -> None:
    run("npm", "ci", "--no-audit", "--no-fund", cwd=ROOT / "web")


def bindgen_version() -> str:
    """The version of wasm-bindgen that Cargo.lock pins; the tool has to be the very same one."""
    match = re.search(r'name = "wasm-bindgen"\nversion = "([^"]+)"', (ROOT / "Cargo.lock").read_text())
    if match is None:
        raise SetupError("Cargo.lock pins no wasm-bindgen; the wasm cannot be built.")
    return match[1]


def _make_bindgen(run: Runner) -> None:
    # Unoptimised, it compiles in a third of the time and still takes only seconds for our module.
    run(
        "cargo",
        "install",
        "--debug",
        "--root",
        TOOLS,
        "--version",
        f"={bindgen_version()}",
        "wasm-bindgen-cli",
        env={"CARGO_TARGET_DIR": str(ROOT / "target" / "tools")},
    )


def _make_wasm(run: Runner) -> None:
    run("rustup", "target", "add", "wasm32-unknown-unknown")
    run(ROOT / "scripts" / "wasm")


def _make_web(run: Runner) -> None:
    run(ROOT / "scripts" / "web")


CRATES = ("Cargo.toml", "Cargo.lock", "crates/e2ee/**/*")
VENV = Step(
    "venv",
    "Python environment from requirements.lock",
    ("requirements.lock",),
    (".venv/bin/python",),
    _make_venv,
    lambda: sys.version,
)
NATIVE = Step(
    "native",
    "Rust extension core._native (the long one the first time)",
    (*CRATES, "crates/media/**/*", "crates/udp/**/*", "crates/python/**/*", "pyproject.toml"),
    ("core/_native*.so",),
    _make_native,
    lambda: os.environ.get("ENTENTE_PROFILE", "release"),
)
NODE = Step(
    "node",
    "npm packages from package-lock.json",
    ("web/package.json", "web/package-lock.json", "web/packages/*/package.json"),
    ("web/node_modules",),
    _make_node_packages,
)
BINDGEN = Step("bindgen", "wasm-bindgen", (), (".tools/bin/wasm-bindgen",), _make_bindgen, bindgen_version)
WASM = Step(
    "wasm",
    "WebAssembly of the key Worker",
    (*CRATES, "crates/wasm/**/*", "scripts/wasm"),
    ("web/packages/client/wasm/*.wasm",),
    _make_wasm,
)
WEB = Step(
    "web",
    "browser client",
    ("web/package-lock.json", "web/packages/**/*", "scripts/web"),
    ("gateway/static/index.html", "gateway/static/sdk/e2ee_bg.wasm"),
    _make_web,
)

GOALS: dict[str, list[Step]] = {
    "run": [VENV, NATIVE, NODE, BINDGEN, WASM, WEB],
    "test": [VENV, NATIVE, NODE, BINDGEN, WASM, WEB],
    "check": [VENV, NODE, BINDGEN, WASM],
    "python": [VENV, NATIVE],
}


def main() -> int:
    """`setup.py GOAL`: prepares for running, testing or checking."""
    goal = sys.argv[1] if len(sys.argv) > 1 else "run"
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - this very file is what tells people
            raise SetupError("Entente needs Python 3.11 or newer.")
        install_debian(debian_packages(tests=goal == "test"))
        require_toolchains()
        perform(GOALS[goal])
    except SetupError as refusal:
        print(f"\n{refusal}\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
