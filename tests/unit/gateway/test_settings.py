"""Settings: where they come from, what is refused, and how they are explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StartError
from gateway.explain import explain, reference
from gateway.settings import Settings, load
from gateway.tenants import tenants_of


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[http]\nport = 9001\nburst = 77\n[media]\nworkers = 3\n")
    monkeypatch.setenv("ENTENTE_HTTP__PORT", "9002")
    settings = load(file)
    assert (settings.http.port, settings.http.burst, settings.media.workers) == (9002, 77, 3)


def test_entente_toml_in_the_folder_is_read(tmp_path: Path) -> None:
    assert load().http.port == 8400
    (tmp_path / "entente.toml").write_text("[http]\nport = 9003\n")
    assert load().http.port == 9003


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[http]\nprot = 1\n", "The setting http.prot is wrong: Extra inputs are not permitted."),
        ("[http]\nport = 70000\n", "The setting http.port is wrong"),
        ("[deployment]\nid = 'Not a domain'\n", "The setting deployment.id is wrong"),
        ("[http\n", "The configuration cannot be read"),
        (
            "[[deployment.tenants]]\nid='a'\nname='A'\nshort='A'\ncolour='#000000'\nsuites=[2]\n",
            "must be 79",
        ),
    ],
)
def test_a_wrong_value_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(StartError) as refused:
        load(file)
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="There is no configuration file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_the_development_login_needs_loopback(bind: str) -> None:
    with pytest.raises(StartError, match=r"needs http\.bind on loopback"):
        load(http={"bind": bind})


@pytest.mark.parametrize("bind", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_loopback_has_many_names(bind: str) -> None:
    assert load(http={"bind": bind}).is_loopback


def test_serving_others_needs_no_ministry_of_the_settings_and_makes_none_up() -> None:
    settings = load(http={"bind": "0.0.0.0"}, development={"login": False})
    assert tenants_of(settings) == ()


def test_every_setting_is_explained() -> None:
    text = explain(Settings(http={"port": 9}))  # type: ignore[arg-type]
    assert "port = 9   (changed)" in text
    page = reference()
    for name, field in Settings.model_fields.items():
        assert field.description or name in text
        for key, inner in getattr(field.annotation, "model_fields", {}).items():
            assert inner.description, f"{name}.{key} says nothing"
            assert f"| `{key}` |" in page and inner.description in text
