"""The command: help that teaches, lazy verbs, sentences instead of tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import VERBS, main, parser

ROOT = Path(__file__).parents[3]


def entente(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
    )


def test_help_names_every_verb_and_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for verb in VERBS:
        assert f"    {verb}" in text
    assert "entente serve " in text and "ENTENTE_HTTP__PORT=9000" in text


def test_help_imports_nothing_of_ours() -> None:
    script = (
        "import sys, cli.main; cli.main.parser().format_help(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('core', 'gateway', 'starlette')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_every_verb_has_its_file() -> None:
    for module, _ in VERBS.values():
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert parser().parse_args(["signer", "--child"]).child is True


def test_config_check_prints_the_values(tmp_path: Path) -> None:
    done = entente("config", "check", cwd=tmp_path, ENTENTE_HTTP__PORT="9000")
    assert done.returncode == 0, done.stderr
    assert "port = 9000   (changed)" in done.stdout and "The settings are good." in done.stdout


def test_a_wrong_setting_is_a_sentence_and_status_1(tmp_path: Path) -> None:
    done = entente("config", "check", cwd=tmp_path, ENTENTE_HTTP__BIND="0.0.0.0")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("entente: The development login lets anybody in")
    assert done.stderr.count("\n") == 1
