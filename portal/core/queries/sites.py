"""Municipalities, sites and devices of a Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class SiteRow:
    """A site with its municipality's name and zone, both None without one."""

    id: UUID
    name: str
    address: str
    municipality_id: int | None
    municipality: str | None
    time_zone_id: str | None
    is_active: bool


@dataclass(frozen=True)
class DeviceRow:
    """A device and the site it stands at."""

    id: UUID
    site_id: UUID
    site_name: str
    name: str
    external_id: str
    description: str
    max_power_kw: Decimal | None
    is_active: bool
    last_reading_at: datetime | None


async def insert_municipality(session: AsyncSession, name: str, time_zone_id: str) -> int | None:
    """Add a municipality; None when the name is taken."""
    return await session.scalar(
        text(
            "INSERT INTO app.municipalities (name, time_zone_id) VALUES (:name, :zone) "
            "ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        {"name": name, "zone": time_zone_id},
    )


async def find_municipality(session: AsyncSession, name: str) -> int | None:
    """Return the id of a municipality by its name."""
    return await session.scalar(text("SELECT id FROM app.municipalities WHERE name = :name"), {"name": name})


async def insert_site(
    session: AsyncSession, name: str, address: str, municipality_id: int | None
) -> UUID | None:
    """Add a site; None when the name is taken."""
    return await session.scalar(
        text(
            "INSERT INTO monitoring.sites (name, address, municipality_id) VALUES (:name, :address, :municipality_id) "
            "ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        {"name": name, "address": address, "municipality_id": municipality_id},
    )


async def find_site(session: AsyncSession, name: str) -> UUID | None:
    """Return the id of a site by its name."""
    return await session.scalar(text("SELECT id FROM monitoring.sites WHERE name = :name"), {"name": name})


async def insert_device(session: AsyncSession, values: dict[str, Any]) -> UUID | None:
    """Add a device; None when the external id is taken."""
    return await session.scalar(
        text(
            "INSERT INTO monitoring.devices (site_id, name, external_id, description, max_power_kw, token_hash) "
            "VALUES (:site_id, :name, :external_id, :description, :max_power_kw, :token_hash) "
            "ON CONFLICT (external_id) DO NOTHING RETURNING id"
        ),
        values,
    )


async def find_device(session: AsyncSession, external_id: str) -> UUID | None:
    """Return the id of a device by its external id."""
    return await session.scalar(
        text("SELECT id FROM monitoring.devices WHERE external_id = :external_id"),
        {"external_id": external_id},
    )


async def replace_device_token(session: AsyncSession, device_id: UUID, token_hash: str) -> bool:
    """Store a new token of a device; tells whether the device exists."""
    changed = await session.scalar(
        text("UPDATE monitoring.devices SET token_hash = :hash WHERE id = :id RETURNING id"),
        {"hash": token_hash, "id": device_id},
    )
    return changed is not None


async def list_sites(session: AsyncSession) -> tuple[SiteRow, ...]:
    """Return every site by name."""
    rows = await session.execute(
        text(
            "SELECT s.id, s.name, s.address, s.municipality_id, m.name, m.time_zone_id, s.is_active "
            "FROM monitoring.sites s LEFT JOIN app.municipalities m ON m.id = s.municipality_id ORDER BY s.name"
        )
    )
    return tuple(SiteRow(*row) for row in rows)


async def list_devices(session: AsyncSession) -> tuple[DeviceRow, ...]:
    """Return every device by site and name, with the time of its last reading."""
    rows = await session.execute(
        text(
            "SELECT d.id, d.site_id, s.name, d.name, d.external_id, d.description, d.max_power_kw, d.is_active, "
            "(SELECT m.time FROM monitoring.power_measurements m WHERE m.device_id = d.id "
            "ORDER BY m.time DESC LIMIT 1) "
            "FROM monitoring.devices d JOIN monitoring.sites s ON s.id = d.site_id ORDER BY s.name, d.name"
        )
    )
    return tuple(DeviceRow(*row) for row in rows)
