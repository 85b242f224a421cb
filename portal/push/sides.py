"""What this stack and the Admin hold, by counts and checksums that cover the same quantities on both sides.

An Admin of an earlier release knows no list of quantities, and refuses to be asked with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from portal.core.exchange.queries.checksums import known_quantities
from portal.core.exchange.recovery import ConflictPage, ReadingPage
from portal.core.exchange.sync import ReadingChecksums, ReconcileAnswer
from portal.core.outbox.service import push_verify as service
from portal.core.readings.queries.held_readings import ValueBeside
from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_BY_WIRE_NAME
from portal.core.readings.rules.scaling import DoesNotFit, to_stored
from portal.push.asking import NotUnderstood, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from portal.core.exchange.recovery import HeldConflict
    from portal.core.exchange.sync import DayChecksum
    from portal.core.readings.rules.quantities import Quantity
    from portal.core.readings.wire import FleetReading
    from portal.core.stack import Stack
    from portal.push.client import PushClient

AnswerT = TypeVar("AnswerT")
PageT = TypeVar("PageT", ReadingPage, ConflictPage)


@dataclass(frozen=True)
class BothDays:
    """The days of a window on both sides.

    `has_values`: equal readings have equal checksums, and the Admin merges what it is sent. One of an earlier release
    keeps what came first, unrounded: there a checksum that differs only says that times are to be compared.
    """

    ours: Sequence[DayChecksum]
    theirs: Sequence[DayChecksum]
    has_values: bool


class Sides:
    """Asks both sides, ours first: what is stored or pushed meanwhile is then at most missing here."""

    def __init__(self, stack: Stack, client: PushClient) -> None:
        self._stack = stack
        self._client = client
        self._quantities: Sequence[Quantity] = ALL_QUANTITIES
        self._lists_quantities = True

    async def days(self, from_at: datetime, to_at: datetime) -> BothDays:
        """Return the days of a window. Raises `PortalError` when the Admin cannot be asked."""
        while True:
            covered = self._quantities
            by_list = self._lists_quantities
            ours = await service.own_days(self._stack, (from_at, to_at), covered, is_asked_by_list=by_list)
            theirs = await self._asked("reconcile", _window(from_at, to_at), ReconcileAnswer)
            self._quantities = known_quantities(theirs.quantities)
            if (self._quantities, self._lists_quantities) == (covered, by_list):
                return BothDays(ours.days, theirs.days, theirs.is_rounded)

    async def readings(
        self, device_id: UUID, from_at: datetime, to_at: datetime
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Return the checksums of a device's readings by their microseconds from 1970, ours and theirs.

        Raises `PortalError` when the Admin cannot be asked.
        """
        window, by_list = (from_at, to_at), self._lists_quantities
        ours = await service.own_readings(
            self._stack, device_id, window, self._quantities, is_asked_by_list=by_list
        )
        asked = {"deviceId": str(device_id), **_window(from_at, to_at)}
        return _by_time(ours), _by_time(await self._asked("reconcile/readings", asked, ReadingChecksums))

    async def lesser(self, device_id: UUID, from_at: datetime, to_at: datetime) -> set[datetime]:
        """Return when both sides have a reading and the Admin's would gain from ours, by a new value or a greater one.

        Raises `PortalError` when the Admin cannot be asked.
        """
        ours = {row.time: row for row in await service.own_values(self._stack, device_id, (from_at, to_at))}
        names = [quantity.name for quantity in self._quantities]
        return {
            theirs.time
            async for page in self.held_readings(device_id, from_at, to_at)
            for theirs in page
            if theirs.time in ours and _gains(theirs, ours[theirs.time], names)
        }

    async def conflicts(
        self, device_id: UUID, from_at: datetime, to_at: datetime
    ) -> tuple[set[ValueBeside], set[ValueBeside]]:
        """Return the values beside a device's readings that are only here, and those that are only at the Admin.

        Of the quantities that both know. Raises `PortalError` when the Admin cannot be asked.
        """
        numbers = {ALL_QUANTITIES.index(quantity) for quantity in self._quantities}
        own = await service.own_conflicts(self._stack, device_id, (from_at, to_at))
        ours = {value for value in own if value.quantity in numbers}
        theirs = {value async for page in self.held_conflicts(device_id, from_at, to_at) for value in page}
        return ours - theirs, {value for value in theirs - ours if value.quantity in numbers}

    async def held_readings(
        self, device_id: UUID, from_at: datetime, to_at: datetime
    ) -> AsyncIterator[Sequence[FleetReading]]:
        """Yield the Admin's readings of a device in pages. Raises `PortalError` when it cannot be asked."""
        async for page in self._pages("measurements", device_id, (from_at, to_at), ReadingPage):
            yield page.rows

    async def held_conflicts(
        self, device_id: UUID, from_at: datetime, to_at: datetime
    ) -> AsyncIterator[Sequence[ValueBeside]]:
        """Yield the values beside the Admin's readings of a device in pages, those of quantities that are known here.

        Raises `PortalError` when it cannot be asked.
        """
        async for page in self._pages("conflicts", device_id, (from_at, to_at), ConflictPage):
            yield [value for row in page.rows if (value := _stored(row)) is not None]

    async def _pages(
        self, name: str, device_id: UUID, window: tuple[datetime, datetime], kind: type[PageT]
    ) -> AsyncIterator[PageT]:
        at: datetime | None = window[0]
        while at is not None and at < window[1]:
            asked = {"deviceId": str(device_id), **_window(at, window[1])}
            page = await self._ask(f"recovery/{name}", asked, kind)
            yield page
            at = page.next

    async def _asked(self, path: str, window: dict[str, str], kind: type[AnswerT]) -> AnswerT:
        if self._lists_quantities:
            names = ",".join(quantity.wire_name for quantity in self._quantities)
            try:
                return await self._ask(path, window | {"quantities": names}, kind)
            except NotUnderstood:
                self._lists_quantities = False
        return await self._ask(path, window, kind)

    async def _ask(self, path: str, parameters: dict[str, str], kind: type[AnswerT]) -> AnswerT:
        return await ask(self._client, self._stack.clock, path, parameters, kind)


def differing(ours: Sequence[DayChecksum], theirs: Sequence[DayChecksum]) -> list[tuple[UUID, date]]:
    """Return the devices and days of which the two sides do not hold the same readings."""
    here, there = (
        {(day.device_id, day.date): (day.count, day.checksum) for day in side} for side in (ours, theirs)
    )
    return sorted(key for key in {*here, *there} if here.get(key) != there.get(key))


def differing_conflicts(
    ours: Sequence[DayChecksum], theirs: Sequence[DayChecksum]
) -> list[tuple[UUID, date]]:
    """Return the devices and days with readings on both sides beside which there are not the same values.

    An Admin of an earlier release keeps none, and says of none.
    """
    here = {(day.device_id, day.date): (day.conflicts, day.conflict_checksum) for day in ours}
    return sorted(
        key
        for day in theirs
        if day.conflicts is not None
        and (key := (day.device_id, day.date)) in here
        and here[key] != (day.conflicts, day.conflict_checksum)
    )


def _gains(theirs: FleetReading, ours: FleetReading, names: Sequence[str]) -> bool:
    # Not of `source`: an Admin that has numbered as many as it may would never have it, however often it is sent.
    for name in names:
        mine, held = getattr(ours, name), getattr(theirs, name)
        if mine is not None and (held is None or mine > held):
            return True
    return False


def _stored(row: HeldConflict) -> ValueBeside | None:
    """Return a value as it is stored here; None for one that a later release alone knows."""
    quantity = QUANTITY_BY_WIRE_NAME.get(row.quantity)
    if quantity is None:
        return None
    try:
        return ValueBeside(row.time, ALL_QUANTITIES.index(quantity), to_stored(quantity, row.value))
    except DoesNotFit:
        return None


def _window(from_at: datetime, to_at: datetime) -> dict[str, str]:
    return {"from": from_at.isoformat(), "to": to_at.isoformat()}


def _by_time(readings: ReadingChecksums) -> dict[int, int]:
    return dict(zip(readings.times, readings.checksums, strict=True))
