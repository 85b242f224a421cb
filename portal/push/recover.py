"""Fetches from the Admin what this stack's database lost: sets first, then readings, and goes on where the Admin is.

Every step is a transaction of its own and finds for itself what is missing, so it may be killed anywhere and run again.
Until the end the push stays stopped: what is only at the Admin is not ended there by a set that lacks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from msgspec import structs

from portal.core import energy
from portal.core.errors import Conflict
from portal.core.exchange.recovery import (
    DecisionPage,
    DevicePage,
    HeldSets,
    MunicipalityPage,
    RecoveryHead,
    RecoverySpan,
    SitePage,
    TariffPage,
)
from portal.core.exchange.rules.push_epoch import SyncStatus, compare
from portal.core.outbox.recovered import MergedRow, MergeReport
from portal.core.outbox.service import push_epoch as epochs
from portal.core.outbox.service import push_recovery as recovery
from portal.push.asking import NotOffered, ask
from portal.push.sides import Sides, differing, differing_conflicts
from portal.push.verify import midnight

if TYPE_CHECKING:
    from datetime import date

    from portal.core.energy.wire import MeterDecisionRow
    from portal.core.exchange.sync import DayChecksum
    from portal.core.stack import Stack
    from portal.push.client import PushClient
    from portal.push.reports import TickReport

_DAY = timedelta(days=1)
# As in `verify`: a week is a partition on either side.
_STEP = timedelta(days=7)
_SHOWN = 20

AnswerT = TypeVar("AnswerT")
PageT = TypeVar("PageT", SitePage, DevicePage, MunicipalityPage, TariffPage, DecisionPage)
Progress = Callable[[str, int, int], object]
"""Told what is being done, how many days of readings are through, and how many there are."""


@dataclass(frozen=True)
class MergedInstant:
    """An instant of whose readings, one on each side, the one here became the greater in every quantity."""

    device_id: UUID
    at: datetime


@dataclass
class RecoverReport:
    """What was fetched (`changes`, `readings`), and what was left as it is here (`conflicts`).

    Of `merged_readings` there was one here, to which the Admin's added something: a value that it lacked, or another
    (the greater is the reading's, the other is kept beside it); `merged` shows the first of them. `conflicting_values`
    came beside readings before, and were not here. `id` is the customer's code at the Admin. `to_rotate` are the
    external ids of devices whose boards need a new token. `pushed` is what the push that followed did.
    """

    id: str
    customer: str
    dry_run: bool
    changes: list[MergedRow] = field(default_factory=list)
    conflicts: list[MergedRow] = field(default_factory=list)
    readings: int = 0
    merged_readings: int = 0
    merged: list[MergedInstant] = field(default_factory=list)
    conflicting_values: int = 0
    to_rotate: list[str] = field(default_factory=list)
    pushed: TickReport | None = None


@dataclass(frozen=True)
class _Run:
    """Days of a device in a row: what the Admin calls it, what it is called here, and how much it has of them there."""

    asked: UUID
    own: UUID
    first: date
    days: int
    count: int
    conflicts: int

    @property
    def window(self) -> tuple[datetime, datetime]:
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return start, start + self.days * _DAY

    def joined_by(self, day: DayChecksum) -> _Run:
        count, conflicts = self.count + day.count, self.conflicts + (day.conflicts or 0)
        return replace(self, days=self.days + 1, count=count, conflicts=conflicts)


def silent(_words: str, _done: int, _total: int) -> None:
    """Tell nobody."""


async def recover(
    stack: Stack, client: PushClient, *, dry_run: bool, adopt: bool, progress: Progress
) -> RecoverReport:
    """Fetch all that is missing here, and have the push go on; with `dry_run` only say what would be done.

    Raises `Conflict` where the Admin's customer has nothing in common with this stack and `adopt` is not given, or
    where somebody else pushed as this customer meanwhile; `PortalError` where the Admin cannot be asked.
    """
    return await _Recovery(stack, client, progress, dry_run=dry_run).run(adopt=adopt)


async def lost_nothing(stack: Stack, client: PushClient, step: Callable[[], None]) -> bool:
    """Whether all that the Admin holds is here as well, and if so, have the push go on from where the Admin is.

    Raises `PortalError` where the Admin cannot be asked. `step` is called now and then.
    """
    return await _Recovery(stack, client, lambda *_: step(), dry_run=True).is_idle()


class _Recovery:
    def __init__(self, stack: Stack, client: PushClient, progress: Progress, *, dry_run: bool) -> None:
        self._stack = stack
        self._client = client
        self._sides = Sides(stack, client)
        self._progress = progress
        self._dry_run = dry_run

    async def run(self, *, adopt: bool) -> RecoverReport:
        head = await self._ask("recovery", {}, RecoveryHead)
        held = await self._sets()
        if not adopt and not await recovery.is_related(self._stack, held):
            raise Conflict(
                f"Nothing of this stack is at {head.code} ({head.name}): is FleetIngest__Token another customer's? "
                "If it is not, repeat with --adopt."
            )
        merged = await recovery.merge_sets(self._stack, held, dry_run=self._dry_run)
        report = RecoverReport(head.code, head.name, self._dry_run, merged.changes, merged.conflicts)
        report.to_rotate = merged.to_rotate
        await self._readings(held, merged, report)
        if not self._dry_run:
            await energy.refresh(self._stack)
            await self._finish(head, report)
        return report

    async def is_idle(self) -> bool:
        """Whether there is nothing to do but to go on; stops at the first thing there is."""
        head = await self._ask("recovery", {}, RecoveryHead)
        held = await self._sets()
        if not await recovery.is_related(self._stack, held):
            return False
        merged = await recovery.merge_sets(self._stack, held, dry_run=True)
        report = RecoverReport(head.code, head.name, dry_run=True)
        if merged.changes or merged.conflicts or not await self._readings(held, merged, report, stops=True):
            return False
        await self._finish(head, report)
        return True

    async def _finish(self, head: RecoveryHead, report: RecoverReport) -> None:
        now = await self._ask("recovery", {}, RecoveryHead)
        is_foreign = (
            compare(await epochs.next_position(self._stack), now.position) is SyncStatus.CLIENT_BEHIND
        )
        if now.position != head.position and is_foreign:
            message = "Another stack pushed as this customer meanwhile: stop it, then run this again."
            raise Conflict(message)
        words = f"{len(report.changes)} rows and {report.readings} readings"
        await recovery.finish(self._stack, now, words)

    async def _sets(self) -> HeldSets:
        return HeldSets(
            municipalities=await self._pages("municipalities", MunicipalityPage),
            sites=await self._pages("sites", SitePage),
            tariffs=await self._pages("tariffs", TariffPage),
            devices=await self._pages("devices", DevicePage),
            decisions=await self._decisions(),
        )

    async def _decisions(self) -> list[MeterDecisionRow]:
        """Return what the Admin has of decisions; an earlier release has none."""
        try:
            return await self._pages("events", DecisionPage)
        except NotOffered:
            return []

    async def _pages(self, name: str, kind: type[PageT]) -> list[Any]:
        self._progress(f"Fetching {name}", 0, 1)
        rows: list[Any] = []
        parameters: dict[str, str] = {}
        while True:
            page = await self._ask(f"recovery/{name}", parameters, kind)
            rows += page.rows
            if page.next is None:
                return rows
            parameters = {"after": str(page.next)}

    async def _readings(
        self, held: HeldSets, merged: MergeReport, report: RecoverReport, *, stops: bool = False
    ) -> bool:
        """Take readings back, the latest weeks first: those are what a restore lost.

        Returns whether all were gone through; with `stops` the first that is not here, or differs, ends it.
        """
        span = await self._ask("recovery/span", {}, RecoverySpan)
        if span.first_at is None or span.last_at is None:
            return True
        own_of = _own_ids(held, merged)
        first, end = midnight(span.first_at), midnight(span.last_at) + _DAY
        at = end
        while at > first:
            self._progress(f"Readings before {at:%Y-%m-%d}", (end - at).days, (end - first).days)
            for run in await self._missing_runs(own_of, max(at - _STEP, first), at):
                await self._take_back(run, merged, report)
                if stops and (report.readings or report.merged_readings or report.conflicting_values):
                    return False
            at -= _STEP
        return True

    async def _missing_runs(self, own_of: dict[UUID, UUID], from_at: datetime, to_at: datetime) -> list[_Run]:
        """Return the days of devices of which the Admin may hold readings that are not here."""
        both = await self._sides.days(from_at, to_at)
        theirs = [day for day in both.theirs if day.device_id in own_of]
        asked = {own_of[day.device_id]: day.device_id for day in theirs}
        named = [structs.replace(day, device_id=own_of[day.device_id]) for day in theirs]
        held = {(day.device_id, day.date): day for day in named}
        found: list[_Run] = []
        for own, day in sorted({*differing(both.ours, named), *differing_conflicts(both.ours, named)}):
            if (own, day) not in held:  # only here: that is for the push
                continue
            last = found[-1] if found else None
            if last is None or last.own != own or last.first + last.days * _DAY != day:
                found.append(_Run(asked[own], own, day, 0, 0, 0))
            found[-1] = found[-1].joined_by(held[own, day])
        return found

    async def _take_back(self, run: _Run, merged: MergeReport, report: RecoverReport) -> None:
        if self._dry_run and run.own in merged.added_devices:  # which is not there to try it with
            report.readings += run.count
            report.conflicting_values += run.conflicts
            return
        async for page in self._sides.held_readings(run.asked, *run.window):
            taken = await recovery.take_back(self._stack, run.own, page, dry_run=self._dry_run)
            report.readings += taken.stored
            report.merged_readings += len(taken.merged)
            room = _SHOWN - len(report.merged)
            report.merged += [MergedInstant(run.own, time) for time in taken.merged[:room]]
        if not run.conflicts:
            return
        # Behind the readings: what came beside them is less than they are.
        async for values in self._sides.held_conflicts(run.asked, *run.window):
            report.conflicting_values += await recovery.take_back_conflicts(
                self._stack, run.own, values, dry_run=self._dry_run
            )

    async def _ask(self, path: str, parameters: dict[str, str], kind: type[AnswerT]) -> AnswerT:
        return await ask(self._client, self._stack.clock, path, parameters, kind)


def _own_ids(held: HeldSets, merged: MergeReport) -> dict[UUID, UUID]:
    """Return what a device is called here, by everything the Admin may call it."""
    return {
        key: merged.devices[device.row.id]
        for device in held.devices
        if device.row.id in merged.devices
        for key in (device.row.id, *device.aliases)
    }


__all__ = ["Progress", "RecoverReport", "recover", "silent"]
