"""What a channel of a NEM12 file holds that feeds no register: named with its energy, so that no bill misses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.core.readings.rules.reading_files import LeftOut, Note
from portal.core.values.numbers import exact_number


@dataclass(slots=True)
class OtherChannel:
    """The sum of a channel, in the file's own unit."""

    suffix: str
    line: int
    unit: str
    is_energy: bool = True
    total: Decimal = Decimal(0)
    days: int = 0
    unread: int = 0

    def add(self, values: Sequence[str]) -> None:
        """Add a day's values; those that cannot be read are counted."""
        self.days += 1
        for value in values:
            try:
                self.total += exact_number(value)
            except ValueError:
                self.unread += 1

    def outcome(self, *, is_wanted: bool) -> LeftOut | Note:
        """Return the channel as left out: noted only where that was wanted or it holds nothing."""
        amount = f"{self.total.normalize():f} {self.unit}"
        days = "1 day" if self.days == 1 else f"{self.days} days"
        unread = f" and {self.unread} values that cannot be read" if self.unread else ""
        words = f"Channel {self.suffix} holds {amount}{unread} in {days} and is left out"
        if is_wanted or not (self.total or self.unread):
            return Note(words + ".")
        advice = (
            f": give it a device of its own with --channel {self.suffix}=energyImportedKwh, or say --leave-out"
            f" {self.suffix}"
        )
        hint = (
            advice
            if self.is_energy
            else f": this product has no register for it; say --leave-out {self.suffix}"
        )
        return LeftOut(self.line, self.suffix, self.total, self.unit, words + hint + ".")
