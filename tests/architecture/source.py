"""The product's own source files, parsed once for the rules in this directory."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PRODUCT_PACKAGES = ("portal", "fleet_ingest")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: `path` is relative to the project, with forward slashes."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Return the file's name without its directory."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def line_count(self) -> int:
        """Return the number of lines."""
        return len(self.text.splitlines())

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node of the syntax tree."""
        return ast.walk(self.tree)

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones too."""
        return (node for node in self.walk() if isinstance(node, Function))

    def imports(self) -> Iterator[str]:
        """Yield the absolute name of every imported module, also from inside functions."""
        for node in self.walk():
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module


def _parse(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path)))


@cache
def sources(*directories: str) -> tuple[Source, ...]:
    """Return the Python files below the given directories, sorted by path."""
    found = (path for directory in directories for path in (ROOT / directory).rglob("*.py"))
    return tuple(_parse(path) for path in sorted(found))


def product() -> tuple[Source, ...]:
    """Return what is shipped: the packages, not the tests and not the migrations."""
    return sources(*PRODUCT_PACKAGES)


def firmware() -> tuple[Source, ...]:
    """Return what runs on boards, and the tools it is made with."""
    return sources("firmware")


def services() -> tuple[Source, ...]:
    """Return the use cases of every subject of the core; energy is entered by its own door."""
    found = (each for each in sources("portal/core") if not each.path.startswith("portal/core/energy/"))
    return tuple(each for each in found if "/service/" in each.path or each.name == "service.py")


def called_name(node: ast.AST) -> str:
    """Return the dotted name a call goes to, `datetime.now` for `datetime.now(UTC)`, else an empty string."""
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a chain of names, with `?` where the chain starts at another expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def code_lines(function: Function) -> int:
    """Return the length of a function from its `def` line on, its docstring not counted."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total
