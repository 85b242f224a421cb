"""What a Client says beside the rows of a batch, in headers an Admin may ignore, and how the two compare readings.

`X-Full-Set` says which part of a set a batch is all of. `X-Push-Backlog` says what still waits at the Client.
`X-Push-Boards` says for how long boards that are silent keep their readings.
`X-Push-Epoch` says how far the Client has come; an Admin that keeps it confirms the batch's mark with `X-Push-Mark`.
`X-Tariff-Library` of an answer says what the Admin's library of tariffs offers: a Client that knows another one asks.
A header that cannot be read is taken for none: it must never cost a batch.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from portal.core.exchange.rules.push_epoch import Position
from portal.core.values.time import parse_instant

FULL_SET_HEADER = "X-Full-Set"
BACKLOG_HEADER = "X-Push-Backlog"
BOARDS_HEADER = "X-Push-Boards"
EPOCH_HEADER = "X-Push-Epoch"
MARK_HEADER = "X-Push-Mark"
LIBRARY_HEADER = "X-Tariff-Library"
REQUEST_HEADER = "X-Request-Id"
_LONGEST_NONCE = 32
_LONGEST_HEADER = 400
_MOST_BOARDS = 20
_MOST_MINUTES = 10_000_000
_LARGEST_FIGURE = 2**53


@dataclass(frozen=True, slots=True)
class SetRange:
    """The keys a batch holds every row of: above `after`, up to `through`; None where there is no bound."""

    after: str | None
    through: str | None

    def covers(self, key: str) -> bool:
        """Whether a row of this key would be among those of the batch, if there were one."""
        return (self.after is None or key > self.after) and (self.through is None or key <= self.through)

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


def boards_header(minutes: Mapping[UUID, int]) -> str:
    """Return the header's value: of silent devices for how many minutes each keeps its readings."""
    return ", ".join(f"{device.hex}={kept}" for device, kept in list(minutes.items())[:_MOST_BOARDS])


def parse_boards(text: str | None) -> dict[UUID, int]:
    """Return the minutes by device of a header; what cannot be read of it is left out."""
    found: dict[UUID, int] = {}
    for part in (text or "").split(",")[:_MOST_BOARDS]:
        device, _, kept = part.strip().partition("=")
        with suppress(ValueError):
            found[UUID(hex=device)] = min(_figure(kept), _MOST_MINUTES)
    return found


def batch_id(position: Position) -> str:
    """Return the name under which both sides log a batch: no other of this Client's has it."""
    return f"{position.epoch.hex[:8]}-{position.mark}"


def position_header(position: Position) -> str:
    """Return the header's value of how far a Client has come."""
    return (
        f"epoch={position.epoch}; mark={position.mark}; acknowledged={position.acknowledged}; "
        f"first={'yes' if position.is_first else 'no'}; nonce={position.nonce}; "
        f"unanswered={','.join(position.unanswered)}"
    )


def parse_position(text: str | None) -> Position | None:
    """Return the position of a header, None for no header or a malformed one."""
    fields = _fields(text)
    if fields is None:
        return None
    try:
        return Position(
            UUID(fields["epoch"]),
            _figure(fields["mark"]),
            _figure(fields["acknowledged"]),
            is_first=fields["first"] == "yes",
            nonce=fields["nonce"][:_LONGEST_NONCE],
            unanswered=tuple(filter(None, fields["unanswered"].split(","))),
        )
    except (KeyError, ValueError):
        return None


def parse_mark(text: str | None) -> int | None:
    """Return the mark that an Admin confirms, None for no header or a malformed one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < _LONGEST_NONCE else None


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
    """How many readings of a device and UTC day there are, and a checksum that does not depend on their order.

    `conflicts` and `conflictChecksum` are of the values that came beside theirs; an earlier release knows of none.
    """

    device_id: UUID
    date: date
    count: int
    checksum: str
    conflicts: int | None = None
    conflict_checksum: str | None = None


class ReconcileAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The days of a window that have readings, by device and date.

    `quantities` are those that the checksums cover, in their order; none: the eight of earlier releases. `isRounded`:
    checksums are of values as they are rounded to be stored, so that what is equal has equal ones on either side, and
    whatever comes for the instant of a reading is merged with it.
    """

    days: list[DayChecksum]
    quantities: list[str] = []
    is_rounded: bool = False


class ReadingChecksums(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The readings of one device: time in microseconds since 1970 and checksum, two lists of one length."""

    times: list[int]
    checksums: list[Annotated[int, msgspec.Meta(description="60 bits of the reading's MD5")]]
