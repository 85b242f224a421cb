"""What a month of readings is like: hours with energy from readings, suspects, gaps, clocks that are wrong."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.energy.rules.event_codes import reason_of_code
from portal.core.energy.rules.judging import SuspectReason

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_DEVICES = """
SELECT d.id, d.name, s.name AS site_name, d.is_active, d.max_power_kw IS NOT NULL AS has_rated_power, (
    SELECT h.hour FROM {hourly_energy} h
    WHERE {h.customer_id = d.customer_id AND} h.device_id = d.id ORDER BY h.hour LIMIT 1
) AS first_hour
FROM {devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE {d.customer_id = :customer_id AND} (CAST(:site_id AS uuid) IS NULL OR s.id = :site_id)
ORDER BY s.name, d.name, d.id
"""
# A day is 24 bits, the first hour of it the lowest: what a picture is drawn of, and counted.
_HOURS = """
SELECT device_id, day, bit_or(CASE WHEN is_covered THEN bit ELSE 0 END) AS covered,
       bit_or(CASE WHEN suspect_count > 0 THEN bit ELSE 0 END) AS suspects
FROM (
    SELECT h.device_id, h.is_covered, h.suspect_count, (h.hour AT TIME ZONE CAST(:zone AS text))::date AS day,
           1 << extract(hour FROM h.hour AT TIME ZONE CAST(:zone AS text))::integer AS bit
    FROM {hourly_energy} h
    WHERE {h.customer_id = :customer_id AND} h.hour >= :first_at AND h.hour < :end_at
) hours GROUP BY device_id, day ORDER BY device_id, day
"""
_SUSPECTS = """
SELECT p.device_id, p.first_at, p.last_at, p.first_milliwh, p.last_milliwh, p.readings, p.reason
FROM {suspect_spans} p
WHERE {p.customer_id = :customer_id AND} p.register = 0 AND p.first_at < :end_at AND p.last_at >= :first_at
ORDER BY p.first_at DESC, p.device_id LIMIT :most
"""
_GAPS = """
SELECT h.device_id, h.hour, h.unallocated_milliwh, (
    SELECT b.last_at FROM {hourly_energy} b
    WHERE {b.customer_id = h.customer_id AND} b.device_id = h.device_id AND b.hour < h.hour AND b.last_at IS NOT NULL
    ORDER BY b.hour DESC LIMIT 1
) AS since
FROM {hourly_energy} h
WHERE {h.customer_id = :customer_id AND} h.hour >= :first_at AND h.hour < :end_at AND h.unallocated_milliwh <> 0
ORDER BY h.hour DESC, h.device_id LIMIT :most
"""


class QualityDevice(NamedTuple):
    """A device, where it stands, and the first hour there is energy or a reading of; None before its first."""

    id: UUID
    name: str
    site_name: str
    is_active: bool
    has_rated_power: bool
    first_hour: datetime | None


class HoursOfDay(NamedTuple):
    """The local hours of a day of a device as bits, the first hour the lowest."""

    device_id: UUID
    day: date
    covered: int
    suspects: int


class SuspectRun(NamedTuple):
    """Readings in a row that are not believed, for one reason."""

    device_id: UUID
    first_at: datetime
    last_at: datetime
    first_milliwh: int
    last_milliwh: int
    readings: int
    reason: SuspectReason


class GapEnd(NamedTuple):
    """The hour in which a gap ended, since when there was no accepted reading, and the energy of that time."""

    device_id: UUID
    hour: datetime
    milliwh: int
    since: datetime | None


class _SuspectRow(NamedTuple):
    device_id: UUID
    first_at: datetime
    last_at: datetime
    first_milliwh: int
    last_milliwh: int
    readings: int
    reason: int


class _GapRow(NamedTuple):
    device_id: UUID
    hour: datetime
    unallocated_milliwh: int
    since: datetime | None


class MonthSpan(NamedTuple):
    """Whose readings of which time: `[first_at, end_at)`, of a customer at the Admin."""

    customer_id: UUID | None
    first_at: datetime
    end_at: datetime

    @property
    def given(self) -> dict[str, object]:
        """The parameters of the statements."""
        return self._asdict()


async def list_devices(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, site_id: UUID | None
) -> list[QualityDevice]:
    """Return the devices, by site and name."""
    given = {"customer_id": customer_id, "site_id": site_id}
    return await rows_of(session, QualityDevice, layout.sql(_DEVICES), given)


async def hours_by_day(session: AsyncSession, layout: Layout, span: MonthSpan, zone: str) -> list[HoursOfDay]:
    """Return which hours have energy from readings, and which have suspects, by the days of a zone."""
    return await rows_of(session, HoursOfDay, layout.sql(_HOURS), span.given | {"zone": zone})


async def suspects(session: AsyncSession, layout: Layout, span: MonthSpan, most: int) -> list[SuspectRun]:
    """Return the readings that are not believed, the latest first."""
    rows = await rows_of(session, _SuspectRow, layout.sql(_SUSPECTS), span.given | {"most": most})
    return [SuspectRun(*row[:6], reason_of_code(row.reason)) for row in rows]


async def gaps(session: AsyncSession, layout: Layout, span: MonthSpan, most: int) -> list[GapEnd]:
    """Return the gaps whose energy is in no hour, the latest first."""
    rows = await rows_of(session, _GapRow, layout.sql(_GAPS), span.given | {"most": most})
    return [GapEnd(*row) for row in rows]
