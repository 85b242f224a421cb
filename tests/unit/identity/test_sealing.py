"""Sealed secrets: only the key opens them, and the key is made once and kept."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.core.errors import Misconfigured
from portal.core.identity.secrets.sealing import KEY_FILE, _kept_key, seal_of

KEY = "a key of thirty-two characters, or more"


def test_what_is_sealed_opens_under_the_same_key_only(tmp_path: Path) -> None:
    seal = seal_of(KEY, tmp_path)
    sealed = seal.close("the secret")
    assert "secret" not in sealed
    assert seal.open(sealed) == "the secret"
    assert seal_of(f"{KEY}!", tmp_path).open(sealed) is None
    assert seal.open(sealed[:-2]) is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_one_is_made_for_this_user_alone_and_kept(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    first = _kept_key(directory)
    assert _kept_key(directory) == first
    assert [path.name for path in directory.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((directory / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(_kept_key, [tmp_path / "data"] * 8))
    assert len(keys) == 1


def test_a_directory_that_cannot_be_written_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(Misconfigured, match="Authentication__SecretKey"):
        _kept_key(tmp_path / "file" / "data")


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch()
    with pytest.raises(Misconfigured, match="empty"):
        _kept_key(tmp_path)
