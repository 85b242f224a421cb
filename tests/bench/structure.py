"""How the code is laid out, in figures, for one or more trees side by side.

    git worktree add --detach /tmp/before COMMIT
    python -m tests.bench.structure /tmp/before .
    git worktree remove /tmp/before

What is shipped is counted (`portal` and `fleet_ingest`), and the lines of the tests apart. A function's lines are those
of `tests/architecture`: from its `def` on, without its docstring. An import counts where it names a module of the
product; it stays in a folder when that module lies in the same folder or below it, and in a room when both lie in the
same folder of the third level (`portal/core/energy`, `portal/client/cost`).
"""

import argparse
import ast
import sys
from collections import Counter
from pathlib import Path
from statistics import quantiles

from tests.architecture.source import PRODUCT_PACKAGES, Function, code_lines

Figures = dict[str, str]


def figures(root: Path) -> Figures:
    """The figures of one tree."""
    trees = {path.relative_to(root): ast.parse(path.read_bytes()) for path in _files(root, PRODUCT_PACKAGES)}
    lines = {path: len((root / path).read_text(encoding="utf-8").splitlines()) for path in trees}
    functions = [
        (code_lines(node), f"{path}:{node.name}")
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]
    longest = max(lines, key=lambda path: (lines[path], path))
    widest, width = Counter(path.parent for path in trees if path.name != "__init__.py").most_common(1)[0]
    lengths = [length for length, _ in functions]
    percentiles = quantiles(lengths, n=100, method="inclusive")
    imports = _imports(root, trees)
    doubled = {name: count for name, count in _classes(trees).items() if count > 1}
    return {
        "files": f"{len(trees):,}",
        "lines": f"{sum(lines.values()):,}",
        "lines of tests": f"{sum(len(path.read_bytes().splitlines()) for path in _files(root, ('tests',))):,}",
        "lines of a file, mean": f"{sum(lines.values()) / len(lines):.0f}",
        "longest file": f"{lines[longest]} ({longest})",
        "folders": f"{len({path.parent for path in trees})}",
        "widest folder": f"{width} files ({widest})",
        "functions": f"{len(functions):,}",
        "lines of a function, p50": f"{percentiles[49]:.0f}",
        "lines of a function, p90": f"{percentiles[89]:.0f}",
        "lines of a function, most": "{} ({})".format(*max(functions)),
        "imports of own modules": f"{len(imports):,}",
        "of these inside a folder": _share([of.is_relative_to(by.parent) for by, of in imports]),
        "of these inside a room": _share([_room(by) == _room(of) for by, of in imports]),
        "the same, of the core's": _share([_room(by) == _room(of) for by, of in imports if _is_core(by)]),
        "class names used twice": f"{len(doubled)} {' '.join(sorted(doubled))}".strip(),
    }


def _files(root: Path, folders: tuple[str, ...]) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def _classes(trees: dict[Path, ast.Module]) -> Counter[str]:
    """Public classes by name."""
    return Counter(
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


def _imports(root: Path, trees: dict[Path, ast.Module]) -> list[tuple[Path, Path]]:
    """Which file imports from which."""
    return [
        (path, found)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        for name in _imported(node)
        if (found := _module(root, name)) is not None
    ]


def _room(path: Path) -> tuple[str, ...]:
    return path.parent.parts[:3]


def _is_core(path: Path) -> bool:
    return path.is_relative_to("portal/core")


def _share(those: list[bool]) -> str:
    return f"{sum(those) / len(those):.1%}"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _module(root: Path, name: str) -> Path | None:
    """The file, below the root, of a module or of what holds the imported name; None for other people's."""
    parts = name.split(".")
    if parts[0] not in PRODUCT_PACKAGES:
        return None
    for kept in (parts, parts[:-1]):
        for path in (Path(*kept).with_suffix(".py"), Path(*kept, "__init__.py")):
            if (root / path).is_file():
                return path
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("directories", nargs="*", type=Path, default=[Path()])
    found = [(directory, figures(directory.resolve())) for directory in parser.parse_args().directories]
    rows = [["figure", *(str(directory) for directory, _ in found)], ["---"] * (len(found) + 1)]
    rows += [[name, *(each[name] for _, each in found)] for name in found[0][1]]
    sys.stdout.writelines(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main()
