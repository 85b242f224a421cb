"""What SQL text returns is read as rows of a declared type, and nowhere else is it looked into."""

from __future__ import annotations

import ast

from tests.architecture.source import Source, sources

# It makes the typed rows.
_HOME = "portal/core/database/rows.py"


def _asks(source: Source) -> bool:
    is_table = source.name in {"tables.py", "columns.py"} or "/tables/" in source.path
    return source.path != _HOME and not is_table


def _named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _executed(node: ast.AST) -> ast.AST | None:
    """Return the statement of an `await session.execute(statement, ...)` whose answer is dropped."""
    call = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Await) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "execute":
        return call.args[0] if call.args else None
    return None


def looked_into(source: Source) -> list[int]:
    """Return the lines with a text whose answer is used."""
    dropped = {id(statement) for node in source.walk() if (statement := _executed(node)) is not None}
    return [
        node.lineno
        for node in source.walk()
        if isinstance(node, ast.Call) and _named(node, "text") and id(node) not in dropped
    ]


def test_rows_of_sql_text_have_a_type() -> None:
    found = {
        source.path: lines
        for source in sources("portal/core")
        if _asks(source) and (lines := looked_into(source))
    }
    assert found == {}, "ask by portal.core.database.rows, which says and checks what a row is"


def test_the_drivers_own_rows_are_read_there_alone() -> None:
    asking = {"fetch", "fetchrow", "fetchval"}
    allowed = {
        _HOME,
        "portal/core/database/prepared.py",  # rows of expressions, as typed as their columns
        "portal/push/lock.py",  # locks: true or false
        "portal/core/database/leader.py",  # a lock
    }
    found = {
        f"{source.path}:{node.lineno}"
        for source in sources("portal", "fleet_ingest")
        for node in source.walk()
        if isinstance(node, ast.Attribute) and node.attr in asking and source.path not in allowed
    }
    assert found == set()
