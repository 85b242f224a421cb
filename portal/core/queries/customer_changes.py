"""Statements that change a customer of the Admin: added, its token replaced, opened and closed, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.versions import version_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class LockedCustomer:
    """A customer as it is until the end of the transaction, and its version."""

    code: str
    name: str
    is_active: bool
    version: str


async def insert(session: AsyncSession, code: str, name: str, token_hash: str, now: datetime) -> UUID | None:
    """Add a customer; None when the code is taken, in whatever case."""
    return await session.scalar(
        text(
            "INSERT INTO fleet.customers (code, name, token_hash, token_issued_at) VALUES (:code, :name, :hash, :now) "
            "ON CONFLICT DO NOTHING RETURNING id"
        ),
        {"code": code, "name": name, "hash": token_hash, "now": now},
    )


async def lock(
    session: AsyncSession, customer_id: UUID, *, for_removal: bool = False
) -> LockedCustomer | None:
    """Return a customer and keep it as it is until the end of the transaction; None when there is none.

    `for_removal` also keeps everybody from adding anything that refers to it.
    """
    rows = await session.execute(
        text(
            "SELECT id, code, name, is_active, token_issued_at, token_rotated_at FROM fleet.customers "
            f"WHERE id = :id FOR {'UPDATE' if for_removal else 'NO KEY UPDATE'}"
        ),
        {"id": customer_id},
    )
    row = rows.one_or_none()
    return None if row is None else LockedCustomer(row.code, row.name, row.is_active, version_of(*row))


async def rotate(
    session: AsyncSession, customer_id: UUID, token_hash: str, now: datetime, previous_until: datetime | None
) -> None:
    """Put a new token in place; the present one becomes the previous, or nothing without `previous_until`."""
    await session.execute(
        text(
            "UPDATE fleet.customers SET "
            "previous_token_hash = CASE WHEN CAST(:until AS timestamptz) IS NULL THEN NULL ELSE token_hash END, "
            "previous_token_expires_at = :until, token_hash = :hash, token_rotated_at = :now WHERE id = :id"
        ),
        {"until": previous_until, "hash": token_hash, "now": now, "id": customer_id},
    )


async def set_active(session: AsyncSession, customer_id: UUID, *, is_active: bool) -> None:
    """Open or close a customer."""
    await session.execute(
        text("UPDATE fleet.customers SET is_active = :active WHERE id = :id"),
        {"active": is_active, "id": customer_id},
    )


async def has_readings(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether any reading of a customer is stored."""
    statement = "SELECT EXISTS (SELECT 1 FROM fleet.power_measurements WHERE customer_id = :id)"
    return bool(await session.scalar(text(statement), {"id": customer_id}))


# What others refer to comes last. Everything else that holds a customer's rows is found in the catalogue, so that
# neither engine's own tables are forgotten.
_LAST = ("tariff_periods", "tariffs", "municipalities", "devices", "sites")
_HOLDERS = """
SELECT c.relname FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'fleet'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


async def remove(session: AsyncSession, customer_id: UUID) -> None:
    """Delete a customer and everything that is kept of it."""
    found = await session.scalars(text(_HOLDERS))
    names = sorted(found.all(), key=lambda name: _LAST.index(name) if name in _LAST else -1)
    bound: dict[str, Any] = {"id": customer_id}
    for name in names:
        await session.execute(text(f'DELETE FROM fleet."{name}" WHERE customer_id = :id'), bound)
    await session.execute(text("DELETE FROM fleet.customers WHERE id = :id"), bound)
