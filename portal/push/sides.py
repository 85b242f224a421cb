"""What this stack and the Admin hold, by counts and checksums that cover the same quantities on both sides.

An Admin of an earlier release knows no list of quantities, and refuses to be asked with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from portal.core.exchange.queries.checksums import known_quantities
from portal.core.exchange.sync import ReadingChecksums, ReconcileAnswer
from portal.core.outbox.service import push as service
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.push.asking import NotUnderstood, ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from portal.core.exchange.sync import DayChecksum
    from portal.core.readings.rules.quantities import Quantity
    from portal.core.stack import Stack
    from portal.push.client import PushClient

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class BothDays:
    """The days of a window on both sides.

    `has_values`: equal readings have equal checksums. An Admin of an earlier release keeps what it was sent unrounded:
    there a checksum that differs only says that times are to be compared.
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
            ours = await service.own_days(self._stack, (from_at, to_at), covered)
            theirs = await self._asked("reconcile", _window(from_at, to_at), ReconcileAnswer)
            self._quantities = known_quantities(theirs.quantities)
            if self._quantities == covered:
                return BothDays(ours.days, theirs.days, ours.is_rounded and theirs.is_rounded)

    async def readings(
        self, device_id: UUID, from_at: datetime, to_at: datetime
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Return the checksums of a device's readings by their microseconds from 1970, ours and theirs.

        Raises `PortalError` when the Admin cannot be asked.
        """
        ours = await service.own_readings(self._stack, device_id, (from_at, to_at), self._quantities)
        asked = {"deviceId": str(device_id), **_window(from_at, to_at)}
        return _by_time(ours), _by_time(await self._asked("reconcile/readings", asked, ReadingChecksums))

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


def missing_conflicts(
    ours: Sequence[DayChecksum], theirs: Sequence[DayChecksum]
) -> dict[tuple[UUID, date], int]:
    """Return how many conflicting values more are here than at the Admin, where it says how many it has."""
    there = {(day.device_id, day.date): day.conflicts for day in theirs}
    found: dict[tuple[UUID, date], int] = {}
    for day in ours:
        held = there.get((day.device_id, day.date))
        if held is not None and (day.conflicts or 0) > held:
            found[day.device_id, day.date] = (day.conflicts or 0) - held
    return found


def _window(from_at: datetime, to_at: datetime) -> dict[str, str]:
    return {"from": from_at.isoformat(), "to": to_at.isoformat()}


def _by_time(readings: ReadingChecksums) -> dict[int, int]:
    return dict(zip(readings.times, readings.checksums, strict=True))
