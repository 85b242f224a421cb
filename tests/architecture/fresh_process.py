"""Runs a few lines in a Python of their own: what one test imports must not hide what another forbids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.architecture.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


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
