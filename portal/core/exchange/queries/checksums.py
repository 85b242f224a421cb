"""How the two sides of the push compare readings without sending them: counts and checksums.

Client and Admin run the same expressions, so that equal readings have equal checksums whatever server they
are on: MD5 over the row's text, whose floating point numbers are the shortest that read back the same. It covers
the quantities that both sides know, in the order of ALL_QUANTITIES; earlier releases know the first eight. A reading
that has none of them is not compared: a side that knows none of its quantities does not keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import rows_of
from portal.core.exchange.sync import DayChecksum, ReadingChecksums, ReconcileAnswer
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import ALL_QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.readings.rules.quantities import Quantity

QUANTITIES_OF_EARLIER_RELEASES = ALL_QUANTITIES[:8]
_MICROSECONDS = "(extract(epoch FROM m.time) * 1000000)::bigint"
# Device by device, since readings are found by their device's small key.
_OF_DAYS = """
SELECT d.id AS device_id, own.day, own.rows, own.checksum
FROM {devices} d CROSS JOIN LATERAL (
    SELECT date_trunc('day', m.time, 'UTC') AS day, count(*) AS rows, sum({checksum})::text AS checksum
    FROM {rows} m
    WHERE m.customer = d.customer AND m.meter = d.meter AND m.time >= :from_at AND m.time < :to_at AND {compared}
    GROUP BY 1 OFFSET 0
) own
{WHERE d.customer_id = :customer_id}
ORDER BY 1, 2
"""
_KEY = "FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id"
_OF_READINGS = """
SELECT {microseconds} AS time, {checksum} AS checksum FROM {stored_readings} m
WHERE m.customer = (SELECT d.customer {key}) AND m.meter = (SELECT d.meter {key})
  AND m.time >= :from_at AND m.time < :to_at AND {compared}
ORDER BY m.time
"""
_EVERY = "true"


class _Day(NamedTuple):
    device_id: UUID
    day: datetime
    rows: int
    checksum: str


class _ReadingOfDevice(NamedTuple):
    time: int
    checksum: int


_NO_CONFLICTS = 0, "0"


def known_quantities(names: Collection[str]) -> Sequence[Quantity]:
    """Return the quantities of these JSON names that are known here; of no names those of earlier releases."""
    if not names:
        return QUANTITIES_OF_EARLIER_RELEASES
    return tuple(quantity for quantity in ALL_QUANTITIES if quantity.wire_name in names)


async def day_checksums(
    session: AsyncSession,
    layout: Layout,
    customer_id: UUID | None,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
    *,
    is_asked_by_list: bool = True,
) -> ReconcileAnswer:
    """Return count and checksum per device and UTC day of a window, by device and day; its end is not in it.

    At the Admin of one customer's readings, at a Client of all: `customer_id` is None there. Earlier releases do not
    ask by a list of quantities, and count every reading.
    """
    await _write_floats_exactly(session)
    given = {"customer_id": customer_id, "from_at": window[0], "to_at": window[1]}
    days = await _days(session, layout, _parts(layout, quantities, is_asked_by_list=is_asked_by_list), given)
    beside = await _days(session, layout, _parts_of_conflicts(layout, quantities), given)
    conflicts: dict[tuple[UUID, date], tuple[int, str]] = {
        (each.device_id, each.day.date()): (each.rows, each.checksum) for each in beside
    }
    answer: list[DayChecksum] = []
    for each in days:
        count, checksum = conflicts.get((each.device_id, each.day.date()), _NO_CONFLICTS)
        answer.append(
            DayChecksum(
                device_id=each.device_id,
                date=each.day.date(),
                count=each.rows,
                checksum=each.checksum,
                conflicts=count,
                conflict_checksum=checksum,
            )
        )
    names = [quantity.wire_name for quantity in quantities]
    # Also of readings that are still to be moved: they are rounded as they are read.
    return ReconcileAnswer(days=answer, quantities=names, is_rounded=True)


async def reading_checksums(
    session: AsyncSession,
    layout: Layout,
    meter: MeterKey,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
    *,
    is_asked_by_list: bool = True,
) -> ReadingChecksums:
    """Return time and checksum of every reading of one device in a window, by time; its end is not in it."""
    await _write_floats_exactly(session)
    parts = _parts(layout, quantities, is_asked_by_list=is_asked_by_list)
    statement = layout.sql(
        _OF_READINGS,
        microseconds=_MICROSECONDS,
        checksum=parts["checksum"],
        compared=parts["compared"],
        key=layout.sql(_KEY),
    )
    given = {**layout.given(meter), "from_at": window[0], "to_at": window[1]}
    rows = await rows_of(session, _ReadingOfDevice, statement, given)
    return ReadingChecksums(times=[row.time for row in rows], checksums=[row.checksum for row in rows])


async def _days(
    session: AsyncSession, layout: Layout, parts: Mapping[str, str], given: Mapping[str, object]
) -> Sequence[_Day]:
    return await rows_of(session, _Day, layout.sql(_OF_DAYS, **parts), given)


def _parts(layout: Layout, quantities: Sequence[Quantity], *, is_asked_by_list: bool) -> dict[str, str]:
    names = ", ".join(["NULL", *(f"m.{quantity.name}" for quantity in quantities)])
    figures = [figure_sql(quantity, f"m.{quantity.name}") for quantity in quantities]
    return {
        "rows": layout.table("stored_readings"),
        "checksum": _checksum(*figures, "m.source"),
        "compared": f"num_nonnulls({names}) > 0" if is_asked_by_list else _EVERY,
    }


def _parts_of_conflicts(layout: Layout, quantities: Sequence[Quantity]) -> dict[str, str]:
    numbers = ", ".join(["NULL", *(str(ALL_QUANTITIES.index(quantity)) for quantity in quantities)])
    return {
        "rows": layout.table("reading_conflicts"),
        "checksum": _checksum("m.quantity", "m.value"),
        "compared": f"m.quantity IN ({numbers})",
    }


def _checksum(*values: str) -> str:
    return f"('x' || left(md5(ROW({_MICROSECONDS}, {', '.join(values)})::text), 15))::bit(60)::bigint"


async def _write_floats_exactly(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL extra_float_digits = 1"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
