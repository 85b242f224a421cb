"""What is not here yet: boards that are silent, and what waits at Clients; and the power of all that reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of, values_of
from portal.core.fleet.queries.customer_list import FOUND
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class SilentBoards:
    """Boards of a customer whose stack pushes that have sent nothing for a while, the longest since `silent_since`.

    `full_at` is when the first begins to overwrite what it has not sent; `is_known`: by what they say that they
    keep, not by what boards mostly do.
    """

    customer_id: UUID
    boards: int
    silent_since: datetime
    site_name: str
    full_at: datetime
    is_known: bool


@dataclass(frozen=True, slots=True)
class FleetPower:
    """The summed power of bulk meters with a recent reading, in kW (None of none), and of how many customers."""

    kw: float | None
    customers: int
    meters: int


class _Reported(NamedTuple):
    customer_id: UUID | None
    boards: int
    silent_since: datetime | None
    site_name: str | None
    full_at: datetime | None
    is_known: bool | None
    kw: float | None
    customers: int


# One look at the last reading of each meter, by its key, for both questions.
_LAST = f"""
WITH last AS MATERIALIZED (
    SELECT d.customer_id, d.site_id, d.kind, r.time, r.active_power_kw, c.last_seen_at >= :active_since AS is_pushing,
        CAST(p.board_minutes ->> CAST(d.id AS text) AS integer) AS minutes
    FROM fleet.devices d
    JOIN fleet.customers c ON c.id = d.customer_id AND c.is_active AND c.last_seen_at IS NOT NULL
    LEFT JOIN fleet.push_reports p ON p.customer_id = d.customer_id
    CROSS JOIN LATERAL fleet.last_stored(d.customer, d.meter, CAST(:until AS timestamptz)) r
    WHERE d.is_active AND d.kind <> 'virtual'
), silent AS (
    SELECT l.customer_id, count(*) AS boards, min(l.time) AS silent_since,
        (array_agg(l.site_id ORDER BY l.time))[1] AS site_id,
        coalesce(min(l.full_at) FILTER (WHERE l.full_at > :until), min(l.full_at)) AS full_at,
        bool_and(l.minutes IS NOT NULL) AS is_known
    FROM (
        SELECT *, last.time + coalesce(make_interval(mins => last.minutes), CAST(:board_keeps AS interval)) AS full_at
        FROM last
    ) l WHERE l.is_pushing AND l.time < :silent_before GROUP BY l.customer_id
)
SELECT NULL::uuid AS customer_id, count(*) AS boards, NULL::timestamptz AS silent_since, NULL::text AS site_name,
    NULL::timestamptz AS full_at, NULL::boolean AS is_known,
    {figure_sql(QUANTITY_OF["active_power_kw"], "sum(last.active_power_kw) FILTER (WHERE last.kind = 'bulk')")} AS kw,
    count(DISTINCT last.customer_id) AS customers
FROM last WHERE last.time > :recent
UNION ALL
SELECT s.customer_id, s.boards, s.silent_since, f.name, s.full_at, s.is_known, NULL, 0
FROM silent s JOIN fleet.sites f ON f.customer_id = s.customer_id AND f.id = s.site_id
"""
# A reading of a moment ago waits everywhere: what is worth a line is late, or is refused.
_IN_DEBT = """
FROM found LEFT JOIN fleet.push_reports p ON p.customer_id = found.id
WHERE found.state IN ('failing', 'late')
   OR (found.state = 'active' AND (p.given_up_rows > 0 OR (p.waiting_rows + p.refused_rows > 0
       AND p.oldest_at < CAST(:now AS timestamptz) - interval '15 minutes')))
"""
_OLDEST_FIRST = "least(p.oldest_at, found.refused_since, found.last_seen_at), found.id"
_WORST = f"SELECT found.id {_IN_DEBT} ORDER BY {_OLDEST_FIRST} LIMIT :most"
_COUNT = f"SELECT count(*) {_IN_DEBT}"
_USUAL = """
SELECT c.id AS customer_id, coalesce(sum(e.rows_accepted), 0)::bigint AS rows
FROM fleet.customers c LEFT JOIN fleet.ingest_events e ON e.customer_id = c.id AND e.batch_type = 'measurements'
  AND e.received_at > c.last_seen_at - interval '1 day' AND e.received_at <= c.last_seen_at
WHERE c.id = ANY(CAST(:ids AS uuid[])) GROUP BY c.id
"""


class UsualRows(NamedTuple):
    """How many readings a customer stored in the day before its last batch."""

    customer_id: UUID
    rows: int


async def reported(
    session: AsyncSession, moments: dict[str, object]
) -> tuple[FleetPower, tuple[SilentBoards, ...]]:
    """Return the power of the fleet and the boards that are silent, the longest first.

    `moments` are `until`, `recent`, `silent_before`, `active_since`, and `board_keeps`, for how long a board keeps its
    readings that has not said it.
    """
    rows = await rows_of(session, _Reported, _LAST, moments)
    power = FleetPower(None, 0, 0)
    silent: list[SilentBoards] = []
    for row in rows:
        if row.customer_id is None or row.silent_since is None:
            power = FleetPower(row.kw, row.customers, row.boards)
        else:
            since, full_at = row.silent_since, row.full_at or row.silent_since
            silent.append(
                SilentBoards(
                    row.customer_id, row.boards, since, row.site_name or "", full_at, row.is_known is True
                )
            )
    return power, tuple(sorted(silent, key=lambda each: each.silent_since))


async def in_debt(session: AsyncSession, moments: dict[str, object], most: int) -> tuple[list[UUID], int]:
    """Return the customers from which most is missing, the oldest first, and how many there are."""
    found = FOUND.replace("{matching}", "")
    ids = await values_of(session, UUID, found + _WORST, moments | {"most": most})
    [count] = await values_of(session, int, found + _COUNT, moments)
    return ids, count


async def usual_rows(session: AsyncSession, ids: list[UUID]) -> dict[UUID, int]:
    """Return how many readings each of some customers stored in the day before its last batch."""
    rows = await rows_of(session, UsualRows, _USUAL, {"ids": ids})
    return {row.customer_id: row.rows for row in rows}
