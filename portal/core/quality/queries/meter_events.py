"""Meter events as they are stored, with the meters they are about and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of, value_of
from portal.core.energy.rules.event_codes import code_of_kind, kind_of_code, reason_of_code
from portal.core.energy.rules.judging import ProposalKind, SuspectReason
from portal.core.errors import NotFound
from portal.core.quality.rules.event_ids import EventId, event_id
from portal.core.values.pages import EVERYTHING, Asked
from portal.core.values.time import epoch_microseconds, instant_of
from portal.core.words import noted, say

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_GONE = noted("There is no such event: it may have been decided, or late readings may have explained it")
_SERIOUS = ("reset", "exchange", "rollover", "clockJump", "noise", "noRegister", "learnedBound")
_A_LINE_OF_ITS_OWN = 3
_FAR_APART = 10
# A register that wobbles makes an event each time: few and small glitches are counted and shown, and are nobody's work.
# What was decided is not proposed again once its readings were judged again; until then it waits no more either.
_WAITS = """
(e.kind IN ({serious}) OR e.kind = {glitch} AND e.readings >= {line} OR e.kind = {conflict} AND EXISTS (
    SELECT FROM {suspect_spans} p LEFT JOIN {meter_heads} h
      ON {h.customer_id = p.customer_id AND} h.device_id = p.device_id AND h.register = p.register
    WHERE {p.customer_id = e.customer_id AND} p.device_id = e.device_id AND p.register = e.register
      AND p.first_at = e.at AND {far} * coalesce(h.count_milliwh, 100000)
        <= least(abs(p.first_milliwh - e.closing_milliwh), abs(p.first_milliwh - e.opening_milliwh))
))
AND NOT EXISTS (
    SELECT FROM {meter_decisions} m
    WHERE {m.customer_id = e.customer_id AND} m.device_id = e.device_id AND m.undoes IS NULL
      AND m.event_kind = e.kind AND m.event_at = e.at
      AND NOT EXISTS (
          SELECT FROM {meter_decisions} u WHERE {u.customer_id = m.customer_id AND} u.undoes = m.id
      )
)
"""
_EVENTS = """
SELECT {e.customer_id,} e.device_id, d.name AS device_name, d.external_id, s.name AS site_name,
       s.{municipality_id} AS municipality_id, e.kind, e.at, e.until, e.readings, e.closing_milliwh, e.opening_milliwh,
       e.milliwh, e.reasons, e.shift, e.watts, e.proposed_at, {waits} AS is_waiting
FROM (SELECT * FROM {meter_events} WHERE {whose}) e
JOIN {devices} d ON {d.customer_id = e.customer_id AND} d.id = e.device_id
JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE e.register = 0 {more}
ORDER BY e.at DESC, e.device_id DESC, e.kind DESC LIMIT :most
"""
_AFTER = "AND (e.at, e.device_id, e.kind) < (:after_at, :after_device, :after_kind) "
_COUNT = """
SELECT count(*) FROM (SELECT * FROM {meter_events} WHERE {whose}) e WHERE e.register = 0 AND {waits}
"""
_BY_CUSTOMER = """
SELECT e.customer_id, c.name, count(*) AS events FROM fleet.meter_events e
JOIN fleet.customers c ON c.id = e.customer_id WHERE e.register = 0 AND {waits}
GROUP BY e.customer_id, c.name ORDER BY events DESC, c.name
"""


class StoredEvent(NamedTuple):
    """A meter event as the judge proposes it, and the meter it is about; energies in milliwatt-hours of its register.

    `is_waiting` tells whether a person is to decide about it, or to see it.
    """

    key: MeterKey
    device_name: str
    external_id: str
    site_name: str
    municipality_id: int | None
    kind: ProposalKind
    at: datetime
    until: datetime
    readings: int
    closing_milliwh: int | None
    opening_milliwh: int | None
    milliwh: int
    reasons: tuple[SuspectReason, ...]
    shift: timedelta | None
    watts: int | None
    proposed_at: datetime
    is_waiting: bool

    @property
    def device_id(self) -> UUID:
        """The device."""
        return self.key[-1]

    @property
    def id(self) -> str:
        """What names the event in addresses."""
        return str(EventId(self.device_id, self.kind, epoch_microseconds(self.at)))


class _EventRow(NamedTuple):
    key: MeterKey
    device_name: str
    external_id: str
    site_name: str
    municipality_id: int | None
    kind: int
    at: datetime
    until: datetime
    readings: int
    closing_milliwh: int | None
    opening_milliwh: int | None
    milliwh: int
    reasons: list[int]
    shift: timedelta | None
    watts: int | None
    proposed_at: datetime
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class EventsAsked:
    """Which events: of a customer (Admin) or all, of a device or all, those that wait or all; None asks for no part."""

    customer_id: UUID | None = None
    device_id: UUID | None = None
    is_waiting: bool = False


async def list_events(
    session: AsyncSession, layout: Layout, wanted: EventsAsked, asked: Asked = EVERYTHING
) -> list[StoredEvent]:
    """Return events, the latest first. The key of a page is the id. Raises `ValueError` for a key that is none."""
    more = ""
    if wanted.device_id is not None:
        more += "AND e.device_id = :device_id "
    if wanted.is_waiting:
        more += f"AND {_waits(layout)}"
    given: dict[str, object] = {
        "customer_id": wanted.customer_id,
        "device_id": wanted.device_id,
        "most": asked.fetched,
    }
    if asked.after is not None:
        last = event_id(asked.after[0])
        more += _AFTER
        given |= {"after_at": instant_of(last.at), "after_device": last.device_id}
        given |= {"after_kind": code_of_kind(last.kind)}
    statement = layout.sql(_EVENTS, whose=layout.whose(wanted.customer_id), waits=_waits(layout), more=more)
    return [_event(row) for row in await rows_of(session, _EventRow, statement, given, keys=layout.key_width)]


async def find_event(
    session: AsyncSession, layout: Layout, key: MeterKey, kind: ProposalKind, at: datetime
) -> StoredEvent | None:
    """Return one event of a meter; None where it is not, or no longer, proposed."""
    more = "AND e.device_id = :device_id AND e.kind = :kind AND e.at = :at"
    wanted = EventsAsked(layout.customer_of(key), key[-1])
    statement = layout.sql(_EVENTS, whose=layout.whose(wanted.customer_id), waits=_waits(layout), more=more)
    given = {"customer_id": wanted.customer_id, "device_id": key[-1], "most": 1}
    given |= {"kind": code_of_kind(kind), "at": at}
    found = await rows_of(session, _EventRow, statement, given, keys=layout.key_width)
    return _event(found[0]) if found else None


async def named_event(
    session: AsyncSession, layout: Layout, name: str, customer_id: UUID | None = None
) -> StoredEvent:
    """Return the event that an id names, of a customer (Admin). Raises `NotFound`."""
    try:
        asked = event_id(name)
    except ValueError as error:
        raise NotFound(say("There is no such event: {error}", error=error)) from None
    key = layout.key(asked.device_id, customer_id)
    # Without a customer there is no meter at the Admin, nor with one at a Client.
    is_key = len(key) == layout.key_width
    found = await find_event(session, layout, key, asked.kind, instant_of(asked.at)) if is_key else None
    if found is None:
        raise NotFound(_GONE)
    return found


async def count_waiting(session: AsyncSession, layout: Layout, customer_id: UUID | None = None) -> int:
    """Return how many events of a customer, or of all, wait for a person."""
    statement = layout.sql(_COUNT, whose=layout.whose(customer_id), waits=_waits(layout))
    return await value_of(session, int, statement, {"customer_id": customer_id}) or 0


class WaitingOfCustomer(NamedTuple):
    """How many events of a customer wait for a person."""

    customer_id: UUID
    name: str
    events: int


async def waiting_by_customer(session: AsyncSession, layout: Layout) -> list[WaitingOfCustomer]:
    """Return the customers (Admin) with events that wait, those with the most first."""
    return await rows_of(session, WaitingOfCustomer, layout.sql(_BY_CUSTOMER, waits=_waits(layout)), {})


def _waits(layout: Layout) -> str:
    serious = ", ".join(str(code_of_kind(ProposalKind(word))) for word in _SERIOUS)
    return layout.sql(
        _WAITS,
        serious=serious,
        glitch=str(code_of_kind(ProposalKind.GLITCH)),
        conflict=str(code_of_kind(ProposalKind.CONFLICT)),
        line=str(_A_LINE_OF_ITS_OWN),
        far=str(_FAR_APART),
    )


def _event(row: _EventRow) -> StoredEvent:
    return StoredEvent(
        *row[:5],
        kind_of_code(row.kind),
        *row[6:12],
        tuple(reason_of_code(code) for code in row.reasons),
        *row[13:],
    )


_DECIDED = """
SELECT {m.customer_id,} m.device_id, m.id, d.name AS device_name, s.name AS site_name
FROM (SELECT * FROM {meter_decisions} WHERE {whose}) m
JOIN {devices} d ON {d.customer_id = m.customer_id AND} d.id = m.device_id
JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE m.register = 0 ORDER BY m.decided_at DESC, m.id LIMIT :most
"""
_DEVICE_OF_DECISION = "SELECT device_id FROM {meter_decisions} WHERE id = :id"


class DecidedRow(NamedTuple):
    """A decision by its id, and the names of its meter."""

    key: MeterKey
    id: UUID
    device_name: str
    site_name: str


async def list_decided(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, most: int | None
) -> list[DecidedRow]:
    """Return which decisions were made of a customer's meters, or of all, the latest first."""
    given = {"customer_id": customer_id, "most": most}
    return await rows_of(
        session,
        DecidedRow,
        layout.sql(_DECIDED, whose=layout.whose(customer_id)),
        given,
        keys=layout.key_width,
    )


async def device_of_decision(session: AsyncSession, layout: Layout, decision_id: UUID) -> UUID | None:
    """Return the device of a Client that a decision is about; None where there is no such decision."""
    return await value_of(session, UUID, layout.sql(_DEVICE_OF_DECISION), {"id": decision_id})
