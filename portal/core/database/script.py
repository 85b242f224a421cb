"""SQL scripts, one statement at a time: asyncpg prepares each, and a prepared statement is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def statements(*scripts: str) -> Iterator[str]:
    """Yield the statements of scripts in which each ends with a semicolon at the end of a line."""
    for script in scripts:
        for statement in script.split(";\n"):
            if statement.strip():
                yield statement
