"""What the suite says of its own files is true."""

from __future__ import annotations

from tests.distribution import APART, LONGEST, ROOT, TOGETHER


def test_the_files_that_are_shared_out_by_name_exist() -> None:
    named = {*LONGEST, *APART, TOGETHER}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
