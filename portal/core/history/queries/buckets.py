"""Quantities of a Client's meter in buckets, from its readings or from the hours that are kept of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.hour_columns import figure_of_hour, figure_of_hours, figure_of_readings
from portal.core.database.rows import rows_of
from portal.core.history.rules.buckets import LATE, is_of_hours, whole_span
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF, Quantity
from portal.core.values.time import HOUR, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.small_keys import SmallKey
    from portal.core.history.rules.buckets import TimeSpan

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ACTIVE_POWER = QUANTITY_OF["active_power_kw"]
_DAY = timedelta(days=1)


class Bucket(NamedTuple):
    """What a meter measured from `at` on, for one bucket.

    The lists are of the quantities that were asked for, in their units: `values` are averages, of registers the last
    value; `lows` and `highs` the extremes, None where they are not kept. `late_seconds` is when the last late reading
    came in, in seconds since 2000; None without one, and where readings were not looked at.
    """

    at: datetime
    sample_count: int
    values: list[float | None]
    lows: list[float | None]
    highs: list[float | None]
    late_seconds: int | None

    @property
    def late_received_at(self) -> datetime | None:
        """When the last of its late readings came in."""
        return None if self.late_seconds is None else _EPOCH + timedelta(seconds=self.late_seconds)


_OF_READINGS = f"""
SELECT date_bin(CAST(:width AS interval), r.time, CAST(:from_at AS timestamptz)) AS at, count(*) AS sample_count,
       ARRAY[{{figures}}] AS values, ARRAY[{{lows}}] AS lows, ARRAY[{{highs}}] AS highs,
       max(r.received) FILTER (
           WHERE r.received > extract(epoch FROM r.time) - 946684800 + {whole_seconds(LATE)}
       ) AS late_seconds
FROM monitoring.stored_readings r
WHERE r.customer = :customer AND r.meter = :meter AND r.time >= :from_at AND r.time < :to_at
GROUP BY 1 ORDER BY 1
"""
# One row is one bucket: nothing is added up.
_HOURS = """
SELECT h.hour AS at, h.sample_count::bigint AS sample_count,
       ARRAY[{figures}] AS values, ARRAY[{lows}] AS lows, ARRAY[{highs}] AS highs, NULL::integer AS late_seconds
FROM monitoring.hourly_figures h WHERE {of_hours} ORDER BY h.hour
"""
_OF_HOURS = """
SELECT {at} AS at, sum(h.sample_count)::bigint AS sample_count,
       ARRAY[{figures}] AS values, ARRAY[{lows}] AS lows, ARRAY[{highs}] AS highs, NULL::integer AS late_seconds
FROM monitoring.hourly_figures h WHERE {of_hours} GROUP BY 1 ORDER BY 1
"""
_WHICH_HOURS = "h.customer = :customer AND h.meter = :meter AND h.hour >= :from_at AND h.hour < :to_at"
_BY_WIDTH = "date_bin(CAST(:width AS interval), h.hour, CAST(:from_at AS timestamptz))"
# A day and a week are the zone's own; weeks begin on a Monday.
_BY_DAYS = (
    "date_bin(CAST(:width AS interval), h.hour AT TIME ZONE CAST(:zone AS text), TIMESTAMP '2000-01-03')"
    " AT TIME ZONE CAST(:zone AS text)"
)


async def buckets_of(
    session: AsyncSession,
    key: SmallKey,
    quantities: Sequence[Quantity],
    window: tuple[TimeSpan, timedelta, str],
) -> list[Bucket]:
    """Return the buckets of a meter that hold readings, in order; `window` is a span, their width and a zone.

    Buckets narrower than a day are counted from where the span begins; days and weeks are the zone's. Buckets of hours
    take the span's hours whole.
    """
    span, width, zone = window
    whole = whole_span(span, width)
    given: dict[str, object] = {
        "customer": key.customer,
        "meter": key.meter,
        "from_at": whole.from_at,
        "to_at": whole.to_at,
    }
    if width != HOUR:
        given["width"] = width
    if width >= _DAY:
        given["zone"] = zone
    return await rows_of(session, Bucket, _statement(quantities, width), given)


def _statement(quantities: Sequence[Quantity], width: timedelta) -> str:
    parts = {
        "figures": ", ".join(_figures(quantities, width)),
        "lows": ", ".join(_extremes(quantities, width, "min")),
        "highs": ", ".join(_extremes(quantities, width, "max")),
    }
    if not is_of_hours(width):
        return _OF_READINGS.format(**parts)
    if width == HOUR:
        return _HOURS.format(**parts, of_hours=_WHICH_HOURS)
    return _OF_HOURS.format(**parts, of_hours=_WHICH_HOURS, at=_BY_DAYS if width >= _DAY else _BY_WIDTH)


def _figures(quantities: Sequence[Quantity], width: timedelta) -> Iterator[str]:
    if not is_of_hours(width):
        return (figure_of_readings(each, "r") for each in quantities)
    figure = figure_of_hour if width == HOUR else figure_of_hours
    return (figure(each, "h") for each in quantities)


def _extremes(quantities: Sequence[Quantity], width: timedelta, kind: str) -> Iterator[str]:
    """Yield the extremes of each quantity; of hours only those of active power are kept."""
    for each in quantities:
        if not is_of_hours(width):
            yield figure_sql(each, f"{kind}(r.{each.name})")
        elif each == _ACTIVE_POWER:
            kept = f"h.{kind}_{each.name}"
            yield figure_sql(each, kept if width == HOUR else f"{kind}({kept})")
        else:
            yield "NULL::float8"
