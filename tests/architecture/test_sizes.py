"""Files and functions stay small enough to be held in the head."""

from __future__ import annotations

from tests.architecture.source import code_lines, firmware, product, sources

FUNCTION_LINES = 40
FILE_LINES = 400
PAGE_LINES = 60
STATE_LINES = 120


def test_functions_stop_at_forty_lines() -> None:
    long = [
        f"{source.path}:{function.lineno} {function.name} has {code_lines(function)} lines"
        for source in (*product(), *firmware())
        for function in source.functions()
        if code_lines(function) > FUNCTION_LINES
    ]
    assert long == []


def test_files_stop_at_four_hundred_lines() -> None:
    files = (*product(), *firmware(), *sources("tests", "alembic"))
    assert [
        f"{source.path} has {source.line_count}" for source in files if source.line_count > FILE_LINES
    ] == []


def test_pages_and_states_stay_thin() -> None:
    limits = {"page.py": PAGE_LINES, "state.py": STATE_LINES}
    fat = [
        f"{source.path} has {source.line_count} lines, {limits.get(source.name, FILE_LINES)} are allowed"
        for source in product()
        if source.line_count > limits.get(source.name, FILE_LINES)
    ]
    assert fat == []
