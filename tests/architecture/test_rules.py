"""Rules and values are pure: the standard library only, no clock, environment, files or sockets."""

from __future__ import annotations

import sys

from tests.architecture.source import ROOT, called_name, sources

PURE = (
    "portal/core/values",
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("portal/core/*/rules"))),
)
OWN = (
    *(index.replace("/", ".") for index in PURE),
    "portal.core.errors",
    "portal.core.access",
    "portal.core.words",
)
SIDE_EFFECTS = {
    "asyncio", "ctypes", "fcntl", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
# What may be imported all the same, and why.
ALLOWED = {
    ("portal/core/values/tokens.py", "secrets"): "a token needs the operating system's randomness",
}
CLOCKS = (".now", ".utcnow", ".today")


# What is data that others keep, as the tz database is behind zoneinfo.
DATA = {("portal/core/values/currencies.py", "iso4217")}


def test_rules_import_the_standard_library_only() -> None:
    foreign = [
        f"{source.path} imports {name}"
        for source in sources(*PURE)
        for name in source.imports()
        if not name.startswith(OWN) and name.split(".")[0] not in sys.stdlib_module_names
        if (source.path, name) not in DATA
    ]
    assert foreign == []


def test_rules_touch_nothing_outside_themselves() -> None:
    impure = [
        f"{source.path} imports {name}"
        for source in sources(*PURE)
        for name in source.imports()
        if name.split(".")[0] in SIDE_EFFECTS and (source.path, name) not in ALLOWED
    ]
    assert impure == []


def test_rules_are_told_the_time() -> None:
    clocks = [
        f"{source.path} calls {called_name(node)}()"
        for source in sources(*PURE)
        for node in source.walk()
        if called_name(node).endswith(CLOCKS) or called_name(node) in {"open", "print", "input"}
    ]
    assert clocks == []
