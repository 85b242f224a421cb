"""The judge as arithmetic in the database, over readings that make one run and are accepted as they are.

For those each difference is energy, split at the hour. The database does it where the readings are, with the same
integers and the same limits as `rules.judging.runs`; hours with anything else among their readings come out as not
clean, and nothing of what is said of them counts then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.core.database.layout import Layout

# Where a figure is near the limits of the rule or of a double, the judge decides, which has no such limits.
_LONGEST = timedelta(hours=2)
_A_LITTLE_LESS = 0.999999

# `own` is energy of the hour a reading lies in, `carried` that of the hour before, where its predecessor lies.
# A piece that ends on the hour lies wholly before it. No piece here reaches over two hour boundaries.
# Where a piece reaches into the hour before, that is covered by it as well, with energy or without.
_HOURS = """
SELECT {by} hour, sum(coalesce(rise, 0) - carried)::bigint AS own, sum(carried)::bigint AS carried,
       max(time) AS last_at, max(shown) AS last_shown, bool_and(is_clean) AS is_clean,
       bool_or(rise IS NOT NULL AND time > hour) AS is_covered,
       bool_or(rise IS NOT NULL AND since_hour < hour) AS covers_before
FROM (
    SELECT {by} time, hour, since_hour, shown, rise, is_clean,
           CASE WHEN hour = since_hour OR rise IS NULL OR NOT is_clean THEN 0
                WHEN time = hour THEN rise
                ELSE div(rise::numeric * (extract(epoch FROM hour - since) * 1000000),
                         extract(epoch FROM time - since) * 1000000)::bigint
           END AS carried
    FROM (
        SELECT *, shown >= 0 AND (rise IS NULL OR (
            rise >= 0 AND time > since AND time - since <= :longest AND hour - since_hour <= interval '1 hour'
            AND (rise = 0 OR rise <= 9 * before
                 AND rise - slack_milliwh <= milliwh_per_second * date_part('epoch', time - since))
            )) AS is_clean
        FROM (
            SELECT {by} milliwh_per_second, slack_milliwh, time, shown, since, before, shown - before AS rise,
                   date_bin('1 hour', time, TIMESTAMPTZ 'epoch') AS hour,
                   date_bin('1 hour', since, TIMESTAMPTZ 'epoch') AS since_hour
            FROM (
                SELECT {by} milliwh_per_second, slack_milliwh, time, shown, lag(time, 1, head_at) OVER w AS since,
                       lag(shown, 1, head_shown) OVER w AS before
                FROM (
                    SELECT {by} milliwh_per_second, slack_milliwh, head_at, head_shown, time,
                           energy_imported_kwh AS shown
                    FROM {its_readings}
                ) registers WINDOW w AS ({partition} ORDER BY time)
            ) pairs
        ) pieces
    ) judged
) split GROUP BY {by} hour
"""
# Of each meter its own first one to its own last hour: what was stored besides waits for a pass.
_BY_METER = "SELECT {meter.customer_id,} meter.device_id, h.* FROM meter CROSS JOIN LATERAL ({hours}) h"
_OF_ONE_METER = """{stored_readings} m
WHERE m.customer = meter.customer AND m.meter = meter.meter AND energy_imported_kwh IS NOT NULL
  AND m.time > coalesce(meter.head_at, '-infinity') AND m.time >= meter.first_at AND m.time < meter.until
  AND m.time >= :low AND m.time < :high"""
_AT_ONCE = (
    "SELECT {meter.customer_id,} meter.device_id, h.* FROM ({hours}) h JOIN meter USING (customer, meter)"
)
_OF_ALL_METERS = """(
    SELECT customer, meter, time, energy_imported_kwh FROM {stored_readings}
    WHERE time >= :low AND time < :high AND energy_imported_kwh IS NOT NULL OFFSET 0
) m JOIN meter USING (customer, meter)
WHERE time > coalesce(head_at, '-infinity') AND time >= first_at AND time < until"""


def longest(max_gap: timedelta) -> timedelta:
    """Return the value of `:longest`: beyond it a difference is not clean."""
    return min(max_gap, _LONGEST)


def slope(watts: int) -> float:
    """Return `milliwh_per_second` of a bound: what rises faster is not clean."""
    return watts / 3.6 * _A_LITTLE_LESS


def clean_hours(layout: Layout, *, at_once: bool = False) -> str:
    """Return a query of the hours of `meter`, what each holds from `first_at` to before `until`.

    Its columns: the key, customer and meter (the small key, null of a device that is gone), first_at, until, head_at,
    head_shown, milliwh_per_second, slack_milliwh.

    Bound are `low`, `high` and `longest`. With `at_once` all readings of the time are read in the order they lie in,
    else each meter's by its index.
    """
    if at_once:
        by, readings = "customer, meter", layout.sql(_OF_ALL_METERS)
        hours = layout.sql(_HOURS, by=f"{by},", partition=f"PARTITION BY {by}", its_readings=readings)
        return layout.sql(_AT_ONCE, hours=hours)
    readings = layout.sql(_OF_ONE_METER)
    return layout.sql(_BY_METER, hours=layout.sql(_HOURS, by="", partition="", its_readings=readings))
