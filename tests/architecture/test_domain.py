"""The domain and the rules of energy are pure: the standard library only, no clock, environment, files or sockets."""

from __future__ import annotations

import sys

from tests.architecture.source import called_name, sources

PURE = ("portal/core/domain", "portal/core/energy/rules")
OWN = ("portal.core.domain", "portal.core.energy.rules", "portal.core.errors")
SIDE_EFFECTS = {
    "asyncio", "ctypes", "fcntl", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
# What may be imported all the same, and why.
ALLOWED = {
    ("portal/core/domain/tokens.py", "secrets"): "a token needs the operating system's randomness",
    ("portal/core/domain/load_model.py", "random"): "a generator with a seed is a pure function of it",
}
CLOCKS = (".now", ".utcnow", ".today")


def test_the_domain_imports_the_standard_library_only() -> None:
    foreign = [
        f"{source.path} imports {name}"
        for source in sources(*PURE)
        for name in source.imports()
        if not name.startswith(OWN) and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def test_the_domain_touches_nothing_outside_itself() -> None:
    impure = [
        f"{source.path} imports {name}"
        for source in sources(*PURE)
        for name in source.imports()
        if name.split(".")[0] in SIDE_EFFECTS and (source.path, name) not in ALLOWED
    ]
    assert impure == []


def test_the_domain_is_told_the_time() -> None:
    clocks = [
        f"{source.path} calls {called_name(node)}()"
        for source in sources(*PURE)
        for node in source.walk()
        if called_name(node).endswith(CLOCKS) or called_name(node) in {"open", "print", "input"}
    ]
    assert clocks == []
