"""Reconciliation: compares what both sides hold, per device and UTC day, and has exactly the missing readings pushed.

Days that differ are compared reading by reading. What the Admin lacks joins the refused readings, which the
push tries until it has them there; nothing else is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core.errors import Invalid
from portal.core.exchange.recovery import RecoverySpan
from portal.core.outbox.service import push as service
from portal.core.outbox.service.push_conflicts import queue_conflicts
from portal.push.asking import decoded
from portal.push.planner import Reply
from portal.push.sides import Sides, differing, missing_conflicts

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

    `missing` readings are only here (`waiting` of them are about to be pushed anyway, `given_up` of them are
    or were dead letters), `extra` ones only at the Admin, `different` ones have other values there. Only what
    is missing can be mended by pushing. `conflicts`: so many values that came beside the readings' are only here; an
    Admin of an earlier release does not keep them, and is not asked.
    """

    device_id: UUID
    day: datetime
    missing: int
    waiting: int
    given_up: int
    extra: int
    different: int
    conflicts: int = 0


@dataclass
class VerifyReport:
    """What was compared, and what does not agree: of that, `queued` readings go out again, `left` stay as they are."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    days: int = 0
    readings: int = 0
    queued: int = 0
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
        conflicts = missing_conflicts(both.ours, both.theirs)
        for device_id, day in differing(both.ours, both.theirs):
            difference = await self._compare_day(device_id, _start(day), has_values=both.has_values)
            difference.conflicts = conflicts.pop((device_id, day), 0)
            await self._note(difference)
        for (device_id, day), count in conflicts.items():
            await self._note(DayDifference(device_id, _start(day), 0, 0, 0, 0, 0, conflicts=count))

    async def _compare_day(self, device_id: UUID, day: datetime, *, has_values: bool) -> DayDifference:
        here, there = await self._sides.readings(device_id, day, day + _DAY)
        missing = [_EPOCH + timedelta(microseconds=at) for at in here if at not in there]
        waiting, given_up = await service.queue_missing(self._stack, device_id, missing, repair=self._repair)
        return DayDifference(
            device_id=device_id,
            day=day,
            missing=len(missing),
            waiting=waiting,
            given_up=given_up,
            extra=sum(at not in here for at in there),
            different=sum(there.get(at, value) != value for at, value in here.items()) if has_values else 0,
        )

    async def _note(self, line: DayDifference) -> None:
        if not (line.missing or line.extra or line.different or line.conflicts):
            return
        queued = line.missing - line.waiting - line.given_up if self._repair else 0
        self._report.differences.append(line)
        self._report.queued += queued
        self._report.left += line.missing - line.waiting - queued + line.extra + line.different
        if line.conflicts and self._repair:
            await queue_conflicts(self._stack, line.device_id, line.day, line.day + _DAY)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def midnight(at: datetime) -> datetime:
    """Return the beginning of an instant's UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
