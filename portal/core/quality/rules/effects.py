"""What an answer to a meter event would change: hours as they are judged, and as they would be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from portal.core.energy.rules.judging import JudgedHour
from portal.core.quality.rules.answers import EventAnswer
from portal.core.values.money import kwh_from_milliwh

_NOTHING = JudgedHour(0, 0, 0, 0, 0, is_covered=False)


@dataclass(frozen=True, slots=True)
class SpanEffect:
    """The energy of some hours as an answer would have it; `kwh` is None where no readings are believed.

    `kwh_change` is by how much that is more than now, and `cost_change` what the difference costs with VAT, exact;
    None where nothing has a price. `gap_kwh_change` is how much more lies in gaps, and in no hour.
    """

    kwh: Decimal | None
    kwh_change: Decimal
    cost_change: Decimal | None
    gap_kwh_change: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer would do to the local day of its event, with what lies before, and to all that follows."""

    answer: EventAnswer
    day: SpanEffect
    since: SpanEffect

    @property
    def kwh_change(self) -> Decimal:
        """The energy that would be more in all."""
        return self.day.kwh_change + self.since.kwh_change

    @property
    def gap_kwh_change(self) -> Decimal:
        """The energy in gaps that would be more in all."""
        return self.day.gap_kwh_change + self.since.gap_kwh_change

    @property
    def cost_change(self) -> Decimal | None:
        """The money that would be more in all, exact; None where nothing has a price."""
        found = [each for each in (self.day.cost_change, self.since.cost_change) if each is not None]
        return sum(found, Decimal(0)) if found else None


class HourChange(NamedTuple):
    """By how much an hour would have more energy, in milliwatt-hours."""

    hour: int
    milliwh: int
    gap_milliwh: int


def hour_changes(now: Iterable[JudgedHour], then: Iterable[JudgedHour]) -> list[HourChange]:
    """Return the hours that would have other energy, ascending."""
    was = {each.hour: each for each in now}
    will = {each.hour: each for each in then}
    found: list[HourChange] = []
    for hour in sorted(was.keys() | will.keys()):
        one, other = was.get(hour, _NOTHING), will.get(hour, _NOTHING)
        energy = other.allocated_milliwh - one.allocated_milliwh
        gap = other.unallocated_milliwh - one.unallocated_milliwh
        if energy or gap:
            found.append(HourChange(hour, energy, gap))
    return found


def energy_between(hours: Iterable[JudgedHour], first: int, end: int) -> Decimal | None:
    """Return the energy of the hours that begin in `[first, end)`; None where none of them is covered."""
    within = [each for each in hours if first <= each.hour < end]
    if not any(each.is_covered for each in within):
        return None
    return kwh_from_milliwh(sum(each.allocated_milliwh for each in within))


def span_effect(
    kwh: Decimal | None, changes: Iterable[HourChange], cost_change: Decimal | None
) -> SpanEffect:
    """Return the effect of changes on the hours they are of, whose energy would be `kwh`."""
    found = list(changes)
    return SpanEffect(
        kwh,
        kwh_from_milliwh(sum(each.milliwh for each in found)),
        cost_change,
        kwh_from_milliwh(sum(each.gap_milliwh for each in found)),
    )


def milliwh_by_hour(changes: Iterable[HourChange]) -> Mapping[int, int]:
    """Return the changes of energy by the hour, in microseconds since 1970."""
    return {each.hour: each.milliwh for each in changes if each.milliwh}
