"""Decisions about a customer's meters, as its stack pushed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.database.layout import LAYOUTS
from portal.core.energy.queries.decisions import decision_of_row, decisions_of_meters, insert_decisions
from portal.core.energy.queries.rejudging import judge_again
from portal.core.energy.rules.judging import ProposalKind
from portal.core.energy.rules.judging.decision_fields import decision_of
from portal.core.fleet.queries import fleet_devices
from portal.core.settings import RunMode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy.wire import MeterDecisionRow

_LAYOUT = LAYOUTS[RunMode.ADMIN]
_KINDS = frozenset(kind.value for kind in ProposalKind)


def row_problem(row: MeterDecisionRow) -> str | None:
    """Return why a row is no decision that can be kept; None for one that can."""
    if row.event_kind is not None and row.event_kind not in _KINDS:
        return "eventKind: unknown kind of event"
    if row.event_kind is not None and row.event_at is None:
        return "eventAt is missing"
    if row.says is None:
        return None
    try:
        decision_of(row.says)
    except ValueError as error:
        return f"says: {error}"
    return None


async def store(session: AsyncSession, customer_id: UUID, rows: Sequence[MeterDecisionRow]) -> None:
    """Store decisions that are not there yet, and have judged again what they are about."""
    aliases = await fleet_devices.aliases(session, customer_id)
    decisions = [
        decision_of_row(row, (customer_id, aliases.get(row.device_id, row.device_id))) for row in rows
    ]
    new = await insert_decisions(session, _LAYOUT, decisions)
    if not new:
        return
    fresh = [each for each in decisions if each.id in new]
    devices = {each.key[-1] for each in fresh}
    known = await fleet_devices.known_ids(session, customer_id, devices)
    stored = await decisions_of_meters(session, _LAYOUT, [(customer_id, device) for device in known])
    undone = {each.undoes for each in fresh}
    concerned = [each for its in stored.values() for each in its if each.id in new or each.id in undone]
    await judge_again(session, _LAYOUT, concerned)
