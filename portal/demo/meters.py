"""Where the demo's readings come from: the load model, or a file that is played back."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Protocol

from portal.core.errors import Invalid
from portal.core.readings.rules.reading_files import FileInvalid, ParsedRow
from portal.core.readings.rules.reading_tables import parse_csv
from portal.core.readings.rules.readings import MeasuredRow
from portal.demo.site_plan import OFFICE, ZONE, DevicePlan, SimulatedDevice
from portal.simulator.load_model import BuildingLoad

HISTORY_STEP = timedelta(minutes=15)
_WEEK = timedelta(weeks=1)


class Source(Protocol):
    """What a meter measures."""

    def history(self, after_at: datetime, to_at: datetime) -> Iterator[MeasuredRow]:
        """Yield the readings of a time in which nobody was listening: after `after_at`, up to and with `to_at`."""
        ...


@dataclass(frozen=True)
class Meter:
    """A device the demo posts for; `load` is what a simulated board reads, None where a file is played back."""

    plan: DevicePlan
    source: Source
    load: BuildingLoad | None = None

    @property
    def external_id(self) -> str:
        """The device's external id."""
        return self.plan.external_id


class Simulation:
    """A building load, read every quarter of an hour: the time before there was a board."""

    def __init__(self, load: BuildingLoad) -> None:
        self._load = load

    def history(self, after_at: datetime, to_at: datetime) -> Iterator[MeasuredRow]:
        """Yield a reading at each quarter of an hour."""
        since_midnight = after_at - after_at.replace(hour=0, minute=0, second=0, microsecond=0)
        start_at = after_at - since_midnight % HISTORY_STEP + HISTORY_STEP
        return self._load.registers(start_at, to_at + timedelta(microseconds=1), HISTORY_STEP)


class Recording:
    """Rows of a file, moved by whole weeks so that weekdays and hours stay what they were."""

    def __init__(self, rows: list[MeasuredRow], start_at: datetime) -> None:
        """`rows` in the order of their times; the first is played in the week that follows `start_at`, never at it."""
        weeks = (start_at - rows[0].at) // _WEEK + 1
        self._shift = weeks * _WEEK
        self._rows = rows

    def history(self, after_at: datetime, to_at: datetime) -> Iterator[MeasuredRow]:
        """Yield every row that has come due."""
        moved = (replace(row, at=row.at + self._shift) for row in self._rows)
        return (row for row in takewhile(lambda row: row.at <= to_at, moved) if row.at > after_at)


def simulated(device: SimulatedDevice) -> Meter:
    """Return the meter of a device with a load model."""
    load = BuildingLoad(device.seed, device.kind, ZONE)
    return Meter(device.plan, Simulation(load), load)


def recording_id(file: Path) -> str:
    """Return the external id of the device that plays a file: another file is another device with its own register.

    Raises `Invalid` when the file can't be read.
    """
    try:
        return f"demo-file-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    except OSError as error:
        msg = f"the readings in {file} can't be read: {error.strerror}"
        raise Invalid(msg) from None


def recorded(file: Path, start_at: datetime) -> Meter:
    """Return the meter that plays a CSV file (columns as `portal import` takes them) from `start_at` on.

    Raises `Invalid` for a file without a usable row.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = [outcome.row for outcome in parse_csv(lines) if isinstance(outcome, ParsedRow)]
    except (FileInvalid, UnicodeDecodeError) as error:
        msg = f"the readings in {file} can't be used: {error}"
        raise Invalid(msg) from None
    if not rows:
        msg = f"there is no reading in {file}"
        raise Invalid(msg)
    rows.sort(key=lambda row: row.at.astimezone(UTC))
    plan = DevicePlan(file.stem, recording_id(file), OFFICE, f"Played back from {file.name}")
    return Meter(plan, Recording(rows, start_at))
