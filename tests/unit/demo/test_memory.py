"""What the demo remembers is for its owner only and survives being cut off."""

import stat
from pathlib import Path

import pytest

from portal.demo.memory import Memory


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "demo.json", "customer", {"a": "token"}, {"b": "2026-10-01T00:00:00+00:00"})
    memory.save()
    assert Memory.load(memory.path) == memory


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "demo.json", "customer")
    for _ in range(2):
        memory.save()
        assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"customer_token": 5, "device_tokens": []}'])
def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(content, encoding="utf-8")
    assert Memory.load(path) == Memory(path)


def test_what_a_cut_off_save_left_does_not_hinder_the_next(tmp_path: Path) -> None:
    (tmp_path / "demo.new").write_text("{", encoding="utf-8")
    Memory(tmp_path / "demo.json", "customer").save()
    assert Memory.load(tmp_path / "demo.json").customer_token == "customer"
