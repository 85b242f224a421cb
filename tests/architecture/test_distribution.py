"""What the suite says of its own files is true."""

from __future__ import annotations

from tests.distribution import APART, LONGEST, ROOT, TOGETHER, rank_in


def test_the_files_that_are_shared_out_by_name_exist() -> None:
    named = {*LONGEST, *APART, TOGETHER}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_none_of_the_longest_stands_behind_a_directory_it_is_in() -> None:
    assert [name for index, name in enumerate(LONGEST) if rank_in(LONGEST, name) != index] == []
