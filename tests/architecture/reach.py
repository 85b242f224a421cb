"""What a function of the core comes to, by the names in its source: the statements it may send, the rows it may write.

Followed are functions, classes and constants by name, through imports; and a method by its name alone, whatever it is
called on, so that rather too much is found than too little.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tests.architecture.source import Function, Source, dotted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# A lock (FOR UPDATE) is no change, and an upsert begins with INSERT.
_CHANGES = re.compile(
    r"\b(INSERT INTO|DELETE FROM|TRUNCATE|COPY|MERGE INTO|ALTER|CREATE|DROP|setval\()"
    r"|(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE\b"
)
# Statements that are put together, and methods that write by themselves.
_CHANGING = re.compile(r"(sqlalchemy|sqlmodel)\b.*\.(insert|update|delete|merge)")
_COPIES = {"copy_records_to_table", "copy_to_table"}
_ADDS = {"add", "add_all", "delete", "merge"}
Definition = tuple[str, str]


@dataclass
class _Found:
    """What is in a definition itself: whether it changes rows, and which names it leads to."""

    changes: bool = False
    leads_to: set[Definition] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)


class Reach:
    """The definitions of some sources, and what each leads to."""

    def __init__(self, files: Iterable[Source]) -> None:
        self._files = {_module(source): source for source in files}

    def services(self, source: Source) -> Iterator[Definition]:
        """Yield every public coroutine of a file that is given the stack."""
        for node in source.tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                first = node.args.args[:1]
                if first and first[0].arg == "stack":
                    yield _module(source), node.name

    def from_(self, start: Definition, *, but: Collection[Definition] = ()) -> set[Definition]:
        """Return every definition that a function leads to, itself too.

        Nothing is followed into `but`: definitions, all of a module ("module", ""), or methods of a name ("", "name").
        """
        seen: set[Definition] = set()
        ahead = {start}
        while ahead:
            definition = ahead.pop()
            if (
                definition in seen
                or definition not in self._definitions
                or {definition, (definition[0], "")} & set(but)
            ):
                continue
            seen.add(definition)
            found = self._definitions[definition]
            ahead |= found.leads_to
            for name in found.methods:
                if ("", name) not in but:
                    ahead |= self._methods.get(name, set())
        return seen

    def changes(self, definitions: Iterable[Definition]) -> bool:
        """Tell whether any of some definitions has a statement that changes rows."""
        return any(self._definitions[definition].changes for definition in definitions)

    @cached_property
    def _methods(self) -> dict[str, set[Definition]]:
        found: dict[str, set[Definition]] = {}
        for module, name in self._definitions:
            if "." in name:
                found.setdefault(name.rpartition(".")[2], set()).add((module, name))
        return found

    @cached_property
    def _definitions(self) -> dict[Definition, _Found]:
        found: dict[Definition, _Found] = {}
        for module, source in self._files.items():
            imported = dict(_imports(source.tree))
            for name, node in _named(source.tree):
                found[module, name] = _look(node, module, imported)
            if source.name == "__init__.py":  # what a package hands on
                found |= {(module, name): _Found(leads_to={_definition(of)}) for name, of in imported.items()}
        return found


def _module(source: Source) -> str:
    return source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node
            case ast.ClassDef():
                for inner in node.body:
                    if isinstance(inner, Function):
                        yield f"{node.name}.{inner.name}", inner
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _look(definition: ast.AST, module: str, imported: dict[str, str]) -> _Found:
    found = _Found()
    docstring = ast.get_docstring(definition, clean=False) if isinstance(definition, Function) else None
    for node in ast.walk(definition):
        match node:
            case ast.Constant(value=str() as text) if text != docstring:
                found.changes |= _CHANGES.search(text) is not None
            case ast.Name(id=name):
                full = imported.get(name, f"{module}.{name}")
                found.leads_to.add(_definition(full))
                found.changes |= _CHANGING.fullmatch(full) is not None
            case ast.Attribute(attr=name):
                head, _, rest = dotted(node).partition(".")
                if head in imported:
                    full = f"{imported[head]}.{rest}"
                    found.leads_to.add(_definition(full))
                    found.changes |= _CHANGING.fullmatch(full) is not None
                found.changes |= name in _COPIES or (head == "session" and name in _ADDS)
            case ast.Call(func=ast.Attribute(attr=name)):
                found.methods.add(name)
    return found


def _definition(name: str) -> Definition:
    module, _, last = name.rpartition(".")
    return module, last
