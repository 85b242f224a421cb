"""What each answer to a meter event would do to energy and money, before anybody gives it."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from portal.core.cost.queries.cost import CostScope, segments_by_hour, zone_named
from portal.core.cost.rules.changed_hours import cost_of_hours
from portal.core.energy.queries.decisions import decisions_of_meters
from portal.core.energy.rules.judging import judged_hours
from portal.core.errors import Invalid
from portal.core.quality.queries import meter_events as queries
from portal.core.quality.queries.judged_windows import answerable, look_around
from portal.core.quality.rules.answers import Correction, EventAnswer, answers_to, decisions_of
from portal.core.quality.rules.effects import (
    Effect,
    HourChange,
    SpanEffect,
    energy_between,
    hour_changes,
    milliwh_by_hour,
    span_effect,
)
from portal.core.quality.rules.pictures import RegisterPicture, picture_around
from portal.core.tariffs.queries import tariffs
from portal.core.values.time import HOUR, epoch_microseconds, instant_of, local_midnight
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from portal.core.database.layout import Layout
    from portal.core.energy.queries.decisions import StoredDecision
    from portal.core.energy.rules.judging import JudgedHour, MeterDecision
    from portal.core.quality.queries.judged_windows import JudgedWindow
    from portal.core.quality.queries.meter_events import StoredEvent
    from portal.core.quality.rules.answers import AnswerableEvent
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs

_DAY = timedelta(days=1)
_FOR_EVER = 1 << 62
_MICROSECONDS_PER_MINUTE = 60_000_000


@dataclass(frozen=True)
class AnsweredEvent:
    """A meter event with what is known of it: the register around it, and what each answer would do.

    `day` is the local date of the event in `zone`. `asked` is what answers go by. `is_all` tells whether the effects
    reach up to now. `decisions` were made about it before.
    """

    event: StoredEvent
    asked: AnswerableEvent
    day: date
    zone: str
    currency: str
    effects: tuple[Effect, ...]
    picture: RegisterPicture
    is_all: bool
    decisions: tuple[StoredDecision, ...]


async def effects_of(
    stack: Stack, name: str, customer_id: UUID | None = None, known: Correction | None = None
) -> AnsweredEvent:
    """Return an event by its id with what each answer would do; of `correct`, where `known` says what is known.

    Raises `NotFound`, and `Invalid`, in words, for what cannot be true.
    """
    async with stack.db.snapshot() as session:
        event = await queries.named_event(session, stack.layout, name, customer_id)
        window = await look_around(session, stack.layout, event.key, event.at, stack.clock())
        municipalities = [
            each
            for each in await tariffs.load(session, customer_id)
            if each.municipality_id == event.municipality_id
        ]
        decided = (await decisions_of_meters(session, stack.layout, [event.key])).get(event.key, [])
    asked, pricing = answerable(event, window), _pricing(stack, municipalities)
    said = _sayable(asked, known)
    effects = [await _effect(window, answer, says, pricing, event.at) for answer, says in said.items()]
    first_at = asked.at if asked.before_at is None else asked.before_at
    last_at = epoch_microseconds(event.until)
    return AnsweredEvent(
        event,
        asked,
        event.at.astimezone(pricing.zone).date(),
        pricing.zone.key,
        pricing.currency,
        tuple(effects),
        picture_around(window.judgement, first_at, last_at, pricing.max_gap),
        window.is_all,
        tuple(each for each in decided if (each.event_kind, each.event_at) == (event.kind, event.at)),
    )


def _sayable(
    asked: AnswerableEvent, known: Correction | None
) -> dict[EventAnswer, tuple[MeterDecision, ...]]:
    """Return what each answer decides. Raises `Invalid`."""
    try:
        return {
            answer: decisions_of(asked, answer, known if answer is EventAnswer.CORRECT else None)
            for answer in answers_to(asked)
            if answer is not EventAnswer.NOTED and (answer is not EventAnswer.CORRECT or known is not None)
        }
    except ValueError as error:
        text = str(error)
        message = say("{upper}{words}.", upper=text[:1].upper(), words=text[1:])
        raise Invalid(message) from None


class _Pricing(NamedTuple):
    """By whose prices and days effects are shown, and what a gap is."""

    layout: Layout
    municipalities: Sequence[MunicipalTariffs]
    zone: ZoneInfo
    currency: str
    max_gap: int


def _pricing(stack: Stack, municipalities: Sequence[MunicipalTariffs]) -> _Pricing:
    own = ZoneInfo(stack.settings.application.time_zone)
    zones = [zone for each in municipalities if (zone := zone_named(each.time_zone_id))]
    currencies = {each.currency for one in municipalities for each in one.tariffs if each.currency}
    billing = stack.settings.billing
    return _Pricing(
        stack.layout,
        municipalities,
        zones[0] if zones else own,
        currencies.pop() if len(currencies) == 1 else billing.currency,
        billing.max_gap_minutes * _MICROSECONDS_PER_MINUTE,
    )


async def _effect(
    window: JudgedWindow,
    answer: EventAnswer,
    says: Sequence[MeterDecision],
    pricing: _Pricing,
    at: datetime,
) -> Effect:
    then = await window.as_if(says)
    now_hours, hours = await asyncio.to_thread(
        lambda: [judged_hours(each, pricing.max_gap) for each in (window.judgement, then)]
    )
    changes = hour_changes(now_hours, hours)
    day = at.astimezone(pricing.zone).date()
    first, end = (epoch_microseconds(local_midnight(each, pricing.zone)) for each in (day, day + _DAY))
    cut = bisect_left(changes, end, key=lambda change: change.hour)
    return Effect(
        answer,
        _span(hours, changes[:cut], pricing, (first, end)),
        _span(hours, changes[cut:], pricing, (end, _FOR_EVER)),
    )


def _span(
    hours: Sequence[JudgedHour], changes: Sequence[HourChange], pricing: _Pricing, span: tuple[int, int]
) -> SpanEffect:
    return span_effect(energy_between(hours, *span), changes, _cost(changes, pricing))


def _cost(changes: Sequence[HourChange], pricing: _Pricing) -> Decimal | None:
    energy = {instant_of(hour): milliwh for hour, milliwh in milliwh_by_hour(changes).items()}
    if not energy:
        return None
    scope = CostScope(
        pricing.layout, min(energy), max(energy) + HOUR, day_zone=ZoneInfo("UTC"), own_zone=pricing.zone
    )
    return cost_of_hours(energy, segments_by_hour(pricing.municipalities, scope))
