"""The journal of days that were restated: written with what changes them, and read to give an answer as it stood."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import text

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of, value_of
from portal.core.energy.rules.event_codes import code_of_kind, kind_of_code
from portal.core.energy.rules.live import Amounts, LiveHour, LiveHours
from portal.core.energy.rules.restatement import (
    ChangedEnergy,
    DayChange,
    EnergyOfHour,
    day_changes,
    hours_before,
)
from portal.core.energy.rules.stored_words import CAUSES, RestatedBecause
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.energy.rules.judging import ProposalKind

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=1)  # that of the database, and that which decisions are dated by
# Of arrays there are no ragged arrays: they come as texts.
_NOTE = """
INSERT INTO {restated_days} (
    {customer_id,} device_id, day, restated_at, cause, decision_id, event_kind, event_at,
    allocated_delta, unallocated_delta, estimated_delta
)
SELECT {customer_id,} device_id, day, now(), cause, decision_id, event_kind, event_at,
       CAST(allocated AS bigint[]), CAST(unallocated AS bigint[]), CAST(estimated AS bigint[])
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:day AS date[]), CAST(:cause AS smallint[]),
    CAST(:decision_id AS uuid[]), CAST(:event_kind AS smallint[]), CAST(:event_at AS timestamptz[]),
    CAST(:allocated AS text[]), CAST(:unallocated AS text[]), CAST(:estimated AS text[])
) AS n ({customer_id,} device_id, day, cause, decision_id, event_kind, event_at, allocated, unallocated, estimated)
"""
_SINCE = """
WITH found AS MATERIALIZED (
    SELECT * FROM {restated_days}
    WHERE {customer_id = :customer_id AND} day >= :first_day AND day <= :last_day AND restated_at > :since
)
SELECT {r.customer_id,} r.device_id, r.day, r.restated_at, r.cause, r.decision_id, r.event_kind, r.event_at,
       r.allocated_delta, r.unallocated_delta, r.estimated_delta
FROM found r {looked_at} ORDER BY r.restated_at DESC, r.id DESC
"""
# History that was imported is nobody's restatement: before the first day whose readings came while it was open, nothing
# was looked at. Behind it, a day that was filled late was.
_LOOKED_AT = """
JOIN (
    SELECT {m.customer_id,} m.device_id, (
        SELECT d.day FROM {daily_energy} d
        WHERE {d.customer_id = m.customer_id AND} d.device_id = m.device_id AND NOT EXISTS (
            SELECT FROM {restated_days} e
            WHERE {e.customer_id = d.customer_id AND} e.device_id = d.device_id AND e.day = d.day
        ) ORDER BY d.day LIMIT 1
    ) AS live_from
    FROM (SELECT DISTINCT {customer_id,} device_id FROM found) m
) begun ON {begun.customer_id = r.customer_id AND} begun.device_id = r.device_id
    AND (r.cause <> {late} OR r.day > begun.live_from)
"""
_PRESENT = """
SELECT {h.customer_id,} h.device_id, h.hour, h.allocated_milliwh, h.unallocated_milliwh, h.estimated_milliwh
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS m ({customer_id,} device_id)
JOIN {hourly_energy} h ON {h.customer_id = m.customer_id AND} h.device_id = m.device_id
  AND h.hour >= :from_at AND h.hour < :to_at
"""
# Which decision had a meter judged again: the last one that was stored since its hours were queued.
_DECIDED = """
SELECT DISTINCT ON ({m.customer_id,} m.device_id) {m.customer_id,} m.device_id, d.id, d.event_kind, d.event_at
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS m ({customer_id,} device_id)
JOIN {meter_decisions} d ON {d.customer_id = m.customer_id AND} d.device_id = m.device_id
WHERE coalesce({d.received_at,} d.decided_at) >= :since
ORDER BY {m.customer_id,} m.device_id, coalesce({d.received_at,} d.decided_at) DESC, d.id
"""


class Why(NamedTuple):
    """Why hours are judged again: what was decided `since`, or, where nothing was, `otherwise`."""

    since: datetime | None
    otherwise: RestatedBecause


class Reason(NamedTuple):
    """Why a day was restated, and which decision or event it was."""

    cause: RestatedBecause
    decision_id: UUID | None = None
    event_kind: ProposalKind | None = None
    event_at: datetime | None = None


class RestatedDay(NamedTuple):
    """What changed in a UTC day of a meter after it was closed, when, and why; None is a cause of a later release."""

    change: DayChange
    restated_at: datetime
    cause: RestatedBecause | None
    decision_id: UUID | None
    event_kind: ProposalKind | None
    event_at: datetime | None


class _RestatedRow(NamedTuple):
    key: MeterKey
    day: date
    restated_at: datetime
    cause: int
    decision_id: UUID | None
    event_kind: int | None
    event_at: datetime | None
    allocated_delta: list[int] | None
    unallocated_delta: list[int] | None
    estimated_delta: list[int] | None


class _DecidedRow(NamedTuple):
    key: MeterKey
    id: UUID
    event_kind: int | None
    event_at: datetime | None


class _PresentHour(NamedTuple):
    key: MeterKey
    hour: datetime
    allocated_milliwh: int
    unallocated_milliwh: int
    estimated_milliwh: int


async def _decided_since(
    session: AsyncSession, layout: Layout, meters: Iterable[MeterKey], since: datetime
) -> dict[MeterKey, Reason]:
    """Return, for each of these meters that was decided about since an instant, the decision as a reason."""
    given = layout.arrays(meters) | {"since": since}
    rows = await rows_of(session, _DecidedRow, layout.sql(_DECIDED), given, keys=layout.key_width)
    return {
        row.key: Reason(
            RestatedBecause.DECISION,
            row.id,
            None if row.event_kind is None else kind_of_code(row.event_kind),
            row.event_at,
        )
        for row in rows
    }


async def note_restated(
    session: AsyncSession,
    layout: Layout,
    changed: Iterable[ChangedEnergy],
    why: Why,
) -> None:
    """Keep what of the changes lies in closed days, with the decision that had a meter judged again, where one had."""
    found = list(changed)
    now = await value_of(session, datetime, "SELECT now()") if found else None
    changes = [] if now is None else day_changes(found, now)
    if not changes:
        return
    decided: Mapping[MeterKey, Reason] = {}
    if why.since is not None:
        keys = dict.fromkeys(each.key for each in changes)
        decided = await _decided_since(session, layout, keys, why.since - _CLOCKS_DIFFER)
    had = {(each.key, each.hour.astimezone(UTC).date()) for each in found if any(each.was)}
    its = [
        decided.get(each.key)
        or Reason(why.otherwise if (each.key, each.day) in had else RestatedBecause.LATE_READING)
        for each in changes
    ]
    given: dict[str, object] = {
        **layout.arrays(each.key for each in changes),
        "day": [each.day for each in changes],
        "cause": [CAUSES.number(reason.cause) for reason in its],
        "decision_id": [reason.decision_id for reason in its],
        "event_kind": [code_of_kind(reason.event_kind) for reason in its],
        "event_at": [reason.event_at for reason in its],
        "allocated": [_array(each.allocated) for each in changes],
        "unallocated": [_array(each.unallocated) for each in changes],
        "estimated": [_array(each.estimated) for each in changes],
    }
    await session.execute(text(layout.sql(_NOTE)), given)


def _array(deltas: Sequence[int] | None) -> str | None:
    return None if deltas is None else "{" + ",".join(map(str, deltas)) + "}"


class JournalAsked(NamedTuple):
    """Which restatements: of the UTC days that a window touches, after `since`, of a customer at the Admin.

    `looked_at` leaves out what nobody can have looked at before: readings of a time before a meter was live.
    """

    from_at: datetime
    to_at: datetime
    since: datetime = LONG_AGO
    customer_id: UUID | None = None
    looked_at: bool = False


async def restated_since(session: AsyncSession, layout: Layout, asked: JournalAsked) -> list[RestatedDay]:
    """Return what was restated, the latest first."""
    given = {
        "customer_id": asked.customer_id,
        "first_day": asked.from_at.astimezone(UTC).date(),
        "last_day": asked.to_at.astimezone(UTC).date(),
        "since": asked.since,
    }
    late = str(CAUSES.number(RestatedBecause.LATE_READING))
    looked_at = layout.sql(_LOOKED_AT, late=late) if asked.looked_at else ""
    statement = layout.sql(_SINCE, looked_at=looked_at)
    rows = await rows_of(session, _RestatedRow, statement, given, keys=layout.key_width)
    return [
        RestatedDay(
            DayChange(row.key, row.day, row.allocated_delta, row.unallocated_delta, row.estimated_delta),
            row.restated_at,
            CAUSES.word(row.cause),
            row.decision_id,
            None if row.event_kind is None else kind_of_code(row.event_kind),
            row.event_at,
        )
        for row in rows
    ]


async def as_it_stood(
    session: AsyncSession, layout: Layout, asked: JournalAsked, live: LiveHours
) -> LiveHours:
    """Return hours of a window as they stood at an instant, in place of those that were restated since."""
    restated = await restated_since(session, layout, asked)
    changes: dict[MeterKey, list[DayChange]] = {}
    for each in restated:
        changes.setdefault(each.change.key, []).append(each.change)
    if not changes:
        return live
    given = layout.arrays(changes) | {"from_at": asked.from_at - HOUR, "to_at": asked.to_at}
    rows = await rows_of(session, _PresentHour, layout.sql(_PRESENT), given, keys=layout.key_width)
    stored: dict[MeterKey, dict[datetime, EnergyOfHour]] = {}
    for row in rows:
        stored.setdefault(row.key, {})[row.hour] = EnergyOfHour(*row[2:])
    return live.replaced(
        hour
        for key, its_changes in changes.items()
        for hour in _overlay(key, stored.get(key, {}), its_changes, live)
    )


def _overlay(
    key: MeterKey,
    stored: Mapping[datetime, EnergyOfHour],
    changes: Sequence[DayChange],
    live: LiveHours,
) -> list[LiveHour]:
    nothing = EnergyOfHour()
    found: list[LiveHour] = []
    for hour, then in hours_before(stored, changes).items():
        known = live.find(key, hour)
        now = stored.get(hour, nothing)
        was = known.stored if known else Amounts(now[0], now[2], now[1])
        is_now = was._replace(
            allocated_milliwh=then.allocated_milliwh,
            estimated_milliwh=then.estimated_milliwh,
            unallocated_milliwh=then.unallocated_milliwh,
        )
        found.append(LiveHour(key, hour, was, is_now))
    return found
