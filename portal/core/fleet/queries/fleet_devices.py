"""Which of a customer's devices an id stands for: a device that was added again has a new id, and is the same meter.

A device keeps the id it came with first. What its Client calls it later is an alias, under which rows and readings
are taken and what is compared is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlmodel import col

from portal.core.database.prepared import Prepared
from portal.core.database.rows import rows_of, values_of
from portal.core.fleet.tables import DeviceAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device of a customer, what its board is called, and whether its Client said it has it no more."""

    id: UUID
    external_id: str
    is_ended: bool


_ALIASES = select(col(DeviceAlias.id), col(DeviceAlias.device_id))


async def known_ids(session: AsyncSession, customer_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are devices of this customer, by the id they came with first."""
    statement = "SELECT id FROM fleet.devices WHERE customer_id = :customer_id AND id = ANY(:ids)"
    return set(await values_of(session, UUID, statement, {"customer_id": customer_id, "ids": list(ids)}))


async def aliases(session: AsyncSession, customer_id: UUID) -> dict[UUID, UUID]:
    """Return the device of every alias of a customer; few have any."""
    rows = await session.execute(_ALIASES.where(col(DeviceAlias.customer_id) == customer_id))
    return dict(rows.all())


async def named(
    session: AsyncSession, customer_id: UUID, external_ids: Collection[str]
) -> dict[str, NamedDevice]:
    """Return the device of each external id: one the Client has before one it ended, then the one seen last."""
    rows = await rows_of(
        session,
        NamedDevice,
        "SELECT DISTINCT ON (external_id) id, external_id, ended_at IS NOT NULL AS is_ended FROM fleet.devices "
        "WHERE customer_id = :customer_id AND external_id = ANY(:names) "
        "ORDER BY external_id, ended_at IS NOT NULL, received_at DESC, id",
        {"customer_id": customer_id, "names": list(external_ids)},
    )
    return {device.external_id: device for device in rows}


async def save_names(
    session: AsyncSession, customer_id: UUID, devices: Sequence[UUID], renamed: Mapping[UUID, UUID]
) -> None:
    """Keep by which ids a Client knows these devices now: by their own, or by one of `renamed` (alias to device)."""
    await session.execute(
        text(
            "UPDATE fleet.device_aliases SET is_current = false "
            "WHERE customer_id = :customer_id AND device_id = ANY(:devices) AND is_current AND id <> ALL(:aliases)"
        ),
        {"customer_id": customer_id, "devices": list(devices), "aliases": list(renamed)},
    )
    for alias in sorted(renamed):
        await session.execute(
            text(
                "INSERT INTO fleet.device_aliases (customer_id, id, device_id) VALUES (:customer_id, :id, :device_id) "
                "ON CONFLICT (customer_id, id) DO UPDATE SET is_current = true "
                "WHERE NOT device_aliases.is_current"
            ),
            {"customer_id": customer_id, "id": alias, "device_id": renamed[alias]},
        )


_OF_ALIASES = Prepared(_ALIASES.where(col(DeviceAlias.customer_id) == bindparam("customer_id")))


async def aliases_of(connection: asyncpg.Connection, customer_id: UUID) -> dict[UUID, UUID]:
    """Return the device of every alias of a customer, on a connection of the driver."""
    return dict(await _OF_ALIASES.all(connection, customer_id=customer_id))


async def present_names(session: AsyncSession, customer_id: UUID) -> dict[UUID, UUID]:
    """Return what the Client calls its devices now, of those it calls by another id than their own."""
    current = _ALIASES.where(col(DeviceAlias.customer_id) == customer_id, col(DeviceAlias.is_current))
    return {device: alias for alias, device in await session.execute(current)}


@dataclass(frozen=True, slots=True)
class DoubledDevice:
    """An external id under which a customer has several devices with readings: their energy may be counted twice."""

    customer: str
    external_id: str
    device_ids: list[UUID]


async def doubled(session: AsyncSession) -> tuple[DoubledDevice, ...]:
    """Return what was pushed twice under one external id before that could not happen any more."""
    rows = await rows_of(
        session,
        DoubledDevice,
        "SELECT c.code AS customer, d.external_id, array_agg(d.id ORDER BY d.id) AS device_ids "
        "FROM fleet.devices d JOIN fleet.customers c ON c.id = d.customer_id "
        "WHERE (d.customer_id, d.external_id) IN (SELECT customer_id, external_id FROM fleet.devices "
        "GROUP BY customer_id, external_id HAVING count(*) > 1) "
        "AND EXISTS (SELECT 1 FROM fleet.stored_readings r WHERE r.customer = d.customer AND r.meter = d.meter) "
        "GROUP BY c.code, d.external_id HAVING count(*) > 1 ORDER BY 1, 2",
    )
    return tuple(rows)


class FleetClock(NamedTuple):
    """A device of a customer whose clock is wrong, as its stack says."""

    name: str
    external_id: str
    skew_seconds: int


async def clocks_off(session: AsyncSession, customer_id: UUID) -> list[FleetClock]:
    """Return a customer's active devices whose clocks are wrong, by name."""
    return await rows_of(
        session,
        FleetClock,
        "SELECT name, external_id, clock_skew_seconds AS skew_seconds FROM fleet.devices "
        "WHERE customer_id = :customer_id AND is_active AND clock_skew_seconds IS NOT NULL ORDER BY 1, 2",
        {"customer_id": customer_id},
    )
