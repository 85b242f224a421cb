"""The environment is read once, into the settings."""

from __future__ import annotations

import ast

from tests.architecture.source import dotted, product

READERS = ("os.environ", "os.getenv", "os.putenv")
# Where the environment may be touched, and why.
ALLOWED = {
    "portal/core/settings.py": "reads it once, into one frozen object",
    "portal/app.py": "sets Reflex's own switches, which Reflex takes from nowhere else",
    "portal/server/workers.py": "names the folder of the workers' figures, as prometheus_client wants it",
    "fleet_ingest/app.py": "looks whether it is such a worker",
    "portal/frontend.py": "hands it on to the programs that build the pages",
}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        source.path
        for source in product()
        for node in source.walk()
        if isinstance(node, ast.Attribute) and dotted(node) in READERS
    }
    assert readers == set(ALLOWED)


def test_nobody_imports_environ_by_name() -> None:
    by_name = [
        source.path
        for source in product()
        for node in source.walk()
        if isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and {a.name for a in node.names} & {"environ", "getenv"}
    ]
    assert by_name == []
