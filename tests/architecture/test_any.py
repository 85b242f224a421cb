"""In the strict part nothing is of any type without a reason, and no check of the type checker is off without one."""

from __future__ import annotations

import ast
import io
import tokenize
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import ROOT, Source, product, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

STRICT = ("portal/core", "fleet_ingest")
_REASON = "# Any: "
# What a coroutine is sent and yields is the event loop's own.
_OF_COROUTINES = "Coroutine[Any, Any,"


@cache
def _tokens(source: Source) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(source.text).readline))


def without_reason(source: Source) -> Iterator[int]:
    """Yield the lines that say `Any`; a reason is beside the line, above it, or for a whole file at its head."""
    lines = source.text.splitlines()
    head = (source.tree.body[0].end_lineno or 0) if ast.get_docstring(source.tree) else len(lines)
    if any(line.startswith(_REASON) for line in lines[head : head + 3]):
        return
    imports = ("from typing import", "import typing", "    from typing import")
    said = {each.start[0] for each in _tokens(source) if each.type == tokenize.NAME and each.string == "Any"}
    for number in sorted(said):
        line, above = lines[number - 1], lines[number - 2].strip()
        is_left = line.replace(_OF_COROUTINES, "").count("Any") > 0
        if is_left and not line.startswith(imports) and _REASON not in line and not above.startswith(_REASON):
            yield number


def test_nothing_in_the_strict_part_is_of_any_type_without_a_reason() -> None:
    found = {f"{source.path}:{number}" for source in sources(*STRICT) for number in without_reason(source)}
    assert found == set(), f"say what it is, or why not: `{_REASON}why` beside the line or above it"


def test_no_parts_of_a_page_are_drawn_over_any_state() -> None:
    found = {
        source.path
        for source in product()
        if any(line.startswith("State = Any") for line in source.text.splitlines())
    }
    assert found == set(), "say of which state: `type[..]` of what it is made of"


def off_without_reason(source: Source) -> Iterator[int]:
    """Yield the lines that put a check off and have no reason in the line above."""
    lines = source.text.splitlines()
    marks = ("# pyright:", "# type:")
    for each in _tokens(source):
        if each.type == tokenize.COMMENT and each.string.startswith(marks):
            above = lines[each.start[0] - 2].strip() if each.start[0] > 1 else ""
            if not above.startswith("#") or above.startswith(marks):
                yield each.start[0]


def test_a_check_that_is_off_has_its_reason() -> None:
    found = {
        f"{source.path}:{number}"
        for source in (*product(), *sources("alembic"))
        for number in off_without_reason(source)
    }
    assert found == set(), "say why in the line above"


def test_settings_of_the_type_checker_that_let_something_pass_have_their_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.pyright]")[1].splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]
    lenient = [
        line
        for line in settings
        if line.startswith(("report", "exclude", "ignore", "typeCheckingMode"))
        and not line.endswith('"error"')
    ]
    assert [line for line in lenient if not lines[lines.index(line) - 1].startswith("#")] == []


def _source(text: str) -> Source:
    return Source("portal/core/made.py", text, ast.parse(text))


_IMPORT = "from typing import Any\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{_IMPORT}x: Any = 1\n", [2]),
        (f"{_IMPORT}\n# Any: nobody knows\nx: Any = 1\n\ny: Any = 2\n", [6]),
        (f"{_IMPORT}x: Any = 1  # Any: nobody knows\n", []),
        (f'"""Of JSON."""\n\n# Any: JSON is of any type.\n\n{_IMPORT}x: Any = 1\n', []),
        (f"{_IMPORT}\n\nasync def run(work: Coroutine[Any, Any, int]) -> None: ...\n", []),
        (f"{_IMPORT}\n\nasync def run(work: Coroutine[Any, Any, Any]) -> None: ...\n", [4]),
        ("# Any other word.\nx = 'Any'\n", []),
    ],
)
def test_any_without_a_reason_is_found(text: str, lines: list[int]) -> None:
    assert list(without_reason(_source(text))) == lines


def test_a_check_that_is_off_without_a_reason_is_found() -> None:
    bare = "x: int = f()  # pyright: ignore[reportAssignmentType]\n"
    assert list(off_without_reason(_source(f"y = 1\n{bare}"))) == [2]
    assert list(off_without_reason(_source(f"# it says so\n{bare}"))) == []
    assert list(off_without_reason(_source("# pyright: basic\n"))) == [1]
