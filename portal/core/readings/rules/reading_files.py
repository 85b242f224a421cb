"""What a file of readings comes apart into: the outcomes that every reader of a format yields, one per row.

A reader is fed a file piece by piece and yields outcomes as it goes, so that a file of any size can show progress and
is never held in memory as a whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.rules.quantity_names import quantity_named
from portal.core.readings.rules.readings import MeasuredRow


class FileInvalid(ValueError):
    """The file as a whole cannot be read; the message says why and what to change."""


class CellInvalid(ValueError):
    """A cell cannot be read. `kind` is the same for every cell that is wrong in the same way."""

    def __init__(self, reason: str, kind: str = "") -> None:
        super().__init__(reason)
        self.kind = kind or reason


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A reading, and the line of the file it stands on (the first line is 1)."""

    line: int
    row: MeasuredRow


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """Energy of the half-open interval `[start_at, end_at)` by register, in nanowatt-hours, and other quantities.

    Of reactive and apparent energy that is billionths of a varh and a VAh.
    """

    line: int
    start_at: datetime
    end_at: datetime
    energy_nanowh: Mapping[str, int]
    row: MeasuredRow


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that is not taken, and why. Lines of one `kind` are reported together, with the reason of the first."""

    line: int
    reason: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A line without any value in the mapped columns: nothing is wrong with it, and nothing is in it."""

    line: int


@dataclass(frozen=True, slots=True)
class Note:
    """What the reader found out about the file, or left out because it was told to."""

    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Energy of the file that goes nowhere, although nobody said that it should not count."""

    line: int
    channel: str
    amount: Decimal
    unit: str
    reason: str


RowOutcome = ParsedRow | IntervalRow | RefusedRow | SkippedRow | Note | LeftOut


def mapped_quantities(names: Mapping[str, str], what: str) -> dict[str, str]:
    """Return columns or channels (`what`) with their quantities. Raises FileInvalid for unknown ones and twins."""
    found: dict[str, str] = {}
    for name, wanted in names.items():
        quantity = quantity_named(wanted)
        if quantity is None:
            msg = f"{wanted!r} is not a quantity; known are {listed(QUANTITY_OF)}"
            raise FileInvalid(msg)
        twin = next((other for other, taken in found.items() if taken == quantity), None)
        if twin is not None:
            msg = f"two {what}s are mapped to {quantity}: {twin!r} and {name!r}"
            raise FileInvalid(msg)
        found[name] = quantity
    return found


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    return ", ".join(names) or "nothing"
