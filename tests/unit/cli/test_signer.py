"""Ceremonies with keys, by the command line: what is printed, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import main


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment with `exemple` elsewhere, beside that ministry's own signer."""
    ours, theirs = tmp_path / "ours.toml", tmp_path / "theirs.toml"
    line = '[[deployment.tenants]]\nid = "{0}"\nname = "Ministry {0}"\nshort = "{0}"\ncolour = "#1d4ed8"\n'
    both = '[deployment]\nid = "test.localhost"\n' + line.format("exemple") + line.format("beispiel")
    remote = '[[signer.remotes]]\ntenants = ["exemple"]\nhost = "x"\nport = 1\n'
    remote += 'ca = "a"\ncertificate = "b"\nkey = "c"\n'
    ours.write_text(f'folder = "{tmp_path / "ours"}"\n' + both + remote)
    one = '[deployment]\nid = "test.localhost"\n' + line.format("exemple")
    theirs.write_text(f'folder = "{tmp_path / "theirs"}"\n' + one + "[signer]\nhub = false\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["signer", *arguments]) == status
    out, err = capsys.readouterr()
    return out + err


def test_keys_are_made_taken_over_and_read_aloud(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = ["--config", "theirs.toml"]
    assert "`entente signer init` makes them" in said(capsys, "list", *theirs, status=1)
    first = said(capsys, "init", *theirs)
    assert re.search(r"root 1: certifies people\n    SHA-256 ([0-9a-f]{4} ){15}[0-9a-f]{4}\n", first)
    assert not (house / "theirs/signer/hub.pem").exists(), "the hub's key is not a ministry's"
    assert said(capsys, "list", *theirs) == first == said(capsys, "init", *theirs)
    assert "Say whose" in said(capsys, "rotate", *theirs, status=1)
    assert "no keys of autre" in said(capsys, "rotate", "--tenant", "autre", *theirs, status=1)
    far = ["rotate", "--tenant", "exemple", "--in-days", "91"]
    assert "within 90 days" in said(capsys, *far, *theirs, status=1)
    planned = said(capsys, "rotate", "--tenant", "exemple", "--in-days", "7", *theirs)
    assert "root 1: certifies people, and goes on until" in planned and "root 2: takes over at" in planned
    assert "to take over already" in said(capsys, "rotate", "--tenant", "exemple", *theirs, status=1)
    assert (house / "theirs/signer.jsonl").read_text().count('"event":"root_made"') == 1


def test_the_deployment_takes_in_what_a_ministry_made(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(capsys, "init", "--config", "theirs.toml")
    policy = re.search(r"policy key ([0-9a-f]{64})", made)
    assert policy is not None
    root = str(house / "theirs/signer/exemple-root.pem")
    ours = ["--config", "ours.toml"]
    assert "tenant exemple" not in said(capsys, "init", *ours), "nobody has enrolled it yet"
    enrol = ["enrol", "--tenant", "exemple", "--root", root, "--policy"]
    assert "64 hexadecimal digits" in said(capsys, *enrol, "abc", *ours, status=1)
    assert "Say what" in said(capsys, "enrol", "--tenant", "exemple", *ours, status=1)
    taken = said(capsys, *enrol, policy[1], *ours)
    assert "its keys are in a signer elsewhere" in taken
    print_ = re.search(r"SHA-256 (.*)", made)
    assert print_ is not None and print_[1] in taken, "what people read to each other is the same"
    assert not (house / "ours/signer/exemple-authority.pem").exists()
    assert "known already" in said(capsys, *enrol, policy[1], *ours, status=1)
    assert "no keys of exemple" in said(capsys, "rotate", "--tenant", "exemple", *ours, status=1)
