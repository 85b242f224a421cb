"""The readings of meters that are nearest to an instant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.small_keys import SmallKey
    from portal.core.history.rules.buckets import TimeSpan


class Nearest(NamedTuple):
    """The last reading before a span and the first after it; None where there is none."""

    before: datetime | None
    after: datetime | None


_NEAREST = """
SELECT max(own.before) AS before, min(own.after) AS after
FROM unnest(CAST(:customers AS integer[]), CAST(:meters AS integer[])) AS k (customer, meter)
CROSS JOIN LATERAL (
    SELECT (SELECT r.time FROM monitoring.stored_readings r
             WHERE r.customer = k.customer AND r.meter = k.meter AND r.time < :from_at
             ORDER BY r.time DESC LIMIT 1) AS before,
           (SELECT r.time FROM monitoring.stored_readings r
             WHERE r.customer = k.customer AND r.meter = k.meter AND r.time >= :to_at
             ORDER BY r.time LIMIT 1) AS after
) own
"""


async def nearest_readings(session: AsyncSession, keys: Sequence[SmallKey], span: TimeSpan) -> Nearest:
    """Return the readings of any of some meters that are nearest to a span without one."""
    given = {
        "customers": [key.customer for key in keys],
        "meters": [key.meter for key in keys],
        "from_at": span.from_at,
        "to_at": span.to_at,
    }
    return await row_of(session, Nearest, _NEAREST, given)
