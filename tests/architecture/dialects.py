"""Finds SQL in which the run mode is said in another way than by `Layout.sql`: what the texts of a module look like.

A module is *of one mode* where its statements name tables of one run mode only: gaps in these are then no matter of the
mode. Any other module has statements for both, and is held to `portal/core/database/layout.py`.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture.source import Source

_SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN|WHERE|VALUES|CREATE|DROP|ALTER|LOCK|ANALYZE)\s"
)
# Tables of `app` that only a Client has count as its own.
_OF_CLIENT = re.compile(r"\bmonitoring\b|\bapp\.(municipalities|tariff\w*|push_\w*)")
_OF_ADMIN = re.compile(r"\bfleet\b(?!_)")
_BY_ITSELF = re.compile(r"(monitoring|fleet|app)(\.\w+)?")
_NAMES_TABLE = re.compile(r"(?<!epoch )\b(FROM|JOIN|INTO|UPDATE|TABLE|VIEW|USING|ANALYZE)\s+['(]?\0|\0\.\w")
_NULL_CUSTOMER = re.compile(
    r":customer_id\b\s*(AS uuid\s*\))?\s*IS (NOT )?NULL|coalesce\(\s*(CAST\(\s*)?:customer_id", re.IGNORECASE
)
_OF_KEY = re.compile(r"\bcustomer_id\b")
_OF_MODE = {
    "customer_id",
    "fleet",
    "has_customers",
    "is_fleet",
    "key_list",
    "keys",
    "layout",
    "mode",
    "run_mode",
    "schema",
}


def dialects(source: Source) -> list[str]:
    """Return what is said of the run mode in another way, each with its line."""
    words = _documentation(source.tree)
    sides = _sides([text for text in _texts(source.tree) if text not in words])
    found: set[tuple[int, str]] = set()
    if len(sides) == 2:
        found.add((1, "two texts side by side, one for each mode"))
    for node in ast.walk(source.tree):
        checks = _OF_ANY_MODULE if len(sides) == 1 else _OF_ANY_MODULE | _OF_BOTH_MODES
        line = getattr(node, "lineno", 0)
        found |= {(line, said) for said, is_it in checks.items() if is_it(node)}
    return [f"{source.path}:{line} {said}" for line, said in sorted(found)]


def _sides(texts: list[str]) -> set[str]:
    sides = {"Client"} if any(_OF_CLIENT.search(text) for text in texts) else set[str]()
    return sides | ({"Admin"} if any(_OF_ADMIN.search(text) for text in texts) else set())


def _documentation(tree: ast.Module) -> set[str | None]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield statements, and a schema or a table by itself: that is part of one."""
    for text in _words(tree):
        if _SQL.search(text) or _BY_ITSELF.fullmatch(text):
            yield text


def _words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _text(node: ast.AST) -> str:
    """Return the text of a string; what is put in is a mark."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "\0"


def _names(node: ast.AST) -> set[str]:
    """Return every name and attribute in an expression."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _has_null_customer(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and _NULL_CUSTOMER.search(str(node.value)) is not None


def _puts_in_the_mode(node: ast.AST) -> bool:
    if not isinstance(node, ast.JoinedStr) or not _SQL.search(_text(node)):
        return False
    return any(_names(part) & _OF_MODE for part in node.values if isinstance(part, ast.FormattedValue))


def _puts_in_a_table(node: ast.AST) -> bool:
    is_sql = isinstance(node, ast.JoinedStr) and _SQL.search(_text(node))
    return bool(is_sql) and _NAMES_TABLE.search(_text(node)) is not None


def _is_there_in_one_mode(node: ast.AST) -> bool:
    """Whether a text or a parameter depends on a condition, and speaks of a customer, a schema or a key column."""
    if not isinstance(node, ast.IfExp):
        return False
    branches = [text for branch in (node.body, node.orelse) for text in _words(branch)]
    is_of_mode = any(_OF_KEY.search(each) or _BY_ITSELF.fullmatch(each) for each in branches)
    return is_of_mode or (bool(branches) and "device_id" in _words(node.test))


def _joins_keys(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"):
        return False
    loops = [each for arg in node.args for each in ast.walk(arg) if isinstance(each, ast.comprehension)]
    return any(_names(loop.iter) & {"keys", "key_columns"} for loop in loops)


def _guesses_the_mode(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare):
        return False
    is_none = any(isinstance(each, ast.Constant) and each.value is None for each in node.comparators)
    return is_none and "customer_id" in _names(node.left)


def _formats(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"format", "format_map", "substitute"}


_OF_ANY_MODULE = {
    "a customer that is NULL in one mode": _has_null_customer,
    "an f-string into which goes what the mode decides": _puts_in_the_mode,
    "a part of a statement, or a parameter, that is there in one mode": _is_there_in_one_mode,
    "key columns that are put together": _joins_keys,
}
_OF_BOTH_MODES = {
    "an f-string into which a table or a schema goes": _puts_in_a_table,
    "a statement with gaps that is formatted": _formats,
    "the mode guessed from a customer that is None": _guesses_the_mode,
}

_CUSTOMER = re.compile(r"(\b\w+\.)?\bcustomer_id\b(\s*=\s*(:|\$)?[\w.]+(::uuid)?(\s+AND\b)?|\s*,)?")
_SHORTEST = 60


def shapes(source: Source) -> dict[str, str]:
    """Return the statements of a module, by what is left of each without a mode's schema and its customers."""
    words = _documentation(source.tree)
    found: dict[str, str] = {}
    parts = {id(part) for node in source.walk() if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in source.walk():
        text = _text(node) if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in parts else ""
        if text not in words and len(text) >= _SHORTEST and _SQL.search(text):
            plain = _CUSTOMER.sub("", re.sub(r"\b(monitoring|fleet|app)\.", "", text))
            found[re.sub(r"\bWHERE AND\b", "WHERE", " ".join(plain.split()))] = text
    return found
