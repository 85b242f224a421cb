"""One meter event, as texts and pictures: the question, the register around it, what each answer would do."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from zoneinfo import ZoneInfo

from portal.core.energy.rules.judging import ProposalKind
from portal.core.languages import tr
from portal.core.quality.rules.answers import SWITCHES, Correction, EventAnswer, answers_to
from portal.core.quality.rules.effects import Effect, SpanEffect
from portal.core.quality.rules.typed_values import milliwh_of, scale_of
from portal.core.quality.service.effects import AnsweredEvent
from portal.core.values.money import kwh_from_milliwh, round_money
from portal.core.values.time import epoch_microseconds, instant_of
from portal.core.words import noted
from portal.features.data_quality.pictures import NARROW, WIDE, register_picture
from portal.features.data_quality.view import what_happened
from portal.features.data_quality.words import QUESTIONS, REASONS, STEPS, answer_words
from portal.ui import formats

_NO_CHANGE = noted("no change")


class AnswerCard(TypedDict):
    """An answer with its effects; `is_now`: that is how it counts already."""

    key: str
    words: str
    note: str
    is_now: bool
    is_correction: bool
    has_effects: bool
    day_kwh: str
    day_change: str
    since_kwh: str
    since_change: str
    button: str


@dataclass
class EventView:
    """The event that is open; its times, also one that is typed, are those of `zone`, its site's."""

    id: str = ""
    zone: str = "UTC"
    question: str = ""
    why: str = ""
    picture: str = ""
    narrow_picture: str = ""
    suspects: str = ""
    readings: str = ""
    day: str = ""
    at_value: str = ""
    note: str = ""
    answers: list[AnswerCard] = field(default_factory=list[AnswerCard])


def build_event(found: AnsweredEvent) -> EventView:
    """The open event."""
    event, zone = found.event, found.zone
    readings = formats.counted(event.readings, "{count} reading", "{count} readings")
    question = tr(QUESTIONS[event.kind], device=event.device_name, readings=readings)
    watts = formats.number((event.watts or 0) / 1000, 0)
    first = event.at if found.asked.before_at is None else instant_of(found.asked.before_at)
    when = tr(
        "{first} to {until}",
        first=formats.local_time(first, zone),
        until=formats.near_time(event.until, zone),
    )
    label = tr(
        "Register of {device_name}, {when}: {event}",
        device_name=event.device_name,
        when=when,
        event=what_happened(event),
    )
    picture = found.picture
    return EventView(
        id=event.id,
        zone=zone,
        question=question,
        why=f"{when}. {tr(REASONS[event.kind], watts=watts)}",
        picture=register_picture(picture, zone, WIDE, label),
        narrow_picture=register_picture(picture, zone, NARROW, label),
        suspects=tr("Suspect, {suspect_count}", suspect_count=formats.number(picture.suspect_count, 0))
        if picture.suspect_count
        else "",
        readings=formats.counted(picture.reading_count, "{count} reading", "{count} readings"),
        day=formats.day_of_month(found.day),
        at_value=event.at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"),
        note="" if found.is_all else tr("The effects reach to the first three months behind the event."),
        answers=[_card(found, answer) for answer in answers_to(found.asked)],
    )


def _card(found: AnsweredEvent, answer: EventAnswer) -> AnswerCard:
    effect = next((each for each in found.effects if each.answer is answer), None)
    words, note = answer_words(found.event.kind, answer)
    texts = _effect_texts(effect, found.currency)
    return {
        "key": answer.value,
        "words": words,
        "note": note.format(**_facts(found)),
        "is_now": answer is EventAnswer.CONFIRM,
        "is_correction": answer is EventAnswer.CORRECT,
        "has_effects": effect is not None,
        "day_kwh": texts[0],
        "day_change": texts[1],
        "since_kwh": texts[2],
        "since_change": texts[3],
        "button": texts[4],
    }


def _facts(found: AnsweredEvent) -> dict[str, str]:
    before = found.asked.before_at
    kind = found.event.kind
    return {
        "before": tr("its end") if before is None else formats.near_time(instant_of(before), found.zone),
        "at": formats.near_time(found.event.at, found.zone),
        "step": tr(STEPS.get(kind, "")) if kind in SWITCHES else "",
    }


def _effect_texts(effect: Effect | None, currency: str) -> tuple[str, str, str, str, str]:
    """The energy of the day and its change, the same of all since, and what the button says."""
    if effect is None:
        return "", "", "", "", tr("Decide")
    return (
        _kwh(effect.day),
        _change(effect.day, currency),
        _kwh(effect.since),
        _change(effect.since, currency),
        tr("Decide: {effect}", effect=_change(effect, currency)),
    )


def _kwh(span: SpanEffect) -> str:
    return tr("no readings") if span.kwh is None else f"{formats.number(span.kwh, 1)}\u00a0kWh"


def _change(change: SpanEffect | Effect, currency: str) -> str:
    if not change.kwh_change and not change.gap_kwh_change:
        return tr(_NO_CHANGE)
    parts = [signed_kwh(change.kwh_change)] if change.kwh_change else []
    if change.cost_change is not None:
        parts.append(signed_money(change.cost_change, currency))
    if change.gap_kwh_change:
        parts.append(tr("{gap_kwh_change} in gaps", gap_kwh_change=signed_kwh(change.gap_kwh_change)))
    return ", ".join(parts)


def signed_kwh(kwh: Decimal) -> str:
    """Energy that is more or less: `+35.60 kWh`."""
    return f"{_sign(kwh)}{formats.number(kwh, 2)}\u00a0kWh"


def signed_money(amount: Decimal, currency: str) -> str:
    """Money that is more or less: `+R 95.40`."""
    shown = round_money(amount, currency)
    return f"{_sign(shown)}{formats.money(shown, currency)}"


def _sign(value: Decimal) -> str:
    return "+" if value > 0 else ""


def correction_of(typed: dict[str, str], zone: str) -> Correction:
    """What somebody typed of an exchange. Raises `ValueError`, in words, for what is no register, time or ratio."""
    at = typed.get("at", "").strip()
    ratio = typed.get("ratio", "").strip()
    return Correction(
        at=None if not at else _instant(at, zone),
        closing_milliwh=milliwh_of(_number(typed.get("closing", ""))),
        opening_milliwh=milliwh_of(_number(typed.get("opening", ""))),
        scale=None if not ratio else scale_of(ratio),
    )


def _instant(text: str, zone: str) -> int:
    try:
        return epoch_microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))
    except ValueError:
        msg = tr("the time is written like 2026-11-24 10:35")
        raise ValueError(msg) from None


def _number(text: str) -> Decimal | None:
    """Read a number as people type it: with spaces between thousands, and a point or a comma."""
    plain = "".join(text.split()).replace(",", ".")
    if not plain:
        return None
    try:
        return Decimal(plain)
    except ArithmeticError:
        msg = tr("{strip} is no number of kWh", strip=f"{text.strip()!r}")
        raise ValueError(msg) from None


def kwh_shown(milliwh: int | None) -> str:
    """What a register showed, for a box."""
    return "" if milliwh is None else f"{kwh_from_milliwh(milliwh):.1f}"


__all__ = ["AnswerCard", "EventView", "ProposalKind", "build_event", "correction_of"]
