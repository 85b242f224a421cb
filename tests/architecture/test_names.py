"""A module is named after what it holds."""

from __future__ import annotations

import ast

from tests.architecture.source import firmware, product, sources

SHAPELESS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    named = {
        source.path: set(source.path.removesuffix(".py").split("/"))
        for source in (*product(), *firmware(), *sources("tests"))
    }
    assert sorted(path for path, parts in named.items() if parts & SHAPELESS) == []


def test_the_top_package_stays_empty() -> None:
    """Importing `portal.core` runs `portal/__init__.py`: anything in it would come along."""
    [top] = [source for source in product() if source.path == "portal/__init__.py"]
    assert top.text.strip() == ""


def test_a_name_is_one_class() -> None:
    """Whoever looks for a class finds it at once."""
    for part in (product(), firmware()):
        where: dict[str, list[str]] = {}
        for source in part:
            for node in source.walk():
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    where.setdefault(node.name, []).append(source.path)
        assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}
