"""What people decided about meters: stored, and read again, never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of, values_of
from portal.core.energy.rules.event_codes import code_of_kind, kind_of_code
from portal.core.energy.rules.judging import MeterDecision, ProposalKind, RecordedDecision, in_force
from portal.core.energy.rules.judging.decision_fields import decision_of, fields_of
from portal.core.energy.wire import MeterDecisionRow
from portal.core.values.time import epoch_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

# Sent again it is there already: a decision is never another one.
_INSERT = """
INSERT INTO {meter_decisions} (
    {customer_id,} device_id, id, event_kind, event_at, says, undoes, note, author, decided_at
)
SELECT {customer_id,} device_id, id, event_kind, event_at, says, undoes, note, author, decided_at
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:ids AS uuid[]), CAST(:kinds AS smallint[]),
    CAST(:events AS timestamptz[]), CAST(:says AS jsonb[]), CAST(:undoes AS uuid[]), CAST(:notes AS text[]),
    CAST(:authors AS text[]), CAST(:decided AS timestamptz[])
) AS n ({customer_id,} device_id, id, event_kind, event_at, says, undoes, note, author, decided_at)
ON CONFLICT DO NOTHING RETURNING id
"""
_COLUMNS = """
{d.customer_id,} d.device_id, d.id, d.event_kind, d.event_at, d.says::text AS says, d.undoes, d.note, d.author,
d.decided_at
"""
_OF_METERS = """
SELECT {columns}
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS m ({customer_id,} device_id)
JOIN {meter_decisions} d ON {d.customer_id = m.customer_id AND} d.device_id = m.device_id
WHERE d.register = 0 ORDER BY d.decided_at, d.id
"""
_OF_ALL = "SELECT {columns} FROM {meter_decisions} d ORDER BY d.decided_at, d.id"
_BY_ID = """
SELECT {columns} FROM {meter_decisions} d
WHERE {d.customer_id = :customer_id AND} (CAST(:after AS uuid) IS NULL OR d.id > :after) AND d.register = 0
ORDER BY d.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision about a meter, with what it says of its readings; one that says nothing was only noted, or undoes.

    `event_kind` and `event_at` name the event it is about, both None where a person declared something by date.
    """

    key: MeterKey
    id: UUID
    event_kind: ProposalKind | None
    event_at: datetime | None
    says: MeterDecision | None
    undoes: UUID | None
    note: str
    author: str
    decided_at: datetime

    @property
    def recorded(self) -> RecordedDecision[UUID]:
        """The decision as the judge reads it."""
        return RecordedDecision(
            id=self.id, decided_at=epoch_microseconds(self.decided_at), says=self.says, undoes=self.undoes
        )


class _DecisionRow(NamedTuple):
    key: MeterKey
    id: UUID
    event_kind: int | None
    event_at: datetime | None
    says: str | None
    undoes: UUID | None
    note: str
    author: str
    decided_at: datetime


async def insert_decisions(
    session: AsyncSession, layout: Layout, decisions: Sequence[StoredDecision]
) -> set[UUID]:
    """Store decisions, and return the ids of those that were not there yet."""
    given = layout.arrays(each.key for each in decisions) | {
        "ids": [each.id for each in decisions],
        "kinds": [code_of_kind(each.event_kind) for each in decisions],
        "events": [each.event_at for each in decisions],
        "says": [None if each.says is None else json.dumps(fields_of(each.says)) for each in decisions],
        "undoes": [each.undoes for each in decisions],
        "notes": [each.note for each in decisions],
        "authors": [each.author for each in decisions],
        "decided": [each.decided_at for each in decisions],
    }
    return set(await values_of(session, UUID, layout.sql(_INSERT), given))


async def decisions_of_meters(
    session: AsyncSession, layout: Layout, meters: Iterable[MeterKey]
) -> dict[MeterKey, list[StoredDecision]]:
    """Return what was decided about each of these meters, the earliest first."""
    rows = await rows_of(
        session, _DecisionRow, _worded(layout, _OF_METERS), layout.arrays(meters), keys=layout.key_width
    )
    found: dict[MeterKey, list[StoredDecision]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(_stored(row))
    return found


async def all_decisions(session: AsyncSession, layout: Layout) -> list[StoredDecision]:
    """Return every decision of a Client, the earliest first."""
    rows = await rows_of(session, _DecisionRow, _worded(layout, _OF_ALL), keys=layout.key_width)
    return [_stored(row) for row in rows]


async def decisions_by_id(
    session: AsyncSession, layout: Layout, customer_id: UUID, after: UUID | None, limit: int
) -> list[StoredDecision]:
    """Return at most `limit` decisions of a customer, those behind an id."""
    given = {"customer_id": customer_id, "after": after, "limit": limit}
    rows = await rows_of(session, _DecisionRow, _worded(layout, _BY_ID), given, keys=layout.key_width)
    return [_stored(row) for row in rows]


async def decisions_in_force(
    session: AsyncSession, layout: Layout, meters: Iterable[MeterKey]
) -> Mapping[MeterKey, list[MeterDecision]]:
    """Return the decisions that hold for each of these meters, for the judge."""
    found = await decisions_of_meters(session, layout, meters)
    return {key: in_force(each.recorded for each in decisions) for key, decisions in found.items()}


async def decision_ids(session: AsyncSession, layout: Layout, key: MeterKey) -> set[UUID]:
    """Return the ids of what was decided about a meter."""
    statement = layout.sql(
        "SELECT id FROM {meter_decisions} WHERE {customer_id = :customer_id AND} device_id = :device_id"
    )
    return set(await values_of(session, UUID, statement, layout.given(key)))


def decision_row(decision: StoredDecision) -> MeterDecisionRow:
    """Return a decision as it travels between the sides."""
    return MeterDecisionRow(
        id=decision.id,
        device_id=decision.key[-1],
        note=decision.note,
        author=decision.author,
        decided_at=decision.decided_at,
        event_kind=None if decision.event_kind is None else decision.event_kind.value,
        event_at=decision.event_at,
        says=None if decision.says is None else fields_of(decision.says),
        undoes=decision.undoes,
    )


def decision_of_row(row: MeterDecisionRow, key: MeterKey) -> StoredDecision:
    """Return the decision that came as a row, about a meter. Raises `ValueError` for what is none."""
    return StoredDecision(
        key=key,
        id=row.id,
        event_kind=None if row.event_kind is None else ProposalKind(row.event_kind),
        event_at=row.event_at,
        says=None if row.says is None else decision_of(row.says),
        undoes=row.undoes,
        note=row.note,
        author=row.author,
        decided_at=row.decided_at,
    )


def _worded(layout: Layout, statement: str) -> str:
    return layout.sql(statement, columns=layout.sql(_COLUMNS))


def _stored(row: _DecisionRow) -> StoredDecision:
    says = None if row.says is None else decision_of(json.loads(row.says))
    kind = None if row.event_kind is None else kind_of_code(row.event_kind)
    return StoredDecision(row.key, row.id, kind, *row[3:4], says, *row[5:])
