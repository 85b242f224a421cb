"""The rates of a window, hour by hour, of every municipality."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.core.cost.rules.rates import Segment, SplitInterval, at_hours, segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.cost.queries.cost_scope import CostScope
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs

NOWHERE = 0
"""Stands for the municipality of a site that has none."""


class Calendar(NamedTuple):
    """The rates of a window: runs of whole hours and split intervals, each with its municipality."""

    whole: list[tuple[int, Segment]]
    split: list[tuple[int, SplitInterval]]
    unknown_zones: tuple[str, ...]


def make_calendar(municipalities: Sequence[MunicipalTariffs], scope: CostScope) -> Calendar:
    """Make the rate calendar of every municipality, and of the sites that have none.

    A municipality whose time zone has left the tz database has no local time, hence no rates; it is named.
    """
    whole: list[tuple[int, Segment]] = []
    split: list[tuple[int, SplitInterval]] = []
    unknown: list[str] = []
    for key, municipality in [
        (NOWHERE, None),
        *((municipality.municipality_id, municipality) for municipality in municipalities),
    ]:
        zone, tariffs = scope.own_zone, () if municipality is None else municipality.tariffs
        if municipality is not None and (known := zone_named(municipality.time_zone_id)) is not None:
            zone = known
        elif municipality is not None:
            tariffs = ()
            unknown.append(f"{municipality.name} ({municipality.time_zone_id})")
        found = segments(tariffs, zone, scope.from_at, scope.to_at, scope.day_zone or zone)
        runs, hours = at_hours(found)
        whole.extend((key, run) for run in runs)
        split.extend((key, hour) for hour in hours)
    return Calendar(whole, split, tuple(unknown))


def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone, None where the tz database has none of that name any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
