"""What hours that were computed with an answer add to the stored energy of a window."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from portal.core.cost.rules.cost import DayUsage, DeviceUsage, Quality
from portal.core.energy.queries.split_intervals import DeviceHour
from portal.core.values.time import floor_hour

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.cost.queries.cost_scope import CostScope
    from portal.core.cost.rules.rates import Segment
    from portal.core.energy.rules.live import LiveHour


class Slots(NamedTuple):
    """What holds where: a number before, between and after the edges, for it each municipality's segment or None."""

    edges: Sequence[datetime]
    numbers: Sequence[int]
    kinds: Sequence[Sequence[Segment | None]]
    used: Sequence[int]

    def segment_at(self, municipality: int, hour: datetime) -> Segment | None:
        """Return what prices a whole hour in a municipality; None where it is split, or outside the window."""
        return self.kinds[self.numbers[bisect_right(self.edges, hour)]][self.used.index(municipality)]


def usage(
    scope: CostScope, slots: Slots, municipality_of: Mapping[UUID, int], not_added: Collection[UUID]
) -> tuple[list[DayUsage], list[DeviceUsage]]:
    """Return the changes of whole hours, by day (without the meters that are `not_added` up) and by device."""
    days: list[DayUsage] = []
    devices: list[DeviceUsage] = []
    for each, municipality in _hours(scope, municipality_of):
        segment = slots.segment_at(municipality, each.hour)
        if segment is not None:
            was, now = scope.energy_of(each.stored), scope.energy_of(each.now)
            if each.key[-1] not in not_added:
                days.append(DayUsage(segment.day, segment.price, now - was))
            devices.append(DeviceUsage(each.key[-1], segment.price, now - was, int(now > 0) - int(was > 0)))
    return days, devices


def quality(scope: CostScope, municipality_of: Mapping[UUID, int], stored: Quality) -> Quality:
    """Return what is doubtful about the window once its changed hours are counted."""
    unallocated, estimated, suspects = (
        stored.unallocated_milliwh,
        stored.estimated_milliwh,
        stored.suspect_readings,
    )
    for each, _ in _hours(scope, municipality_of):
        if each.hour >= scope.from_at:
            unallocated += 0 if scope.estimate_gaps else each.change.unallocated_milliwh
            estimated += each.change.estimated_milliwh if scope.estimate_gaps else 0
            suspects += each.change.suspect_count
    return Quality(unallocated, estimated, suspects)


def split_intervals(
    scope: CostScope,
    split: Collection[tuple[int, datetime]],
    municipality_of: Mapping[UUID, int],
    doubtful: Sequence[DeviceHour],
) -> list[DeviceHour]:
    """Return the split intervals to be taken apart one by one, as they are now: of those found, and new ones."""
    found = {(each.device_id, each.hour): each for each in doubtful}
    for each, municipality in _hours(scope, municipality_of):
        if (municipality, each.hour) in split:
            new = DeviceHour(each.key[-1], municipality, each.hour, 0, 0)
            hour = found.setdefault((new.device_id, new.hour), new)
            hour.allocated_milliwh = each.now.allocated_milliwh
            hour.estimated_milliwh = each.now.estimated_milliwh if scope.estimate_gaps else 0
    for hour in found.values():
        hour.judged = scope.live.judgement_of(scope.key_of(hour.device_id), hour.hour)
    return [hour for hour in found.values() if hour.allocated_milliwh or hour.estimated_milliwh]


def _hours(scope: CostScope, municipality_of: Mapping[UUID, int]) -> Iterator[tuple[LiveHour, int]]:
    for each in scope.live.between(floor_hour(scope.from_at), scope.to_at):
        if each.key[-1] in municipality_of:
            yield each, municipality_of[each.key[-1]]
