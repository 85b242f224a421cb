"""Reconciliation: compares what both sides hold, per device and UTC day, and has exactly the missing readings pushed.

Days that differ are compared reading by reading. What the Admin lacks joins the refused readings, which the
push tries until it has them there; nothing else is sent again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from portal.core.errors import Invalid, PortalError
from portal.core.services import push as service
from portal.core.wire.push import ReadingChecksums, ReconcileAnswer
from portal.push import planner
from portal.push.planner import Reply, Unreachable

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack
    from portal.core.wire.push import DayChecksum
    from portal.push.client import PushClient

_DAY = timedelta(days=1)
# A week is a partition on either side: one statement of a bounded size each.
_STEP = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE = 5
_LONGEST_PAUSE_SECONDS = 60

AnswerT = TypeVar("AnswerT")


@dataclass
class DayDifference:
    """A device and UTC day the two sides do not agree on.

    `missing` readings are only here (`waiting` of them are about to be pushed anyway, `given_up` of them are
    or were dead letters), `extra` ones only at the Admin, `different` ones have other values there. Only what
    is missing can be mended by pushing: the Admin keeps the first value it got.
    """

    device_id: UUID
    day: datetime
    missing: int
    waiting: int
    given_up: int
    extra: int
    different: int


@dataclass
class VerifyReport:
    """What was compared, and what does not agree."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    days: int = 0
    readings: int = 0
    queued: int = 0
    differences: list[DayDifference] = field(default_factory=list)


async def verify(
    stack: Stack,
    client: PushClient,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    repair: bool = True,
) -> VerifyReport:
    """Compare the readings of [from_at, to_at), by default all this stack has; days count as whole UTC days.

    With `repair` what the Admin lacks is queued, to go out with the next ticks. Raises `PortalError` when
    the Admin cannot be asked, `Invalid` for a window that ends before it begins.
    """
    report = VerifyReport()
    span = await service.reading_span(stack)
    if span is None:
        return report
    report.from_at = _midnight(from_at or span[0])
    report.to_at = _midnight((to_at or span[1] + _DAY) + _DAY - timedelta(microseconds=1))
    if report.to_at <= report.from_at:
        raise Invalid("The window must end after it begins.")
    comparison = _Comparison(stack, client, report, repair=repair)
    at = report.from_at
    while at < report.to_at:
        await comparison.compare(at, min(at + _STEP, report.to_at))
        at += _STEP
    return report


class _Comparison:
    def __init__(self, stack: Stack, client: PushClient, report: VerifyReport, *, repair: bool) -> None:
        self._stack = stack
        self._client = client
        self._report = report
        self._repair = repair

    async def compare(self, from_at: datetime, to_at: datetime) -> None:
        """Compare the days of a window."""
        # Ours first: what is stored or pushed meanwhile is then at most missing here, never there.
        ours = await service.own_days(self._stack, from_at, to_at)
        window = {"from": from_at.isoformat(), "to": to_at.isoformat()}
        theirs = (await self._ask("reconcile", window, ReconcileAnswer)).days
        self._report.days += len(ours)
        self._report.readings += sum(day.count for day in ours)
        for device_id, day in _differing(ours, theirs):
            await self._compare_day(device_id, datetime(day.year, day.month, day.day, tzinfo=UTC))

    async def _compare_day(self, device_id: UUID, day: datetime) -> None:
        ours = await service.own_readings(self._stack, device_id, day, day + _DAY)
        window = {"deviceId": str(device_id), "from": day.isoformat(), "to": (day + _DAY).isoformat()}
        theirs = await self._ask("reconcile/readings", window, ReadingChecksums)
        here, there = _by_time(ours), _by_time(theirs)
        missing = [_EPOCH + timedelta(microseconds=at) for at in here if at not in there]
        waiting, given_up = await service.queue_missing(self._stack, device_id, missing, repair=self._repair)
        if self._repair:
            self._report.queued += len(missing) - waiting - given_up
        difference = DayDifference(
            device_id=device_id,
            day=day,
            missing=len(missing),
            waiting=waiting,
            given_up=given_up,
            extra=sum(at not in here for at in there),
            different=sum(there.get(at, value) != value for at, value in here.items()),
        )
        if difference.missing or difference.extra or difference.different:
            self._report.differences.append(difference)

    async def _ask(self, path: str, parameters: dict[str, str], kind: type[AnswerT]) -> AnswerT:
        for _ in range(_PATIENCE):
            reply = await self._client.ask(path, parameters)
            if isinstance(reply, Reply) and reply.status == 429:
                wait = planner.retry_after(reply.retry_after, self._stack.clock()).total_seconds()
                await asyncio.sleep(min(wait, _LONGEST_PAUSE_SECONDS))
                continue
            return _decoded(reply, kind)
        raise PortalError("The Admin asks for fewer requests; try again later.")


def _decoded(reply: Reply | Unreachable, kind: type[AnswerT]) -> AnswerT:
    if isinstance(reply, Unreachable):
        raise PortalError(f"The Admin cannot be reached: {reply.reason}")
    match reply.status:
        case 200:
            pass
        case 401:
            raise PortalError("The Admin does not accept this stack's token (401).")
        case 404:
            raise PortalError("This Admin cannot compare readings (404): it needs an upgrade.")
        case status:
            raise PortalError(f"The Admin answered {status}.")
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise PortalError("What answered is not the Admin: check FleetIngest__Url.") from None


def _differing(ours: list[DayChecksum], theirs: list[DayChecksum]) -> list[tuple[UUID, date]]:
    here, there = ({(day.device_id, day.date): day for day in side} for side in (ours, theirs))
    return sorted(key for key in {*here, *there} if here.get(key) != there.get(key))


def _by_time(readings: ReadingChecksums) -> dict[int, int]:
    return dict(zip(readings.times, readings.checksums, strict=True))


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
