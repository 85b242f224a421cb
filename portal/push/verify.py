"""Reconciliation: compares what both sides hold, per device and UTC day, and has exactly what the Admin lacks pushed.

Days that differ are compared reading by reading. What the Admin lacks, or has less of, joins the refused readings,
which the push tries until it has them there; nothing else is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core.errors import Invalid
from portal.core.exchange.recovery import RecoverySpan
from portal.core.outbox.service import push_verify as service
from portal.core.outbox.service.push_conflicts import queue_conflicts
from portal.push.asking import decoded
from portal.push.responses import Reply
from portal.push.sides import Sides, differing, differing_conflicts

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack
    from portal.push.client import PushClient

_DAY = timedelta(days=1)
# A week is a partition on either side: one statement of a bounded size each.
_STEP = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class DayDifference:
    """A device and UTC day the two sides do not agree on.

    `missing` readings are only here, `lesser` ones lack a value at the Admin or have a smaller one there: pushing mends
    both (`waiting` of them are about to be pushed anyway, `given_up` of them are or were dead letters). `extra` ones
    are only at the Admin, `different` ones have more there: `portal push recover` fetches that. `conflicts` and
    `extra_conflicts`: so many values that came beside the readings' are only here, and only there; an Admin of an
    earlier release does not keep them, and is not asked.
    """

    device_id: UUID
    day: datetime
    missing: int = 0
    lesser: int = 0
    waiting: int = 0
    given_up: int = 0
    extra: int = 0
    different: int = 0
    conflicts: int = 0
    extra_conflicts: int = 0

    @property
    def left(self) -> int:
        """How much of it no push mends."""
        return self.given_up + self.extra + self.different + self.extra_conflicts


@dataclass
class VerifyReport:
    """What was compared, and what does not agree: of that, `queued` readings go out again, `left` stay as they are.

    `conflicts_queued`: so many values beside readings go out again.
    """

    from_at: datetime | None = None
    to_at: datetime | None = None
    days: int = 0
    readings: int = 0
    queued: int = 0
    conflicts_queued: int = 0
    left: int = 0
    differences: list[DayDifference] = field(default_factory=list)


async def verify(
    stack: Stack,
    client: PushClient,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    repair: bool = True,
) -> VerifyReport:
    """Compare the readings of [from_at, to_at), by default all that either side has; days count as whole UTC days.

    With `repair` what the Admin lacks is queued, to go out with the next ticks. Raises `PortalError` when
    the Admin cannot be asked, `Invalid` for a window that ends before it begins.
    """
    report = VerifyReport()
    span = await _whole_span(stack, client)
    if span is None:
        return report
    report.from_at = midnight(from_at or span[0])
    report.to_at = midnight((to_at or span[1] + _DAY) + _DAY - timedelta(microseconds=1))
    if report.to_at <= report.from_at:
        raise Invalid("The window must end after it begins.")
    comparison = _Comparison(stack, client, report, repair=repair)
    at = report.from_at
    while at < report.to_at:
        await comparison.compare(at, min(at + _STEP, report.to_at))
        at += _STEP
    return report


async def _whole_span(stack: Stack, client: PushClient) -> tuple[datetime, datetime] | None:
    """Return the first and the last reading that either side has; what an older Admin has is not asked."""
    spans = [await service.reading_span(stack)]
    reply = await client.ask("recovery/span", {})
    if isinstance(reply, Reply) and reply.status == 200:
        theirs = decoded(reply.body, RecoverySpan)
        if theirs is not None and theirs.first_at is not None and theirs.last_at is not None:
            spans.append((theirs.first_at, theirs.last_at))
    known = [span for span in spans if span is not None]
    return (min(first for first, _ in known), max(last for _, last in known)) if known else None


async def compare_window(stack: Stack, client: PushClient, from_at: datetime, to_at: datetime) -> int:
    """Compare whole UTC days, have what the Admin lacks of them pushed, and return how many readings that is."""
    report = VerifyReport()
    await _Comparison(stack, client, report, repair=True).compare(from_at, to_at)
    return report.queued


class _Comparison:
    def __init__(self, stack: Stack, client: PushClient, report: VerifyReport, *, repair: bool) -> None:
        self._stack = stack
        self._sides = Sides(stack, client)
        self._report = report
        self._repair = repair

    async def compare(self, from_at: datetime, to_at: datetime) -> None:
        """Compare the days of a window."""
        both = await self._sides.days(from_at, to_at)
        self._report.days += len(both.ours)
        self._report.readings += sum(day.count for day in both.ours)
        of_readings = set(differing(both.ours, both.theirs))
        of_conflicts = set(differing_conflicts(both.ours, both.theirs))
        for device_id, day in sorted(of_readings | of_conflicts):
            line = DayDifference(device_id, _start(day))
            if (device_id, day) in of_readings:
                await self._compare_readings(line, has_values=both.has_values)
            if (device_id, day) in of_conflicts:
                await self._compare_conflicts(line)
            self._note(line)

    async def _compare_readings(self, line: DayDifference, *, has_values: bool) -> None:
        window = line.day, line.day + _DAY
        here, there = await self._sides.readings(line.device_id, *window)
        missing = {_time(at) for at in here if at not in there}
        other = {_time(at) for at in here if there.get(at, here[at]) != here[at]} if has_values else set()
        # Of what came since the checksums nothing is taken: it is in none of the two.
        lesser = other & await self._sides.lesser(line.device_id, *window) if other else set()
        line.waiting, line.given_up = await service.queue_missing(
            self._stack, line.device_id, sorted(missing | lesser), repair=self._repair
        )
        line.missing, line.lesser = len(missing), len(lesser)
        line.different = len(other - lesser)
        line.extra = sum(at not in here for at in there)

    async def _compare_conflicts(self, line: DayDifference) -> None:
        here, there = await self._sides.conflicts(line.device_id, line.day, line.day + _DAY)
        line.conflicts, line.extra_conflicts = len(here), len(there)
        if here and self._repair:
            await queue_conflicts(self._stack, line.device_id, sorted(here))
            self._report.conflicts_queued += len(here)

    def _note(self, line: DayDifference) -> None:
        sendable = line.missing + line.lesser - line.waiting - line.given_up
        if not (line.missing or line.lesser or line.conflicts or line.left):
            return
        self._report.differences.append(line)
        self._report.queued += sendable if self._repair else 0
        self._report.left += line.left + (0 if self._repair else sendable + line.conflicts)


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def midnight(at: datetime) -> datetime:
    """Return the beginning of an instant's UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
