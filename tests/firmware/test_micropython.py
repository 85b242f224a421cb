"""The same files once more, where they have to run: under MicroPython's unix port, and compiled for the board."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
MICROPYTHON = PROGRAMS / "micropython"
ENVIRONMENT = {"MICROPYPATH": ".:firmware:.frozen", "PATH": os.environ["PATH"]}
# MicroPython knows of no future: files that import it are CPython's.
BOTH = sorted(
    path.name for path in HERE.glob("test_*.py") if "from __future__" not in path.read_text(encoding="utf-8")
)
needs_micropython = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython for this machine")


def micropython(*arguments: str, heap: str = "16m") -> subprocess.CompletedProcess[str]:
    command = [str(MICROPYTHON), "-X", f"heapsize={heap}", *arguments]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@needs_micropython
@pytest.mark.parametrize("name", BOTH)
def test_under_micropython(name: str) -> None:
    done = micropython("tests/firmware/run_micropython.py", f"tests/firmware/{name}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_files_for_both() -> None:
    assert "test_ring.py" in BOTH
