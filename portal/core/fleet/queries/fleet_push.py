"""Statements on what Clients say beside their batches: what is all of a set, and what still waits over there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import col

from portal.core.database.prepared import PreparedChange
from portal.core.database.rows import values_of
from portal.core.exchange.batches import BatchType
from portal.core.fleet.tables import CustomerPushReport

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.exchange.sync import PushReport, SetRange


@dataclass(frozen=True, slots=True)
class _Ending:
    """A table of a set: the type of its key, and what the Client calls a row."""

    table: str
    key_type: type[UUID | int]
    sql_type: str
    key: str = "r.id"
    has_activity: bool = True


_KNOWN_AS = (
    "coalesce((SELECT a.id FROM fleet.device_aliases a "
    "WHERE a.customer_id = r.customer_id AND a.device_id = r.id AND a.is_current), r.id)"
)
# A municipality is never inactive: past cost needs its time zone.
_ENDINGS: dict[BatchType, _Ending] = {
    BatchType.SITES: _Ending("fleet.sites", UUID, "uuid"),
    BatchType.DEVICES: _Ending("fleet.devices", UUID, "uuid", _KNOWN_AS),
    BatchType.MUNICIPALITIES: _Ending("fleet.municipalities", int, "integer", has_activity=False),
    BatchType.TARIFFS: _Ending("fleet.tariffs", int, "integer"),
}


async def end_missing(
    session: AsyncSession, customer_id: UUID, kind: BatchType, span: SetRange, present: Collection[UUID | int]
) -> int:
    """Make inactive what the Client no longer has: rows within the span that are not among those present.

    History stays. A row that was received after this transaction began belongs to a newer pass, and stays
    as it is. `present` and the span are in the Client's own ids. Returns how many rows ended.
    """
    ending = _ENDINGS.get(kind)
    bounds = None if ending is None else _bounds(span, ending.key_type)
    if ending is None or bounds is None:
        return 0
    key, cast = ending.key, ending.sql_type
    inactive = "is_active = false, received_at = now(), " if ending.has_activity else ""
    ended = await values_of(
        session,
        ending.key_type,
        f"UPDATE {ending.table} AS r SET {inactive}ended_at = now() WHERE r.customer_id = :customer_id "
        f"AND r.ended_at IS NULL AND r.received_at < now() AND NOT {key} = ANY(CAST(:present AS {cast}[])) "
        f"AND (CAST(:after AS {cast}) IS NULL OR {key} > CAST(:after AS {cast})) "
        f"AND (CAST(:through AS {cast}) IS NULL OR {key} <= CAST(:through AS {cast})) RETURNING r.id",
        {"customer_id": customer_id, "present": list(present), "after": bounds[0], "through": bounds[1]},
    )
    return len(ended)


def _bounds(span: SetRange, key_type: type[UUID | int]) -> tuple[UUID | int | None, UUID | int | None] | None:
    try:
        after = None if span.after is None else key_type(span.after)
        through = None if span.through is None else key_type(span.through)
    except ValueError:
        return None
    return after, through


_OF_REPORT = ("waiting_rows", "refused_rows", "given_up_rows", "oldest_at", "drain_seconds")
_SAID = insert(CustomerPushReport).values(
    reported_at=func.now(),
    board_minutes=cast(bindparam("board_minutes", type_=Text()), JSONB),
    **{name: bindparam(name) for name in ("customer_id", *_OF_REPORT)},
)
_SAVE_REPORT = PreparedChange(
    _SAID.on_conflict_do_update(
        index_elements=[col(CustomerPushReport.customer_id)],
        set_={name: _SAID.excluded[name] for name in ("reported_at", "board_minutes", *_OF_REPORT)},
    )
)


async def save_report(
    connection: asyncpg.Connection, customer_id: UUID, report: PushReport, silent: Mapping[UUID, int]
) -> None:
    """Keep what a Client last said about its backlog and its silent boards, on a connection of the driver."""
    said = {name: getattr(report, name) for name in _OF_REPORT}
    minutes = json.dumps({str(device): kept for device, kept in silent.items()})
    await _SAVE_REPORT.run(connection, customer_id=customer_id, board_minutes=minutes, **said)
