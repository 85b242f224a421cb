"""Statements that give a Client back what it pushed. Each takes the customer's id, which comes from the token alone.

What the Client ended itself is not given back; a device with readings is, and its site, since those are kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import func, select
from sqlmodel import col

from portal.core.database.rows import rows_of
from portal.core.exchange.recovery import HeldDevice, HeldMunicipality, HeldSite, HeldTariff
from portal.core.fleet.tables import Customer
from portal.core.sites.rules.meter_tree import formula_of
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow, formula_row
from portal.core.tariffs.queries import tariffs as tariff_queries
from portal.core.tariffs.tables import FleetMunicipality, FleetTariff
from portal.core.tariffs.wire import tariff_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class HighestNumbers:
    """The highest numbers of municipalities and tariffs a Client ever pushed, 0 without any."""

    municipality_id: int
    tariff_id: int


async def customer_name(session: AsyncSession, customer_id: UUID) -> str:
    """Return what a customer is called."""
    return await session.scalar(select(col(Customer.name)).where(col(Customer.id) == customer_id)) or ""


async def highest_numbers(session: AsyncSession, customer_id: UUID) -> HighestNumbers:
    """Return the highest numbers of a customer, also of what has ended."""
    municipality = select(func.max(FleetMunicipality.id)).where(
        col(FleetMunicipality.customer_id) == customer_id
    )
    tariff = select(func.max(FleetTariff.id)).where(col(FleetTariff.customer_id) == customer_id)
    return HighestNumbers(await session.scalar(municipality) or 0, await session.scalar(tariff) or 0)


_HAS_READINGS = """EXISTS (
    SELECT 1 FROM fleet.stored_readings r WHERE r.customer = d.customer AND r.meter = d.meter)"""
_SITES = f"""
SELECT id, name, address, is_active, local_municipality_id, received_at, ended_at IS NOT NULL AS is_ended
FROM fleet.sites s
WHERE customer_id = :customer_id AND (CAST(:after AS uuid) IS NULL OR id > :after) AND (ended_at IS NULL OR EXISTS (
  SELECT 1 FROM fleet.devices d WHERE d.customer_id = s.customer_id AND d.site_id = s.id
  AND (d.ended_at IS NULL OR {_HAS_READINGS})))
ORDER BY id LIMIT :limit
"""
_DEVICES = f"""
SELECT d.id, site_id, name, external_id, description, max_power_kw, register_digits, is_active, parent_id, formula,
  received_at,
  ended_at IS NOT NULL AS is_ended,
  ARRAY(SELECT a.id FROM fleet.device_aliases a WHERE a.customer_id = d.customer_id AND a.device_id = d.id
    ORDER BY a.is_current DESC, a.id) AS aliases
FROM fleet.devices d
WHERE customer_id = :customer_id AND (CAST(:after AS uuid) IS NULL OR d.id > :after)
  AND (ended_at IS NULL OR {_HAS_READINGS})
ORDER BY d.id LIMIT :limit
"""


class _Site(NamedTuple):
    id: UUID
    name: str
    address: str
    is_active: bool
    local_municipality_id: int | None
    received_at: datetime
    is_ended: bool


class _Device(NamedTuple):
    id: UUID
    site_id: UUID
    name: str
    external_id: str
    description: str
    max_power_kw: Decimal | None
    register_digits: int | None
    is_active: bool
    parent_id: UUID | None
    formula: dict[str, list[str]] | None
    received_at: datetime
    is_ended: bool
    aliases: list[UUID]


async def sites(
    session: AsyncSession, customer_id: UUID, after: UUID | None, limit: int
) -> tuple[HeldSite, ...]:
    """Return at most `limit` sites behind an id."""
    given = {"customer_id": customer_id, "after": after, "limit": limit}
    rows = await rows_of(session, _Site, _SITES, given)
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
    given = {"customer_id": customer_id, "after": after, "limit": limit}
    rows = await rows_of(session, _Device, _DEVICES, given)
    return tuple(
        HeldDevice(
            received_at=row.received_at,
            aliases=row.aliases,
            is_ended=row.is_ended,
            row=DeviceRow(
                id=row.id,
                site_id=row.site_id,
                name=row.name,
                external_id=row.external_id,
                description=row.description,
                max_power_kw=row.max_power_kw,
                register_digits=row.register_digits or UNSET,
                is_active=row.is_active,
                parent_id=row.parent_id,
                formula=formula_row(formula_of(row.formula)),
            ),
        )
        for row in rows
    )


async def municipalities(
    session: AsyncSession, customer_id: UUID, after: int, limit: int
) -> tuple[HeldMunicipality, ...]:
    """Return at most `limit` municipalities behind a number."""
    held = (
        select(
            col(FleetMunicipality.id),
            col(FleetMunicipality.name),
            col(FleetMunicipality.time_zone_id),
            col(FleetMunicipality.received_at),
        )
        .where(
            col(FleetMunicipality.customer_id) == customer_id,
            col(FleetMunicipality.id) > after,
            col(FleetMunicipality.ended_at).is_(None),
        )
        .order_by(col(FleetMunicipality.id))
        .limit(limit)
    )
    return tuple(
        HeldMunicipality(received_at=received_at, row=MunicipalityRow(id=key, name=name, time_zone_id=zone))
        for key, name, zone, received_at in await session.execute(held)
    )


async def tariffs(session: AsyncSession, customer_id: UUID, after: int, limit: int) -> tuple[HeldTariff, ...]:
    """Return at most `limit` tariffs behind a number, with their periods, seasons and holidays."""
    held = (
        select(col(FleetTariff.id), col(FleetTariff.received_at))
        .where(
            col(FleetTariff.customer_id) == customer_id,
            col(FleetTariff.id) > after,
            col(FleetTariff.ended_at).is_(None),
        )
        .order_by(col(FleetTariff.id))
        .limit(limit)
    )
    received_at = dict((await session.execute(held)).all())
    municipalities = await tariff_queries.load(session, customer_id)
    found = {tariff.id: tariff for municipality in municipalities for tariff in municipality.tariffs}
    return tuple(HeldTariff(received_at=at, row=tariff_row(found[key])) for key, at in received_at.items())
