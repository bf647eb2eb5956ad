"""Key files: made once, ours alone, refused otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StartError
from core.signer.keys import SignerKeys, open_keys
from tests.support.clock import START
from tests.support.people import DEPLOYMENT, TENANTS

NAMES = {
    "hub.pem",
    "manifest.pem",
    *(
        f"{tenant}-{part}.pem"
        for tenant in ("exemple", "beispiel")
        for part in ("authority", "policy", "root")
    ),
}


def opened(folder: Path) -> SignerKeys:
    """The keys of two tenants."""
    return open_keys(folder, DEPLOYMENT, TENANTS, START)


def test_keys_are_made_once_with_mode_0600(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first, second = opened(folder), opened(folder)
    assert {path.name for path in folder.iterdir()} == NAMES
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert first.hub is not None and second.hub is not None
    assert first.hub.public_key() == second.hub.public_key()
    (one,), (two,) = first.tenants["exemple"].authorities, second.tenants["exemple"].authorities
    assert one.root == two.root and one.begins == START
    publics = {
        key.public_key().public_bytes_raw()
        for keys in first.tenants.values()
        for key in (keys.authorities[0].key, keys.policy)
        if key is not None
    }
    assert len(publics | {first.hub.public_key().public_bytes_raw()}) == 5, "every key is another"


@pytest.mark.parametrize(("name", "mode"), [("hub.pem", 0o640), ("exemple-authority.pem", 0o604)])
def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "keys"
    opened(folder)
    (folder / name).chmod(mode)
    with pytest.raises(
        StartError, match=rf"{name} has mode {mode:o}; others could read the keys\. Run: chmod 600"
    ):
        opened(folder)


def test_a_folder_that_others_can_enter_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    with pytest.raises(StartError, match="chmod 700"):
        opened(tmp_path / "keys")


def test_a_link_in_place_of_a_key_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    opened(folder)
    (folder / "hub.pem").rename(tmp_path / "elsewhere.pem")
    (folder / "hub.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(StartError, match="not a link"):
        opened(folder)


def test_a_broken_key_or_a_root_of_another_key_stops_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    opened(folder)
    swapped = (folder / "beispiel-root.pem").read_bytes()
    kept = (folder / "exemple-root.pem").read_bytes()
    (folder / "exemple-root.pem").write_bytes(swapped)
    with pytest.raises(StartError, match="was not made with the key beside it"):
        opened(folder)
    (folder / "exemple-root.pem").write_bytes(kept)
    (folder / "hub.pem").write_text("no key")
    with pytest.raises(StartError, match=r"hub\.pem is not a private key"):
        opened(folder)


def test_keys_are_not_printed(tmp_path: Path) -> None:
    keys = opened(tmp_path / "keys")
    assert "Ed25519" not in repr(keys) and "Ed25519" not in repr(keys.tenants["exemple"])
