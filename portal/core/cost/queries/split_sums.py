"""Energy of the split intervals, which are hours with an edge inside, added up in the database.

Most of these hours are clean: their readings are all accepted, of one run with those before and behind them, and no gap
is among them. Then energy simply follows the register, and what lies before the edge is told by the last reading of the
hour before and four of the hour itself. All others are handed back one by one, for the judge.
`energy.rules.split_intervals.split_interval` says the same of pieces, to the milliwatt-hour.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.cost.queries.cost_scope import CostScope, given_of, sql_of
from portal.core.cost.rules.cost import DayUsage, DeviceUsage
from portal.core.cost.rules.rates import Price, Segment
from portal.core.database.local_settings import local_settings
from portal.core.database.rows import rows_of
from portal.core.energy.queries.split_intervals import DeviceHour
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

SplitIntervals = dict[tuple[int, "datetime"], tuple[Segment, ...]]
_Day = tuple[date, Price | None]

# Hours are few enough to be looked up one by one; a join with the table of hours would leave a choice.
_PLANNER_HINTS = {"enable_hashjoin": "off", "enable_mergejoin": "off", "enable_seqscan": "off"}
_SPLIT = """
WITH split AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:municipalities AS integer[]), CAST(:hours AS timestamptz[]), CAST(:edges AS timestamptz[]),
        CAST(:days_before AS integer[]), CAST(:days_after AS integer[]),
        CAST(:prices_before AS integer[]), CAST(:prices_after AS integer[])
    ) AS c (municipality, hour, edge, day_before, day_after, price_before, price_after)
), meter AS MATERIALIZED (
    SELECT d.id AS device_id, d.customer, d.meter, d.kind = 'bulk' AS is_added_up,
        CASE WHEN s.{municipality_id} = ANY(CAST(:known AS integer[]))
        THEN s.{municipality_id} ELSE 0 END AS municipality, EXISTS (
            SELECT FROM {meter_decisions} k WHERE {k.customer_id = d.customer_id AND} k.device_id = d.id
              AND k.says -> 'scale' IS NOT NULL
        ) AS is_scaled {live_ends}
    FROM {devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id {live_meters}
    WHERE {d.customer_id = :customer_id AND} true {of_site}
), taken_apart AS MATERIALIZED (
    SELECT p.device_id, p.is_added_up, c.*, h.allocated_milliwh, {estimated} AS estimated_milliwh,
        CASE WHEN c.edge IS NOT NULL AND NOT p.is_scaled {is_stored}
            AND h.is_unbroken AND h.event_count = 0 AND h.unallocated_milliwh = 0 AND h.estimated_milliwh = 0
        THEN (
            SELECT CASE WHEN r.last_at < h.hour + interval '1 hour' OR EXISTS (
                SELECT 1 FROM {hourly_energy} n
                WHERE {n.customer_id = :customer_id AND} n.device_id = p.device_id
                  AND n.hour = h.hour + interval '1 hour'
                  AND n.is_unbroken AND n.event_count = 0 AND n.unallocated_milliwh = 0
            ) THEN CASE
                WHEN r.before_at IS NULL
                    THEN {share_of_first_after}
                WHEN r.before_at = c.edge
                    THEN {share_of_first} + r.before_shown - r.first_shown
                ELSE {share_of_first} + r.before_shown - r.first_shown + {share_of_edge}
            END END
            FROM (
                SELECT b.last_at AS at, b.last_milliwh AS shown FROM {hourly_energy} b
                WHERE {b.customer_id = :customer_id AND} b.device_id = p.device_id
                  AND b.hour = h.hour - interval '1 hour' AND b.last_at IS NOT NULL
            ) base CROSS JOIN LATERAL (
                SELECT min(time) AS first_at, min(shown) AS first_shown, max(time) AS last_at,
                       max(time) FILTER (WHERE time <= c.edge) AS before_at,
                       max(shown) FILTER (WHERE time <= c.edge) AS before_shown,
                       min(time) FILTER (WHERE time > c.edge) AS after_at,
                       min(shown) FILTER (WHERE time > c.edge) AS after_shown
                FROM (
                    SELECT m.time, m.energy_imported_kwh AS shown FROM {stored_readings} m
                    WHERE m.customer = p.customer AND m.meter = p.meter
                      AND m.time >= c.hour AND m.time <= c.hour + interval '1 hour' AND m.energy_imported_kwh >= 0
                ) registers
            ) r
        ) END AS milliwh_before
    FROM split c JOIN meter p ON p.municipality = c.municipality
    JOIN {hourly_energy} h ON {h.customer_id = :customer_id AND} h.device_id = p.device_id AND h.hour = c.hour
    WHERE {energy} <> 0
)
SELECT v.device_id, coalesce(v.price, v.day) AS number, NULL AS hour, {added_up}::bigint AS milliwh,
       count(*) FILTER (WHERE v.milliwh > 0) AS other
FROM (
    SELECT device_id, is_added_up, day_before AS day, price_before AS price,
           least(milliwh_before, allocated_milliwh) AS milliwh
    FROM taken_apart WHERE milliwh_before IS NOT NULL
    UNION ALL
    SELECT device_id, is_added_up, day_after, price_after, greatest(allocated_milliwh - milliwh_before, 0)
    FROM taken_apart WHERE milliwh_before IS NOT NULL
) v
GROUP BY GROUPING SETS ((v.device_id, v.price), (v.day))
UNION ALL
SELECT device_id, municipality, hour, allocated_milliwh, estimated_milliwh
FROM taken_apart WHERE milliwh_before IS NULL
"""


# Of a day the bulk meters, of a device whatever it is.
_ADDED_UP = (
    "coalesce(CASE WHEN grouping(v.device_id) = 0 THEN sum(v.milliwh) "
    "ELSE sum(v.milliwh) FILTER (WHERE v.is_added_up) END, 0)"
)


@dataclass
class SplitEnergy:
    """What was found in split intervals: sums of the clean ones, to which others are added; and those others."""

    doubtful: list[DeviceHour] = field(default_factory=list[DeviceHour])
    by_day: dict[_Day, int] = field(default_factory=lambda: defaultdict(int))
    by_device: dict[tuple[UUID, Price | None], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )

    def add(self, device_id: UUID, segment: Segment, milliwh: int, *, is_added_up: bool) -> None:
        """Add what a segment of an hour of a device has; to the day only that of a bulk meter."""
        if is_added_up:
            self.by_day[segment.day, segment.price] += milliwh
        self.add_device(device_id, segment.price, milliwh, int(milliwh > 0))

    def add_device(self, device_id: UUID, price: Price | None, milliwh: int, buckets: int) -> None:
        """Add to a device's energy at a price."""
        line = self.by_device[device_id, price]
        line[0] += milliwh
        line[1] += buckets

    def usage(self) -> tuple[list[DayUsage], list[DeviceUsage]]:
        """Return all of it by day and by device."""
        return (
            [DayUsage(day, price, milliwh) for (day, price), milliwh in self.by_day.items()],
            [DeviceUsage(device_id, price, *line) for (device_id, price), line in self.by_device.items()],
        )


class _Part(NamedTuple):
    """A sum of clean hours, or one hour that is not clean: `number` is its municipality, `other` its estimated energy.

    A sum without a device is of the day `number`, else it is of a device at the price `number`, from `other` hours.
    """

    device_id: UUID | None
    number: int
    hour: datetime | None
    milliwh: int
    other: int


class _Numbered(NamedTuple):
    """The split intervals as columns, and what the numbers in them mean."""

    columns: dict[str, list[object]]
    days: list[_Day]
    prices: list[Price | None]


async def load(
    session: AsyncSession, scope: CostScope, intervals: SplitIntervals, known: Sequence[int]
) -> SplitEnergy:
    """Return the energy of split intervals; `known` are the municipalities that the calendar knows."""
    numbered = _number(intervals)
    statement = sql_of(scope, _SPLIT, added_up=_ADDED_UP, **_SHARES, **_live_parts(scope))
    given = given_of(scope) | numbered.columns | {"known": list(known)} | _live_meters(scope)
    async with local_settings(session, _PLANNER_HINTS):
        parts = await rows_of(session, _Part, statement, given)
    found = SplitEnergy()
    for device_id, number, hour, milliwh, other in parts:
        if device_id is None:
            found.by_day[numbered.days[number]] += milliwh
        elif hour is None:
            found.add_device(device_id, numbered.prices[number], milliwh, other)
        else:
            found.doubtful.append(DeviceHour(device_id, number, hour, milliwh, other))
    return found


def _number(intervals: SplitIntervals) -> _Numbered:
    days: dict[_Day, int] = {}
    prices: dict[Price | None, int] = {}
    names = ("municipalities", "hours", "edges", "days_before", "days_after", "prices_before", "prices_after")
    columns: dict[str, list[object]] = {name: [] for name in names}
    for (municipality, hour), parts in intervals.items():
        before, after = parts[0], parts[-1]
        is_simple = len(parts) == 2 and (before.start_at, after.end_at) == (hour, hour + HOUR)
        numbers = [days.setdefault((part.day, part.price), len(days)) for part in (before, after)]
        numbers += [prices.setdefault(part.price, len(prices)) for part in (before, after)]
        row = (municipality, hour, after.start_at if is_simple else None, *numbers)
        for name, value in zip(names, row, strict=True):
            columns[name].append(value)
    return _Numbered(columns, list(days), list(prices))


# What is stored of an hour that changed says nothing, nor does it of the hour before, which may end with it.
_LIVE = {
    "live_ends": ", l.first_hour, l.last_hour",
    "live_meters": "LEFT JOIN unnest(CAST(:live_devices AS uuid[]), CAST(:live_firsts AS timestamptz[]), "
    "CAST(:live_lasts AS timestamptz[])) AS l (device_id, first_hour, last_hour) ON l.device_id = d.id",
    "is_stored": "AND NOT coalesce(c.hour BETWEEN p.first_hour - interval '1 hour' AND p.last_hour, false)",
}


def _live_parts(scope: CostScope) -> dict[str, str]:
    return _LIVE if scope.live else dict.fromkeys(_LIVE, "")


def _live_meters(scope: CostScope) -> dict[str, list[object]]:
    if not scope.live:
        return {}
    reaches = scope.live.reaches.items()
    return {
        "live_devices": [key[-1] for key, _ in reaches],
        "live_firsts": [first for _, (first, _) in reaches],
        "live_lasts": [last for _, (_, last) in reaches],
    }


def _share(milliwh: str, part: str, whole: str) -> str:
    """Return the SQL of a piece's share in proportion to time, rounded down; exact, as microseconds are whole."""
    return f"div(({milliwh})::numeric * (extract(epoch FROM {part}) * 1000000), extract(epoch FROM {whole}) * 1000000)"


_SHARES = {
    "share_of_first": _share("r.first_shown - base.shown", "r.first_at - c.hour", "r.first_at - base.at"),
    "share_of_first_after": _share("r.first_shown - base.shown", "c.edge - c.hour", "r.first_at - base.at"),
    "share_of_edge": _share(
        "r.after_shown - r.before_shown", "c.edge - r.before_at", "r.after_at - r.before_at"
    ),
}
