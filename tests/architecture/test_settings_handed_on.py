"""The settings are read where a process starts, and handed on from there: two readings may differ."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.source import called_name, product

if TYPE_CHECKING:
    from collections.abc import Iterator

_READING = "load_settings"
# Who reads them, and why that is the start of a process.
READERS = {
    "portal/commands/doctor.py": "a verb of the command line",
    "portal/commands/serving.py": "verbs of the command line: what is served is built from what they have read",
    "portal/commands/session.py": "every verb that works in a stack",
    "portal/commands/storage.py": "a verb of the command line",
    "portal/demo/run.py": "`portal demo`; its stacks are processes with settings of their own",
    "fleet_ingest/app.py": "servers of other people, which know a factory by its name and nothing else",
    "portal/portal.py": "Reflex, which compiles the app of a module",
}
# Reflex takes its app from a module that has it once it is imported.
AT_IMPORT = {"portal/portal.py"}


def test_only_the_start_of_a_process_reads_the_settings() -> None:
    readers = {
        source.path for source in product() for node in source.walk() if called_name(node).endswith(_READING)
    }
    assert readers == set(READERS)


def test_importing_a_module_reads_no_settings() -> None:
    readers = {
        source.path
        for source in product()
        for node in _run_at_import(source.tree)
        if called_name(node).endswith(_READING)
    }
    assert readers == AT_IMPORT


def test_nothing_imports_the_module_that_does() -> None:
    importers = [source.path for source in product() if "portal.portal" in source.imports()]
    assert importers == []


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _run_at_import(child)
