"""Municipalities, sites and devices of a Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.pages import EVERYTHING, Asked, Key
from portal.core.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Collection
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

    @property
    def version(self) -> str:
        """Another text after every change to the site; its devices and readings have no part in it."""
        return version_of(self.id, self.name, self.address, self.municipality_id, self.is_active)

    @property
    def key(self) -> Key:
        """Where the site stands among all of them."""
        return (self.name,)


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

    @property
    def version(self) -> str:
        """Another text after every change to the device; its readings have no part in it."""
        rated = None if self.max_power_kw is None else self.max_power_kw.normalize()
        return version_of(
            self.id, self.site_id, self.name, self.external_id, self.description, rated, self.is_active
        )

    @property
    def key(self) -> Key:
        """Where the device stands among all of them."""
        return self.site_name, self.name, str(self.id)


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
    session: AsyncSession, name: str, address: str, municipality_id: int | None, *, is_active: bool = True
) -> UUID | None:
    """Add a site; None when the name is taken."""
    return await session.scalar(
        text(
            "INSERT INTO monitoring.sites (name, address, municipality_id, is_active) "
            "VALUES (:name, :address, :municipality_id, :is_active) ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        {"name": name, "address": address, "municipality_id": municipality_id, "is_active": is_active},
    )


async def find_site(session: AsyncSession, name: str) -> UUID | None:
    """Return the id of a site by its name."""
    return await session.scalar(text("SELECT id FROM monitoring.sites WHERE name = :name"), {"name": name})


async def insert_device(session: AsyncSession, values: dict[str, Any]) -> UUID | None:
    """Add a device; None when the external id is taken."""
    return await session.scalar(
        text(
            "INSERT INTO monitoring.devices "
            "(site_id, name, external_id, description, max_power_kw, is_active, token_hash) VALUES "
            "(:site_id, :name, :external_id, :description, :max_power_kw, :is_active, :token_hash) "
            "ON CONFLICT (external_id) DO NOTHING RETURNING id"
        ),
        {"is_active": True, **values},
    )


async def replace_token_by_external_id(
    session: AsyncSession, external_id: str, token_hash: str
) -> tuple[UUID, str] | None:
    """Store a new token of a device; returns its id and name, None when there is none."""
    rows = await session.execute(
        text(
            "UPDATE monitoring.devices SET token_hash = :hash WHERE external_id = :external_id RETURNING id, name"
        ),
        {"hash": token_hash, "external_id": external_id},
    )
    row = rows.one_or_none()
    return None if row is None else (row.id, row.name)


_SITES = (
    "SELECT s.id, s.name, s.address, s.municipality_id, m.name, m.time_zone_id, s.is_active "
    "FROM monitoring.sites s LEFT JOIN app.municipalities m ON m.id = s.municipality_id "
)
_DEVICES = (
    "SELECT d.id, d.site_id, s.name, d.name, d.external_id, d.description, d.max_power_kw, d.is_active, "
    "(SELECT m.time FROM monitoring.power_measurements m WHERE m.device_id = d.id "
    "ORDER BY m.time DESC LIMIT 1) "
    "FROM monitoring.devices d JOIN monitoring.sites s ON s.id = d.site_id "
)


async def list_sites(session: AsyncSession, asked: Asked = EVERYTHING) -> tuple[SiteRow, ...]:
    """Return sites by name; the key of a page is the name."""
    where = "" if asked.after is None else "WHERE s.name > :name "
    after = {} if asked.after is None else {"name": asked.after[0]}
    statement = f"{_SITES}{where}ORDER BY s.name LIMIT CAST(:fetched AS bigint)"
    rows = await session.execute(text(statement), {"fetched": asked.fetched, **after})
    return tuple(SiteRow(*row) for row in rows)


async def list_devices(
    session: AsyncSession, asked: Asked = EVERYTHING, at: Collection[UUID] | None = None
) -> tuple[DeviceRow, ...]:
    """Return devices by site and name, with the time of each one's last reading; `at` are the sites, all by default.

    The key of a page is the site's name, the device's and its id.
    """
    terms: list[str] = []
    bound: dict[str, Any] = {"fetched": asked.fetched}
    if at is not None:
        terms.append("d.site_id = ANY(:sites)")
        bound["sites"] = list(at)
    if asked.after is not None:
        terms.append("(s.name, d.name, CAST(d.id AS text)) > (:site, :name, :id)")
        bound |= dict(zip(("site", "name", "id"), asked.after, strict=True))
    where = f"WHERE {' AND '.join(terms)} " if terms else ""
    statement = f"{_DEVICES}{where}ORDER BY s.name, d.name, CAST(d.id AS text) LIMIT CAST(:fetched AS bigint)"
    rows = await session.execute(text(statement), bound)
    return tuple(DeviceRow(*row) for row in rows)


async def get_site(session: AsyncSession, site_id: UUID, *, for_change: bool = False) -> SiteRow | None:
    """Return one site; `for_change` keeps it as it is until the end of the transaction."""
    lock = " FOR NO KEY UPDATE OF s" if for_change else ""
    rows = await session.execute(text(f"{_SITES}WHERE s.id = :id{lock}"), {"id": site_id})
    row = rows.one_or_none()
    return None if row is None else SiteRow(*row)


async def get_device(
    session: AsyncSession, site_id: UUID, device_id: UUID, *, for_change: bool = False
) -> DeviceRow | None:
    """Return one device of a site; `for_change` keeps it as it is until the end of the transaction."""
    lock = " FOR NO KEY UPDATE OF d" if for_change else ""
    rows = await session.execute(
        text(f"{_DEVICES}WHERE d.id = :id AND d.site_id = :site_id{lock}"),
        {"id": device_id, "site_id": site_id},
    )
    row = rows.one_or_none()
    return None if row is None else DeviceRow(*row)


async def municipality_exists(session: AsyncSession, municipality_id: int) -> bool:
    """Tell whether there is a municipality with this id."""
    found = await session.scalar(
        text("SELECT id FROM app.municipalities WHERE id = :id"), {"id": municipality_id}
    )
    return found is not None


async def name_is_taken(session: AsyncSession, name: str, but: UUID) -> bool:
    """Tell whether a site other than `but` has this name."""
    found = await session.scalar(
        text("SELECT id FROM monitoring.sites WHERE name = :name AND id <> :but"), {"name": name, "but": but}
    )
    return found is not None


async def external_id_is_taken(session: AsyncSession, external_id: str, but: UUID) -> bool:
    """Tell whether a device other than `but` has this external id."""
    found = await session.scalar(
        text("SELECT id FROM monitoring.devices WHERE external_id = :external_id AND id <> :but"),
        {"external_id": external_id, "but": but},
    )
    return found is not None


_SITE_COLUMNS = ("name", "address", "municipality_id", "is_active")
_DEVICE_COLUMNS = ("site_id", "name", "external_id", "description", "max_power_kw", "is_active")


async def update_site(session: AsyncSession, site_id: UUID, changes: dict[str, Any]) -> bool:
    """Change columns of a site; tells whether it exists."""
    return await _update(session, "monitoring.sites", _SITE_COLUMNS, {"id": site_id}, changes)


async def update_device(
    session: AsyncSession, site_id: UUID, device_id: UUID, changes: dict[str, Any]
) -> bool:
    """Change columns of a device of a site; tells whether there is such a device."""
    scope = {"id": device_id, "site_id": site_id}
    return await _update(session, "monitoring.devices", _DEVICE_COLUMNS, scope, changes)


async def _update(
    session: AsyncSession,
    table: str,
    columns: tuple[str, ...],
    scope: dict[str, UUID],
    changes: dict[str, Any],
) -> bool:
    assignments = [f"{name} = :new_{name}" for name in columns if name in changes]
    where = " AND ".join(f"{name} = :{name}" for name in scope)
    changed = await session.scalar(
        text(
            f"UPDATE {table} SET {', '.join([*assignments, 'updated_at = now()'])} WHERE {where} RETURNING id"
        ),
        {**scope, **{f"new_{name}": value for name, value in changes.items()}},
    )
    return changed is not None


async def device_ids(session: AsyncSession, site_id: UUID) -> list[UUID]:
    """Return the devices of a site."""
    found = await session.scalars(
        text("SELECT id FROM monitoring.devices WHERE site_id = :id"), {"id": site_id}
    )
    return list(found.all())


async def device_exists(session: AsyncSession, device_id: UUID) -> bool:
    """Tell whether there is a device with this id."""
    found = await session.scalar(text("SELECT id FROM monitoring.devices WHERE id = :id"), {"id": device_id})
    return found is not None


async def has_readings(session: AsyncSession, device_id: UUID) -> bool:
    """Tell whether a device has any reading."""
    statement = "SELECT EXISTS (SELECT 1 FROM monitoring.power_measurements WHERE device_id = :id)"
    return bool(await session.scalar(text(statement), {"id": device_id}))


async def delete_site(session: AsyncSession, site_id: UUID) -> bool:
    """Delete a site without devices; tells whether it existed."""
    statement = text("DELETE FROM monitoring.sites WHERE id = :id RETURNING id")
    return await session.scalar(statement, {"id": site_id}) is not None


async def delete_device(session: AsyncSession, site_id: UUID, device_id: UUID) -> bool:
    """Delete a device without readings; tells whether the site had it."""
    statement = text("DELETE FROM monitoring.devices WHERE id = :id AND site_id = :site_id RETURNING id")
    return await session.scalar(statement, {"id": device_id, "site_id": site_id}) is not None


async def replace_token_of(
    session: AsyncSession, site_id: UUID, device_id: UUID, token_hash: str
) -> tuple[str, str] | None:
    """Store a new token of a device of a site; returns its name and external id, None when there is none."""
    rows = await session.execute(
        text(
            "UPDATE monitoring.devices SET token_hash = :hash WHERE id = :id AND site_id = :site_id "
            "RETURNING name, external_id"
        ),
        {"hash": token_hash, "id": device_id, "site_id": site_id},
    )
    row = rows.one_or_none()
    return None if row is None else (row.name, row.external_id)
