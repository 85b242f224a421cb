"""What became of a file's rows: counted, and told once for each reason."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.core.languages import tr
from portal.core.readings.rules.reading_files import LeftOut

_MOST_REASONS = 50
_FIRST_LINES = 5


@dataclass
class RefusedRows:
    """Rows that were refused for one reason: how many, the first lines, and the first one's reason in full."""

    reason: str
    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Count a row."""
        self.count += 1
        if len(self.lines) < _FIRST_LINES and line not in self.lines:
            self.lines.append(line)

    def in_words(self) -> str:
        """Say it on one line."""
        if self.count == 1:
            return tr("line {lines}: {reason}", lines=self.lines[0], reason=self.reason)
        first = ", ".join(map(str, self.lines))
        more = " ..." if self.count > _FIRST_LINES else ""
        return tr(
            "{count} rows (lines {first}{more}): {reason}",
            count=self.count,
            first=first,
            more=more,
            reason=self.reason,
        )


@dataclass
class LeftOutEnergy:
    """A channel whose energy is in the file and goes nowhere."""

    line: int
    channel: str
    amount: Decimal
    unit: str
    reason: str


@dataclass
class ImportReport:
    """What became of a file of the name `file`; `id` is the device's.

    `failure` is why not all of it is stored, None where all is. `first_at` and `last_at` are the times of its readings.
    """

    id: UUID
    file: str
    accepted: int = 0
    duplicates: int = 0
    completed: int = 0
    rejected: int = 0
    skipped: int = 0
    refused: list[RefusedRows] = field(default_factory=list)
    left_out: list[LeftOutEnergy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    _by_kind: dict[str, RefusedRows] = field(default_factory=dict, repr=False)

    def refuse(self, line: int, reason: str, kind: str = "") -> None:
        """Count a refused row under the first reason of its kind; of very many kinds the last are one."""
        self.rejected += 1
        known = self._by_kind.get(kind or reason)
        if known is None and len(self.refused) >= _MOST_REASONS:
            kind, reason = "others", tr("other reasons")
            known = self._by_kind.get(kind)
        if known is None:
            known = self._by_kind[kind or reason] = RefusedRows(reason)
            self.refused.append(known)
        known.add(line)

    def span(self, *times: datetime) -> None:
        """Remember the first and the last time of readings."""
        known = [at for at in (self.first_at, self.last_at, *times) if at is not None]
        self.first_at, self.last_at = min(known), max(known)

    def leave_out(self, found: LeftOut) -> None:
        """Remember a channel that goes nowhere."""
        self.left_out.append(LeftOutEnergy(found.line, found.channel, found.amount, found.unit, found.reason))

    def judge(self, *, allow_refused: bool) -> None:
        """Say why the import is no success, if it is none."""
        parts = [
            tr(
                "{normalize} {unit} of channel {channel} left out",
                normalize=f"{each.amount.normalize():f}",
                unit=each.unit,
                channel=each.channel,
            )
            for each in self.left_out
        ]
        if self.rejected and not allow_refused:
            parts.append(
                tr("1 row refused")
                if self.rejected == 1
                else tr("{rejected} rows refused", rejected=self.rejected)
            )
        if not self.accepted and not self.duplicates and not self.completed:
            parts.append(tr("nothing stored"))
        self.failure = ", ".join(parts) or None

    def in_words(self) -> str:
        """Say it for a person."""
        head = tr(
            "{accepted} readings stored, {completed} completed, {duplicates} were there already, "
            "{rejected} refused, {skipped} lines empty.",
            accepted=self.accepted,
            completed=self.completed,
            duplicates=self.duplicates,
            rejected=self.rejected,
            skipped=self.skipped,
        )
        return "\n".join(
            [
                head,
                *self.notes,
                *(each.reason for each in self.left_out),
                *(each.in_words() for each in self.refused),
            ]
        )
