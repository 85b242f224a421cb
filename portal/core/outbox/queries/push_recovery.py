"""Statements that put back at a Client what the Admin gave back, under the keys the Admin knows it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from sqlalchemy import func, insert, select, text, update
from sqlmodel import col

from portal.core.database.rows import value_of
from portal.core.sites.queries.devices import forget_keys, new_key
from portal.core.sites.rules.meter_tree import kind_of
from portal.core.sites.tables import Device, Site
from portal.core.tariffs.tables import Municipality

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.sites.rules.meter_tree import Formula
    from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow

MUNICIPALITY_NUMBERS = "app.municipality_numbers"
TARIFF_NUMBERS = "app.tariff_numbers"
# In place of a hash, which is hexadecimal: no token has it.
_UNSEEN = "none "


async def lock(session: AsyncSession) -> None:
    """Let one recovery at a time put sets back, and nobody else number devices meanwhile."""
    await session.execute(text("SELECT pg_advisory_xact_lock(7301010)"))
    # Before any site or device is locked: who adds one asks for its number first.
    await forget_keys(session)


async def unused_number(session: AsyncSession, numbers: str) -> int:
    """Give out a number of municipalities or tariffs that was never given out."""
    statement = "SELECT app.unused_number(CAST(:numbers AS regclass))"
    return await value_of(session, int, statement, {"numbers": numbers}) or 0


async def use_numbers_above(session: AsyncSession, numbers: str, highest: int) -> None:
    """Give out no number up to `highest` any more."""
    await session.execute(
        text(
            "SELECT setval(CAST(:numbers AS regclass), greatest(CAST(:highest AS bigint), last_value, 1)) "
            f"FROM {numbers}"
        ),
        {"numbers": numbers, "highest": highest},
    )


async def put_municipality(session: AsyncSession, row: MunicipalityRow) -> None:
    """Add a municipality under its number."""
    await session.execute(
        insert(Municipality).values(id=row.id, name=row.name, time_zone_id=row.time_zone_id)
    )


async def renumber_municipality(session: AsyncSession, old: int, new: int) -> None:
    """Give a municipality another number; its sites and tariffs follow."""
    renumbered = update(Municipality).where(col(Municipality.id) == old)
    await session.execute(renumbered.values(id=new, updated_at=func.now()))


async def put_site(session: AsyncSession, row: SiteRow) -> None:
    """Add a site under its id."""
    await session.execute(insert(Site).values(id=row.id, **site_columns(row)))


def site_columns(row: SiteRow) -> dict[str, object]:
    """Return the columns of a site but its id."""
    return {
        "name": row.name,
        "address": row.address or "",
        "municipality_id": row.local_municipality_id,
        "is_active": row.is_active,
    }


async def rename_site_id(session: AsyncSession, old: UUID, new: UUID) -> None:
    """Give a site another id; its devices follow."""
    renamed = update(Site).where(col(Site.id) == old).values(id=new, updated_at=func.now())
    await session.execute(renamed)


async def put_device(session: AsyncSession, row: DeviceRow) -> None:
    """Add a device under its id, with no token: of that only a hash was ever kept, and that in what was lost."""
    token_hash = None if row.made_of else f"{_UNSEEN}{row.id}"
    new = insert(Device).values(
        id=row.id, token_hash=token_hash, **device_columns(row), **await new_key(session)
    )
    await session.execute(new)


async def without_token(session: AsyncSession) -> list[str]:
    """Return the external ids of devices that were put back and have had no new token since."""
    unseen = select(col(Device.external_id)).where(func.starts_with(col(Device.token_hash), _UNSEEN))
    return list(await session.scalars(unseen.order_by(col(Device.external_id))))


def device_columns(row: DeviceRow) -> dict[str, object]:
    """Return the columns of a device but its id and token."""
    return {
        "site_id": row.site_id,
        "name": row.name,
        "external_id": row.external_id,
        "description": row.description or "",
        "max_power_kw": row.max_power_kw,
        "is_active": row.is_active,
        # An Admin of an earlier release does not know.
        **({} if row.register_digits is UNSET else {"register_digits": row.register_digits}),
    }


async def set_position(
    session: AsyncSession, device_id: UUID, parent_id: UUID | None, formula: Formula | None
) -> None:
    """Put a device below another, or say what a virtual one is made of."""
    changed = update(Device).where(col(Device.id) == device_id)
    await session.execute(
        changed.values(
            parent_id=parent_id,
            formula=None if formula is None else formula.stored(),
            kind=kind_of(parent_id, formula),
            updated_at=func.now(),
        )
    )


async def change_device(session: AsyncSession, device_id: UUID, row: DeviceRow) -> None:
    """Change all columns of a device but its id and token."""
    changed = update(Device).where(col(Device.id) == device_id)
    await session.execute(changed.values(**device_columns(row), updated_at=func.now()))
