"""One month of a recompute pass, or as much of a meter as can be settled.

At the seam between two months energy goes neither lost nor twice. What lies before an accepted reading is final, so of
a month only the hours before that of its last accepted reading are written. The next begins with that hour, from the
state that is stored with the hours before: where one fold over all readings would be by then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import is_so, value_of
from portal.core.energy.queries.energy_rows import Reach, replace_energy
from portal.core.energy.queries.folds import (
    Stretch,
    fold_in_database,
    fold_stretches,
    state_before,
)
from portal.core.energy.queries.passes import Pass
from portal.core.energy.rules.hours import HourFold, MeterState, Rules, first_changed_hour
from portal.core.values.time import HOUR, floor_hour

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey

_FIRST_READING = """
SELECT m.time FROM {devices} d CROSS JOIN LATERAL {schema}.next_imported(d.customer, d.meter, '-infinity', 1) m
WHERE {d.customer_id = :customer_id AND} d.id = :device_id
"""
_HAS_READINGS = """
SELECT EXISTS (
    SELECT 1 FROM {devices} d CROSS JOIN LATERAL (
        SELECT FROM {stored_readings} r
        WHERE r.customer = d.customer AND r.meter = d.meter AND r.energy_imported_kwh IS NOT NULL AND r.time >= :since
        LIMIT 1
    ) m WHERE {d.customer_id = :customer_id AND} d.id = :device_id
)
"""
# A step ends with a month. One that began at the end of a month ends with the next.
_SHORTEST = timedelta(days=2)


class RecomputedMonth(NamedTuple):
    """What a pass rewrote: a meter's hours from `first` to before `until`, None being open; and what is left."""

    key: MeterKey
    first: datetime | None
    until: datetime | None
    asked_at: datetime | None

    @property
    def rest(self) -> tuple[Pass, ...]:
        """What is left of the pass; nothing where this was the last month."""
        return () if self.until is None else (Pass(self.key, self.until, self.asked_at),)


async def recompute_month(
    session: AsyncSession, layout: Layout, going: Pass, rules: Rules
) -> RecomputedMonth:
    """Compute the next month of a pass, and replace what is stored of it; returns what was replaced."""
    stretch = await _beginning(session, layout, going, rules)
    first = stretch.start if stretch.state.base or stretch.state.candidates else None
    fold, until = await _fold_month(session, layout, stretch)
    last = None if until is None else until - HOUR
    await replace_energy(session, layout, [Reach(going.key, first, last, fold)])
    return RecomputedMonth(going.key, first, until, going.asked_at)


async def _beginning(session: AsyncSession, layout: Layout, going: Pass, rules: Rules) -> Stretch:
    """Return where the pass goes on: at its hour, or at the first reading."""
    if going.from_hour is not None:
        state = await state_before(session, layout, going.key, going.from_hour)
        # A state that knows readings of the hour or later was not left by the hours before: rows were changed.
        if state.latest_at is not None and state.latest_at < going.from_hour:
            return Stretch(going.key, rules, going.from_hour, state)
    first_at = await _first_reading(session, layout, going.key)
    return Stretch(going.key, rules, first_at and floor_hour(first_at))


async def _fold_month(
    session: AsyncSession, layout: Layout, stretch: Stretch
) -> tuple[HourFold, datetime | None]:
    """Fold up to the end of a month; returns the hours, and up to which they are final, None: all, to the last reading.

    Where nothing is accepted in a month, twice as much is folded, and so on.
    """
    if stretch.start is None:
        return HourFold({}, MeterState()), None
    length = _SHORTEST
    while True:
        stretch.end = month_after(stretch.start + length)
        is_last = not await _has_readings(session, layout, stretch.key, stretch.end)
        fold = await fold_in_database(session, layout, stretch)
        if fold is None:
            [fold] = await fold_stretches(session, layout, [stretch])
        if is_last:
            return fold, None
        open_from = first_changed_hour(fold.end_state)
        if open_from is not None and open_from > stretch.start:
            return fold, open_from
        length = 2 * (stretch.end - stretch.start)


def month_after(at: datetime) -> datetime:
    """Return the first UTC month that begins at an instant or later."""
    begun = datetime(at.year, at.month, 1, tzinfo=UTC)
    if begun == at:
        return begun
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


async def _first_reading(session: AsyncSession, layout: Layout, key: MeterKey) -> datetime | None:
    return await value_of(session, datetime, layout.sql(_FIRST_READING), layout.given(key))


async def _has_readings(session: AsyncSession, layout: Layout, key: MeterKey, since: datetime) -> bool:
    given = {**layout.given(key), "since": since}
    return await is_so(session, layout.sql(_HAS_READINGS), given)
