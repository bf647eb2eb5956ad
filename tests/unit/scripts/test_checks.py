"""Each house check turns red on what it is there to refuse, and stays quiet on what is allowed."""

import json
import re
from pathlib import Path

import pytest

from scripts import soak, wheel
from scripts.checks import clock_reads, dependencies, docs, file_sizes, locks, unfinished
from scripts.suites import PYTEST, SUITES, VITEST, count


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("core/x.py", "started = time.monotonic()"),
        ("core/x.py", "when = datetime.now(UTC)"),
        ("crates/media/src/x.rs", "let now = Instant::now();"),
        ("crates/e2ee/src/x.rs", "let now = std::time::SystemTime::now();"),
        ("web/packages/app/src/x.ts", "const at = Date.now();"),
    ],
)
def test_a_clock_read_is_found(name: str, line: str) -> None:
    assert list(clock_reads.findings_in(Path(name), line))


def test_a_clock_named_in_a_comment_or_a_rust_test_is_left_alone() -> None:
    assert not list(clock_reads.findings_in(Path("core/x.py"), "# never time.time() here"))
    assert not list(clock_reads.findings_in(Path("x.rs"), "#[cfg(test)]\nmod tests { Instant::now() }"))


def test_tests_and_the_thread_around_the_engine_own_clocks() -> None:
    assert clock_reads.is_owner(Path("crates/udp/src/thread.rs"))
    assert clock_reads.is_owner(Path("web/packages/client/test/x.test.ts"))
    assert not clock_reads.is_owner(Path("crates/media/src/worker.rs"))


def test_tests_inside_a_rust_file_do_not_count_towards_its_size() -> None:
    text = "\n".join(["code"] * 10 + ["#[cfg(test)]"] + ["test"] * 5000)
    assert file_sizes.length(Path("x.rs"), text) == 10
    assert file_sizes.length(Path("x.py"), "line\n" * 901) > file_sizes.LIMIT


@pytest.mark.parametrize("line", ["# TODO", "todo!()", "@pytest.mark.skip", "it.only('x')", "#[ignore]"])
def test_an_unkept_promise_is_found(line: str) -> None:
    assert unfinished.promise_in(line)


def test_a_lock_with_a_host_or_without_a_hash_is_refused() -> None:
    assert locks.python_findings("a==1 \\\n    --hash=sha256:00\n") == []
    assert locks.python_findings("a==1\nb==2 \\\n    --hash=sha256:00\n")
    assert locks.python_findings("--index-url https://packages.example/simple\n")
    assert locks.npm_findings('{"packages": {"a": {"resolved": "https://registry.example/a.tgz"}}}')
    assert locks.cargo_findings('source = "git+https://example.org/fork"')


def test_documents_may_not_cite_what_is_not_there() -> None:
    known = docs.rules({"K": "## K1 One\n\n1. First.\n2. Second.\n", "M": ""})
    assert known == {"K1.1", "K1.2"}
    assert list(docs.rule_findings(Path("a.md"), "as K1.2 says", known)) == []
    assert list(docs.rule_findings(Path("a.md"), "as K1.3 says", known))
    assert list(docs.link_findings(Path("README.md"), "[x](docs/never-was.md)"))
    assert list(docs.code_findings(Path("README.md"), "run `make nothing`", {"run"}))
    assert list(docs.code_findings(Path("README.md"), "see `core/never_was.py`", set()))


def test_every_kind_of_dependency_is_seen() -> None:
    crate = {"target": {"x": {"dev-dependencies": {"a": {"package": "b"}}}}, "dependencies": {"c": "1"}}
    assert set(dependencies.of_crate(crate)) == {"b", "c"}


def test_counts_of_all_runners_are_read() -> None:
    cargo = SUITES[0]
    lines = ["test result: ok. 3 passed; 1 failed; 0 ignored", "test result: ok. 4 passed; 0 failed;"]
    assert (count(cargo.passed, lines), count(cargo.failed, lines)) == (7, 1)
    assert count(PYTEST[0], ["2 failed, 31 passed in 3.2s"]) == 31
    assert count(PYTEST[1], ["2 failed, 31 passed in 3.2s"]) == 2
    assert count(VITEST[0], ["      Tests  1 failed | 5 passed (6)"]) == 5


def test_a_soak_keeps_what_earlier_runs_showed_and_names_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "RESULT", tmp_path / "soak.json")
    monkeypatch.setattr(soak, "PARTS", {"storm": lambda _: (True, "40 members"), "wheel": _broken})
    monkeypatch.setattr("sys.argv", ["soak.py", "storm"])
    assert soak.main() == 0
    monkeypatch.setattr("sys.argv", ["soak.py", "wheel"])
    assert soak.main() == 1
    parts = {part["name"]: part for part in json.loads((tmp_path / "soak.json").read_text())["parts"]}
    assert (parts["storm"]["passed"], parts["storm"]["summary"]) == (True, "40 members")
    assert (parts["wheel"]["passed"], parts["wheel"]["summary"]) == (False, "OSError: no disk")
    assert all(len(part["commit"]) == 40 and part["machine"]["cores"] for part in parts.values())


def test_a_soak_names_the_seed_that_fails_and_ends_in_time() -> None:
    sizes = soak.Sizes(storm=1, rounds=1, seconds=0.5, seed=7)
    good, bad = (soak.seeds(sizes, "sh", "-c", script) for script in ("test -n $ENTENTE_SEED", "exit 1"))
    assert good[0] and "failed: none" in good[1]
    assert not bad[0] and re.search(r"failed: \[\d+", bad[1])


def test_the_wheel_is_installed_with_the_locks_versions(tmp_path: Path) -> None:
    pinned = wheel.constraints(tmp_path).read_text().splitlines()
    assert any(line.startswith("starlette==") for line in pinned) and len(pinned) > 50
    assert not any("--hash" in line or line.endswith("\\") for line in pinned)


def _broken(_: object) -> tuple[bool, str]:
    raise OSError("no disk")
