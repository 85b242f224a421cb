"""Time is aware UTC, read in one place and passed on as `now`."""

from __future__ import annotations

import ast

from tests.architecture.source import called_name, product

NEEDS_A_ZONE = ("datetime.now", "datetime.fromtimestamp")
NEVER = ("datetime.utcnow", "datetime.utcfromtimestamp", "datetime.today", "date.today", "date.fromtimestamp")
# Where the wall clock may be read, and why.
CLOCKS = {
    "portal/core/stack.py": "the one clock function, handed on as Stack.clock",
}


def _calls(names: tuple[str, ...]) -> list[tuple[str, ast.Call]]:
    return [
        (source.path, node)
        for source in product()
        for node in source.walk()
        if isinstance(node, ast.Call) and called_name(node).endswith(names)
    ]


def test_no_naive_instant_is_made() -> None:
    naive = [
        f"{path}:{call.lineno} {called_name(call)}()"
        for path, call in _calls(NEEDS_A_ZONE)
        if len(call.args) + len(call.keywords) < (1 if called_name(call).endswith("now") else 2)
    ]
    naive += [f"{path}:{call.lineno} {called_name(call)}()" for path, call in _calls(NEVER)]
    assert naive == []


def test_the_clock_is_read_where_it_is_allowed() -> None:
    readers = {path for path, _ in _calls(("datetime.now", "time.time"))}
    assert readers == set(CLOCKS)
