"""The devices that restatements are about, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_NAMES = """
SELECT d.id, d.name FROM {devices} d
WHERE {d.customer_id = :customer_id AND} (CAST(:site_id AS uuid) IS NULL OR d.site_id = :site_id)
"""


class _NamedMeter(NamedTuple):
    id: UUID
    name: str


async def device_names(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, site_id: UUID | None
) -> dict[UUID, str]:
    """Return the names of a customer's devices (Admin), or of those of one site or all (Client)."""
    given = {"customer_id": customer_id, "site_id": site_id}
    return dict(await rows_of(session, _NamedMeter, layout.sql(_NAMES), given))
