"""Statements on what Clients say beside their batches: what is all of a set, and what still waits over there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.wire.batches import BatchType

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.wire.push import PushReport, SetRange

# A municipality has no end: past cost needs its time zone.
_TABLES: dict[BatchType, tuple[str, type[UUID | int], str]] = {
    BatchType.SITES: ("fleet.sites", UUID, "uuid"),
    BatchType.DEVICES: ("fleet.devices", UUID, "uuid"),
    BatchType.TARIFFS: ("fleet.tariffs", int, "integer"),
}


async def end_missing(
    session: AsyncSession, customer_id: UUID, kind: BatchType, span: SetRange, present: Collection[UUID | int]
) -> int:
    """Make inactive what the Client no longer has: rows within the span that are not among those present.

    History stays. A row that was received after this transaction began belongs to a newer pass, and stays
    as it is. Returns how many rows ended.
    """
    if kind not in _TABLES:
        return 0
    table, key_type, sql_type = _TABLES[kind]
    bounds = _bounds(span, key_type)
    if bounds is None:
        return 0
    ended = await session.execute(
        text(
            f"UPDATE {table} SET is_active = false, received_at = now() WHERE customer_id = :customer_id "
            f"AND is_active AND received_at < now() AND NOT id = ANY(CAST(:present AS {sql_type}[])) "
            f"AND (CAST(:after AS {sql_type}) IS NULL OR id > CAST(:after AS {sql_type})) "
            f"AND (CAST(:through AS {sql_type}) IS NULL OR id <= CAST(:through AS {sql_type})) RETURNING id"
        ),
        {"customer_id": customer_id, "present": list(present), "after": bounds[0], "through": bounds[1]},
    )
    return len(ended.all())


def _bounds(span: SetRange, key_type: type[UUID | int]) -> tuple[Any, Any] | None:
    try:
        after = None if span.after is None else key_type(span.after)
        through = None if span.through is None else key_type(span.through)
    except ValueError:
        return None
    return after, through


_SAVE_REPORT = """
INSERT INTO fleet.push_reports AS r
  (customer_id, reported_at, waiting_rows, refused_rows, given_up_rows, oldest_at, drain_seconds)
VALUES ($1, now(), $2, $3, $4, $5, $6)
ON CONFLICT (customer_id) DO UPDATE SET reported_at = excluded.reported_at, waiting_rows = excluded.waiting_rows,
  refused_rows = excluded.refused_rows, given_up_rows = excluded.given_up_rows, oldest_at = excluded.oldest_at,
  drain_seconds = excluded.drain_seconds
"""


async def save_report(connection: Any, customer_id: UUID, report: PushReport) -> None:
    """Keep what a Client last said about its backlog, on a connection of the driver."""
    await connection.execute(
        _SAVE_REPORT,
        customer_id,
        report.waiting_rows,
        report.refused_rows,
        report.given_up_rows,
        report.oldest_at,
        report.drain_seconds,
    )
