"""What runs on boards keeps to what boards have."""

from __future__ import annotations

import ast
import re

from tests.architecture.source import ROOT, firmware

# Of the standard library, what MicroPython has under that name; and nothing of one port.
# `collections.abc` is imported for the type checker alone.
_ON_EVERY_BOARD = {"array", "binascii", "collections.abc", "hashlib", "json"}


def test_the_node_imports_nothing_that_a_host_does_not_have() -> None:
    imported = {
        (source.path, name)
        for source in firmware()
        if source.path.startswith("firmware/node/")
        for name in source.imports()
        if name.partition(".")[0] != "node" and name not in _ON_EVERY_BOARD
    }
    assert imported == set()


def test_there_is_no_floating_point_on_the_way_of_a_reading() -> None:
    """On the ESP32 a float is exact to seven digits: a register has nine, a time ten."""
    floats = [
        f"{source.path}:{node.lineno}"
        for source in firmware()
        if source.path.startswith("firmware/node/")
        for node in source.walk()
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Name) and node.id in ("float", "round"))
    ]
    assert floats == []


def test_each_way_of_losing_readings_that_the_document_names_has_its_test() -> None:
    text = (ROOT / "docs/firmware.md").read_text(encoding="utf-8")
    table = text.partition("## How readings are lost")[2].partition("\n## ")[0]
    named = re.findall(r"`(test_\w+)`", table)
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/firmware").glob("test_*.py"))
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in tests] == []
