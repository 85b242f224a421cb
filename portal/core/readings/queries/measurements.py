"""Readings of a Client's device, one by one or averaged over buckets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.hour_columns import figure_of_hour, figure_of_hours, figure_of_readings
from portal.core.database.rows import is_so, row_if_any, rows_of, value_of
from portal.core.database.small_keys import SmallKey
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import ALL_QUANTITIES, Quantity
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class MeasurementRow(NamedTuple):
    """A reading, or the readings of the bucket that begins at `at`.

    `values` are those of the quantities that were asked for, in that order and in their units: averages, but of
    registers the last value. A bucket has no `source`.
    """

    at: datetime
    sample_count: int
    values: list[float | None]
    source: str | None


@dataclass(frozen=True, slots=True)
class MeasurementsAsked:
    """Readings of one device at `[from_at, to_at)`, and which quantities of them."""

    key: SmallKey
    from_at: datetime
    to_at: datetime
    quantities: Sequence[Quantity] = ALL_QUANTITIES

    @property
    def given(self) -> dict[str, object]:
        """The parameters of `_OF_WINDOW`."""
        return {**_given(self.key), "from_at": self.from_at, "to_at": self.to_at}


def _given(key: SmallKey) -> dict[str, object]:
    return {"customer": key.customer, "meter": key.meter}


_OF_DEVICE = "r.customer = :customer AND r.meter = :meter"
_OF_WINDOW = f"{_OF_DEVICE} AND r.time >= :from_at AND r.time < :to_at"
_OF_HOURS = "h.customer = :customer AND h.meter = :meter AND h.hour >= :from_at AND h.hour < :to_at"
_RAW = f"""
SELECT r.time AS at, 1 AS sample_count, ARRAY[{{figures}}] AS values, r.source
FROM monitoring.stored_readings r
WHERE {_OF_WINDOW} ORDER BY r.time LIMIT :limit
"""
_BUCKETS = f"""
SELECT date_bin(CAST(:width AS interval), r.time, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
  count(*) AS sample_count, ARRAY[{{figures}}] AS values, NULL AS source
FROM monitoring.stored_readings r WHERE {_OF_WINDOW} GROUP BY 1 ORDER BY 1
"""
# Whole hours as they are kept, and what is not kept yet computed: readings themselves are not read.
_HOURS = f"""
SELECT h.hour AS at, h.sample_count, ARRAY[{{figures}}] AS values, NULL AS source
FROM monitoring.{{hours}} h WHERE {_OF_HOURS} ORDER BY h.hour
"""
_BUCKETS_OF_HOURS = f"""
SELECT date_bin(CAST(:width AS interval), h.hour, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
  sum(h.sample_count)::bigint AS sample_count, ARRAY[{{figures}}] AS values, NULL AS source
FROM monitoring.{{hours}} h WHERE {_OF_HOURS} GROUP BY 1 ORDER BY 1
"""
_WAIT = f"SELECT EXISTS (SELECT FROM monitoring.rollup_waiting h WHERE {_OF_HOURS})"
_FIRST = f"SELECT r.time FROM monitoring.stored_readings r WHERE {_OF_WINDOW} ORDER BY r.time LIMIT 1"
_KEY = "SELECT customer, meter FROM monitoring.devices WHERE id = :device_id"


def _one(quantity: Quantity) -> str:
    return figure_sql(quantity, f"r.{quantity.name}")


async def key_of(session: AsyncSession, device_id: UUID) -> SmallKey | None:
    """Return by which key a device's readings are asked for; None where there is no such device."""
    return await row_if_any(session, SmallKey, _KEY, {"device_id": device_id})


async def raw(session: AsyncSession, asked: MeasurementsAsked, limit: int) -> list[MeasurementRow]:
    """Return the first `limit` readings, by time."""
    statement = _RAW.format(figures=", ".join(map(_one, asked.quantities)))
    return await rows_of(session, MeasurementRow, statement, asked.given | {"limit": limit})


async def first_at(session: AsyncSession, asked: MeasurementsAsked) -> datetime | None:
    """Return the time of the first reading."""
    return await value_of(session, datetime, _FIRST, asked.given)


async def buckets(session: AsyncSession, asked: MeasurementsAsked, width: timedelta) -> list[MeasurementRow]:
    """Return the buckets that hold readings, of a window of whole ones; they begin at whole UTC multiples of `width`.

    Those of whole hours are told by the hours that are kept, which come to the same.
    """
    given = asked.given | {"width": width}
    if width % HOUR:
        figures = ", ".join([figure_of_readings(each, "r") for each in asked.quantities])
        return await rows_of(session, MeasurementRow, _BUCKETS.format(figures=figures), given)
    # For hours that wait every partition of readings is in the plan, and takes longer to plan than a year to read.
    hours = "hourly_figures" if await is_so(session, _WAIT, asked.given) else "settled_hours"
    if width == HOUR:
        figures = ", ".join([figure_of_hour(each, "h") for each in asked.quantities])
        return await rows_of(
            session, MeasurementRow, _HOURS.format(figures=figures, hours=hours), asked.given
        )
    figures = ", ".join([figure_of_hours(each, "h") for each in asked.quantities])
    return await rows_of(
        session, MeasurementRow, _BUCKETS_OF_HOURS.format(figures=figures, hours=hours), given
    )


class _Stored(NamedTuple):
    at: datetime
    steps: list[int | None]


_AT = f"""
SELECT r.time AS at, ARRAY[{", ".join(f"r.{each.name}::bigint" for each in ALL_QUANTITIES)}] AS steps
FROM monitoring.stored_readings r
WHERE {_OF_DEVICE} AND r.time BETWEEN :first_at AND :last_at AND r.time = ANY(:times)
"""


async def stored_at(
    session: AsyncSession, key: SmallKey, times: Sequence[datetime]
) -> dict[datetime, list[int | None]]:
    """Return what is stored, in the order of ALL_QUANTITIES, of those of some instants that have a reading."""
    given = {**_given(key), "first_at": min(times), "last_at": max(times), "times": times}
    return {found.at: found.steps for found in await rows_of(session, _Stored, _AT, given)}


class _Register(NamedTuple):
    time: datetime
    steps: int


_WITH_REGISTER = (
    f"SELECT r.time FROM monitoring.stored_readings r WHERE {_OF_DEVICE} AND r.{{register}} IS NOT NULL"
)
_AROUND = f"""
SELECT r.time, r.{{register}} AS steps FROM monitoring.stored_readings r
WHERE {_OF_DEVICE} AND r.{{register}} IS NOT NULL
AND r.time >= coalesce(({_WITH_REGISTER} AND r.time <= :first_at ORDER BY r.time DESC LIMIT 1), :first_at)
AND r.time <= coalesce(({_WITH_REGISTER} AND r.time >= :last_at ORDER BY r.time LIMIT 1), :last_at)
ORDER BY r.time
"""


async def register_around(
    session: AsyncSession, key: SmallKey, register: str, window: tuple[datetime, datetime]
) -> list[tuple[datetime, int]]:
    """Return what a register showed within `[first, last]`, with the last time before and the first after, in steps."""
    given = {**_given(key), "first_at": window[0], "last_at": window[1]}
    rows = await rows_of(session, _Register, _AROUND.format(register=register), given)
    return [(row.time, row.steps) for row in rows]
