"""Runs a few lines in a Python of their own: what one test imports must not hide what another forbids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOT

# Every other setting at its default: Admin asks for a database by name, which is not opened at import.
SETTINGS = {
    "Client": {"Application__RunMode": "Client"},
    "Admin": {
        "Application__RunMode": "Admin",
        "Database__ConnectionString": "postgresql://nobody@127.0.0.1:1/none",
    },
}
_LOAD_THE_APP = """
import json, sys
import portal.portal
modules = sorted(name for name in sys.modules if name.startswith("portal."))
from inspect import getsource, unwrap
from portal.web.events.access import access_of
from portal.web.events.middleware import may_be_called
from reflex_base.registry import RegistrationContext
handlers = {}
for name, entry in RegistrationContext.get().event_handlers.items():
    called = entry.handler.fn
    handlers[name] = {
        "access": access_of(called),
        "is_of_our_state": bool(entry.states) and entry.states[0].__module__.split(".")[0] == "portal",
        "is_ours": not called.__module__.startswith("reflex"),
        "is_let_through": may_be_called(entry),
        "is_endless": entry.handler.is_background and " beats(self, " not in getsource(unwrap(called)),
    }
print(json.dumps({"modules": modules, "handlers": handlers}))
"""
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@cache
def loaded(mode: str) -> dict[str, Any]:
    """Return what a process with the pages of a run mode has: its `modules`, and the `handlers` a browser can call."""
    with tempfile.TemporaryDirectory() as directory:
        return ask(_LOAD_THE_APP, Path(directory), **SETTINGS[mode])


def ask(code: str, directory: Path, **settings: str) -> Any:
    """Return what `code` prints as JSON on its last line, run with these settings and no others."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "Storage__DataDirectory": str(directory), **settings}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])
