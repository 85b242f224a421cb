"""Sealed secrets: only the key opens them, and the key is made once and kept."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.core.errors import Misconfigured
from portal.core.identity.secrets.sealing import KEY_FILE, _kept_keys, keep_newest_key, put_new_key, seal_of

KEY = "a key of thirty-two characters, or more"


def _the_key(directory: Path) -> bytes:
    [key] = _kept_keys(directory)
    return key


def test_what_is_sealed_opens_under_the_same_key_only(tmp_path: Path) -> None:
    seal = seal_of(KEY, "", tmp_path)
    sealed = seal.close("the secret")
    assert "secret" not in sealed
    assert seal.open(sealed) == "the secret"
    assert seal_of(f"{KEY}!", "", tmp_path).open(sealed) is None
    assert seal.open(sealed[:-2]) is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_one_is_made_for_this_user_alone_and_kept(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    first = _kept_keys(directory)
    assert _kept_keys(directory) == first
    assert [path.name for path in directory.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((directory / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(_the_key, [tmp_path / "data"] * 8))
    assert len(keys) == 1


def test_a_directory_that_cannot_be_written_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(Misconfigured, match="Authentication__SecretKey"):
        _kept_keys(tmp_path / "file" / "data")


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch()
    with pytest.raises(Misconfigured, match="empty"):
        _kept_keys(tmp_path)


def test_a_new_key_of_the_settings_opens_what_the_one_before_sealed_until_that_is_sealed_anew(
    tmp_path: Path,
) -> None:
    sealed = seal_of(KEY, "", tmp_path).close("the secret")
    both = seal_of(f"{KEY}!", f"{'x' * 32}\n{KEY}", tmp_path)
    assert both.open(sealed) == "the secret"
    anew = both.anew(sealed)
    assert anew is not None
    assert seal_of(f"{KEY}!", "", tmp_path).open(anew) == "the secret"
    assert seal_of(KEY, "", tmp_path).open(anew) is None
    assert seal_of("z" * 32, "", tmp_path).anew(sealed) is None


def test_a_new_key_of_the_file_stands_before_the_one_that_it_replaces(tmp_path: Path) -> None:
    sealed = seal_of("", "", tmp_path).close("the secret")
    put_new_key(tmp_path)
    anew = seal_of("", "", tmp_path).anew(sealed)
    assert anew is not None
    keep_newest_key(tmp_path)
    last = seal_of("", "", tmp_path)
    assert (last.open(anew), last.open(sealed)) == ("the secret", None)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
