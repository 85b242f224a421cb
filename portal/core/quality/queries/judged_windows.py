"""A meter's register around an instant, judged as it is and as it would be."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.energy.queries.decisions import decisions_in_force
from portal.core.energy.rules.judging import (
    Judgement,
    LinkKind,
    MeterDecision,
    RegisterFacts,
    RegisterReading,
    judge,
)
from portal.core.errors import NotFound
from portal.core.quality.queries import registers
from portal.core.quality.rules.answers import SWITCHES, AnswerableEvent, Box, boxes_around
from portal.core.values.time import epoch_microseconds
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.quality.queries.meter_events import StoredEvent

# Enough before an event for the judge to know the line; a meter that is read rarely is looked at from farther back.
_BEFORE = (timedelta(days=3), timedelta(days=36))
_FEW = 24
_MOST_READINGS = 150_000  # three months of one a minute


@dataclass(frozen=True)
class JudgedWindow:
    """Readings of a register from some days before an instant to now, and how they are judged.

    `is_all` tells whether all readings up to now are among them.
    """

    readings: Sequence[RegisterReading]
    facts: RegisterFacts
    decisions: Sequence[MeterDecision]
    judgement: Judgement
    is_all: bool

    async def as_if(self, said: Sequence[MeterDecision]) -> Judgement:
        """Return how the readings would be judged if this were decided as well."""
        return await asyncio.to_thread(judge, self.readings, self.facts, [*self.decisions, *said])

    def around(self, at: int) -> tuple[int | None, int | None]:
        """Return the last accepted reading before an instant, and the first one from it on, by their index."""
        spans, times = self.judgement.spans, self.judgement.times
        first = bisect_left(times, at)
        before = max((min(span.last, first - 1) for span in spans if span.first < first), default=None)
        after = min((max(span.first, first) for span in spans if span.last >= first), default=None)
        return before, after

    def line_from(self, first: int) -> tuple[Box, ...]:
        """Return the box of the accepted readings from one of them on, up to where another line begins."""
        judgement = self.judgement
        switches = (
            link.before for link in judgement.links if link.before >= first and link.kind is not LinkKind.RISE
        )
        accepted = [span.last for span in judgement.spans if span.last >= first]
        if not accepted:
            return ()
        last = min(switches, default=accepted[-1])
        shown = [
            judgement.shown[i]
            for span in judgement.spans
            for i in range(max(span.first, first), min(span.last, last) + 1)
        ]
        return (Box(judgement.times[first], judgement.times[last], min(shown), max(shown)),)

    def suspects(self, first_at: int, last_at: int) -> list[RegisterReading]:
        """Return the readings of a time that are not believed."""
        times, shown = self.judgement.times, self.judgement.shown
        return [
            (times[i], shown[i])
            for span in self.judgement.suspects
            for i in range(span.first, span.last + 1)
            if first_at <= times[i] <= last_at
        ]


async def look_around(
    session: AsyncSession, layout: Layout, key: MeterKey, at: datetime, now: datetime
) -> JudgedWindow:
    """Read and judge a register from some days before an instant to now. Raises `NotFound`."""
    facts = await registers.facts_of(session, layout, key)
    if facts is None:
        message = noted("There is no such device")
        raise NotFound(message)
    readings: list[RegisterReading] = []
    until = now + timedelta(days=1)
    for before in _BEFORE:
        most = _MOST_READINGS + 1
        readings = await registers.readings_between(session, layout, key, at - before, until, most)
        if bisect_left(readings, (epoch_microseconds(at),)) >= _FEW:
            break
    decisions = (await decisions_in_force(session, layout, [key])).get(key, [])
    some = readings[:_MOST_READINGS]
    judgement = await asyncio.to_thread(judge, some, facts, decisions)
    return JudgedWindow(some, facts, decisions, judgement, len(readings) <= _MOST_READINGS)


def answerable(event: StoredEvent, window: JudgedWindow) -> AnswerableEvent:
    """Return an event with what an answer to it goes by."""
    at, until = epoch_microseconds(event.at), epoch_microseconds(event.until)
    before, after = window.around(at)
    times, shown = window.judgement.times, window.judgement.shown
    is_switch = event.kind in SWITCHES
    if is_switch:
        boxes = () if after is None else window.line_from(after)
    else:
        boxes = boxes_around(window.suspects(at, until))
    return AnswerableEvent(
        kind=event.kind,
        at=at,
        before_at=None if before is None else times[before],
        closing_milliwh=event.closing_milliwh if before is None else shown[before],
        opening_milliwh=event.opening_milliwh if after is None or not is_switch else shown[after],
        boxes=boxes,
        has_width=window.facts.width_milliwh is not None,
    )
