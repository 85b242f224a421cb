"""What a Client says beside the rows of a batch, in headers an Admin may ignore, and how the two compare readings.

`X-Full-Set` says which part of a set a batch is all of. `X-Push-Backlog` says what still waits at the Client.
A header that cannot be read is taken for none: it must never cost a batch.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from portal.core.domain.time import parse_instant

FULL_SET_HEADER = "X-Full-Set"
BACKLOG_HEADER = "X-Push-Backlog"
_LONGEST_HEADER = 400
_LARGEST_FIGURE = 2**53


@dataclass(frozen=True, slots=True)
class SetRange:
    """The keys a batch holds every row of: above `after`, up to `through`; None where there is no bound."""

    after: str | None
    through: str | None

    def header(self) -> str:
        """Return the header's value."""
        return f"after={self.after or ''}; through={self.through or ''}"


def parse_set_range(text: str | None) -> SetRange | None:
    """Return the range a header names, None for no header or a malformed one."""
    fields = _fields(text)
    if fields is None or set(fields) != {"after", "through"}:
        return None
    return SetRange(fields["after"] or None, fields["through"] or None)


@dataclass(frozen=True, slots=True)
class PushReport:
    """What waits at a Client after the batch it came with.

    `oldest_at` is when the oldest waiting reading arrived at the Client; `drain_seconds` the Client's own
    estimate of how long it takes until nothing waits.
    """

    waiting_rows: int
    refused_rows: int
    given_up_rows: int
    oldest_at: datetime | None
    drain_seconds: int

    def header(self) -> str:
        """Return the header's value."""
        oldest = "" if self.oldest_at is None else self.oldest_at.isoformat()
        return (
            f"waiting={self.waiting_rows}; refused={self.refused_rows}; given-up={self.given_up_rows}; "
            f"oldest={oldest}; drain={self.drain_seconds}"
        )


def parse_report(text: str | None) -> PushReport | None:
    """Return the report of a header, None for no header or a malformed one."""
    fields = _fields(text)
    if fields is None:
        return None
    try:
        oldest = fields.get("oldest")
        return PushReport(
            _figure(fields["waiting"]),
            _figure(fields["refused"]),
            _figure(fields["given-up"]),
            parse_instant(oldest) if oldest else None,
            _figure(fields["drain"]),
        )
    except (KeyError, ValueError):
        return None


def _fields(text: str | None) -> dict[str, str] | None:
    if text is None or len(text) > _LONGEST_HEADER:
        return None
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _figure(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        message = f"not a count: {text!r}"
        raise ValueError(message)
    return min(int(text[:17]), _LARGEST_FIGURE)


class DayChecksum(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """How many readings of a device and UTC day there are, and a checksum that does not depend on their order."""

    device_id: UUID
    date: date
    count: int
    checksum: str


class ReconcileAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The days of a window that have readings, by device and date."""

    days: list[DayChecksum]


class ReadingChecksums(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The readings of one device: time in microseconds since 1970 and checksum, two lists of one length."""

    times: list[int]
    checksums: list[Annotated[int, msgspec.Meta(description="60 bits of the reading's MD5")]]
