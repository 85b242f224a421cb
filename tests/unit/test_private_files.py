"""Logs are for the eyes of their owner."""

import os
from pathlib import Path

from portal.core.private_files import keep_private, open_log


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_log_is_made_private_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_log(tmp_path / "new.log") as log:
            log.write(b"a")
    finally:
        os.umask(before)
    assert _mode(tmp_path / "new.log") == 0o600


def test_a_log_of_an_earlier_release_becomes_private_and_keeps_what_it_says(tmp_path: Path) -> None:
    old = tmp_path / "old.log"
    old.write_bytes(b"a")
    old.chmod(0o644)
    with open_log(old) as log:
        log.write(b"b")
    assert (_mode(old), old.read_bytes()) == (0o600, b"ab")
    with open_log(old, anew=True) as log:
        log.write(b"c")
    assert old.read_bytes() == b"c"
    old.chmod(0o644)
    keep_private(old)
    keep_private(tmp_path / "none.log")
    assert _mode(old) == 0o600
