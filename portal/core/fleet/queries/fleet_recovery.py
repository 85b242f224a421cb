"""Statements that give a Client back what it pushed. Each takes the customer's id, which comes from the token alone.

What the Client ended itself is not given back; a device with readings is, and its site, since those are kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from portal.core.exchange.recovery import HeldDevice, HeldMunicipality, HeldSite, HeldTariff
from portal.core.readings.wire import QUANTITIES, FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.queries import tariffs as tariff_queries
from portal.core.tariffs.wire import tariff_row

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class HighestNumbers:
    """The highest numbers of municipalities and tariffs a Client ever pushed, 0 without any."""

    municipality_id: int
    tariff_id: int


async def customer_name(session: AsyncSession, customer_id: UUID) -> str:
    """Return what a customer is called."""
    statement = text("SELECT name FROM fleet.customers WHERE id = :id")
    return str(await session.scalar(statement, {"id": customer_id}) or "")


async def highest_numbers(session: AsyncSession, customer_id: UUID) -> HighestNumbers:
    """Return the highest numbers of a customer, also of what has ended."""
    row = await session.execute(
        text(
            "SELECT (SELECT coalesce(max(id), 0) FROM fleet.municipalities WHERE customer_id = :id), "
            "(SELECT coalesce(max(id), 0) FROM fleet.tariffs WHERE customer_id = :id)"
        ),
        {"id": customer_id},
    )
    return HighestNumbers(*row.one())


async def span(session: AsyncSession, customer_id: UUID) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last reading time of a customer."""
    ordered = "SELECT time FROM fleet.power_measurements WHERE customer_id = :id ORDER BY time"
    row = await session.execute(
        text(f"SELECT ({ordered} LIMIT 1), ({ordered} DESC LIMIT 1)"), {"id": customer_id}
    )
    first, last = row.one()
    return first, last


_HAS_READINGS = """EXISTS (
    SELECT 1 FROM fleet.power_measurements m WHERE m.customer_id = d.customer_id AND m.device_id = d.id)"""
_SITES = f"""
SELECT id, name, address, is_active, local_municipality_id, received_at, ended_at IS NOT NULL AS is_ended
FROM fleet.sites s
WHERE customer_id = :customer_id AND (CAST(:after AS uuid) IS NULL OR id > :after) AND (ended_at IS NULL OR EXISTS (
  SELECT 1 FROM fleet.devices d WHERE d.customer_id = s.customer_id AND d.site_id = s.id
  AND (d.ended_at IS NULL OR {_HAS_READINGS})))
ORDER BY id LIMIT :limit
"""
_DEVICES = f"""
SELECT d.id, site_id, name, external_id, description, max_power_kw, is_active, received_at,
  ended_at IS NOT NULL AS is_ended,
  ARRAY(SELECT a.id FROM fleet.device_aliases a WHERE a.customer_id = d.customer_id AND a.device_id = d.id
    ORDER BY a.is_current DESC, a.id) AS aliases
FROM fleet.devices d
WHERE customer_id = :customer_id AND (CAST(:after AS uuid) IS NULL OR d.id > :after)
  AND (ended_at IS NULL OR {_HAS_READINGS})
ORDER BY d.id LIMIT :limit
"""


async def sites(
    session: AsyncSession, customer_id: UUID, after: UUID | None, limit: int
) -> tuple[HeldSite, ...]:
    """Return at most `limit` sites behind an id."""
    rows = await session.execute(text(_SITES), {"customer_id": customer_id, "after": after, "limit": limit})
    return tuple(
        HeldSite(
            received_at=row.received_at,
            is_ended=row.is_ended,
            row=SiteRow(
                id=row.id,
                name=row.name,
                address=row.address,
                is_active=row.is_active,
                local_municipality_id=row.local_municipality_id,
            ),
        )
        for row in rows
    )


async def devices(
    session: AsyncSession, customer_id: UUID, after: UUID | None, limit: int
) -> tuple[HeldDevice, ...]:
    """Return at most `limit` devices behind an id."""
    rows = await session.execute(text(_DEVICES), {"customer_id": customer_id, "after": after, "limit": limit})
    return tuple(
        HeldDevice(
            received_at=row.received_at,
            aliases=list(row.aliases),
            is_ended=row.is_ended,
            row=DeviceRow(
                id=row.id,
                site_id=row.site_id,
                name=row.name,
                external_id=row.external_id,
                description=row.description,
                max_power_kw=row.max_power_kw,
                is_active=row.is_active,
            ),
        )
        for row in rows
    )


async def municipalities(
    session: AsyncSession, customer_id: UUID, after: int, limit: int
) -> tuple[HeldMunicipality, ...]:
    """Return at most `limit` municipalities behind a number."""
    rows = await session.execute(
        text(
            "SELECT id, name, time_zone_id, received_at FROM fleet.municipalities "
            "WHERE customer_id = :customer_id AND id > :after AND ended_at IS NULL ORDER BY id LIMIT :limit"
        ),
        {"customer_id": customer_id, "after": after, "limit": limit},
    )
    return tuple(
        HeldMunicipality(
            received_at=row.received_at,
            row=MunicipalityRow(id=row.id, name=row.name, time_zone_id=row.time_zone_id),
        )
        for row in rows
    )


async def tariffs(session: AsyncSession, customer_id: UUID, after: int, limit: int) -> tuple[HeldTariff, ...]:
    """Return at most `limit` tariffs behind a number, with their periods, seasons and holidays."""
    rows = await session.execute(
        text(
            "SELECT id, received_at FROM fleet.tariffs "
            "WHERE customer_id = :customer_id AND id > :after AND ended_at IS NULL ORDER BY id LIMIT :limit"
        ),
        {"customer_id": customer_id, "after": after, "limit": limit},
    )
    received_at = {row.id: row.received_at for row in rows}
    places = await tariff_queries.load(session, customer_id)
    found = {tariff.id: tariff for place in places for tariff in place.tariffs}
    return tuple(HeldTariff(received_at=at, row=tariff_row(found[key])) for key, at in received_at.items())


_COLUMNS = ("time", *QUANTITIES, "source")
_READINGS = f"""
SELECT {", ".join(_COLUMNS)} FROM fleet.power_measurements
WHERE customer_id = :customer_id AND device_id = :device_id AND time >= :from_at AND time < :to_at
ORDER BY time LIMIT :limit
"""


async def readings(
    session: AsyncSession, customer_id: UUID, device_id: UUID, window: tuple[datetime, datetime], limit: int
) -> list[FleetReading]:
    """Return the first `limit` readings of one device in [from, to), by time."""
    rows = await session.execute(
        text(_READINGS),
        {
            "customer_id": customer_id,
            "device_id": device_id,
            "from_at": window[0],
            "to_at": window[1],
            "limit": limit,
        },
    )
    return [FleetReading(device_id=device_id, **dict(zip(_COLUMNS, row, strict=True))) for row in rows]
