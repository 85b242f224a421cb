"""One public service function is one transaction, and only `db.py` ends one."""

from __future__ import annotations

import ast

from tests.architecture.source import Function, called_name, product, services

ENDS_A_TRANSACTION = (".commit", ".rollback")


def _public(function: Function) -> bool:
    return isinstance(function, ast.AsyncFunctionDef) and not function.name.startswith("_")


def test_transactions_end_in_db_only() -> None:
    elsewhere = [
        f"{source.path}:{getattr(node, 'lineno', 0)} calls {called_name(node)}()"
        for source in product()
        if source.path != "portal/core/database/db.py"
        for node in source.walk()
        if called_name(node).endswith(ENDS_A_TRANSACTION)
    ]
    assert elsewhere == []


def test_a_service_opens_one_transaction() -> None:
    several = [
        f"{source.path}:{function.lineno} {function.name} opens {count}"
        for source in services()
        for function in source.functions()
        if (count := sum(called_name(node).endswith(".transaction") for node in ast.walk(function))) > 1
    ]
    assert several == []


def test_a_service_is_given_its_stack() -> None:
    stackless = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in services()
        for node in source.tree.body
        if isinstance(node, Function)
        and _public(node)
        and (not node.args.args or node.args.args[0].arg != "stack")
    ]
    assert stackless == []
