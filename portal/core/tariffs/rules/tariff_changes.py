"""What is told of a tariff in the audit trail: which one it is, and what was changed of it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from portal.core.audit.rules.changes import amount, changes_in_words, facts_in_words
from portal.core.tariffs.rules.tariff_fields import AboutField, members
from portal.core.tariffs.rules.tariffs import (
    ANY_DAY,
    DAY_NAMES,
    EVERY_DAY,
    HOLIDAY_BIT,
    Period,
    Season,
    Tariff,
)

_LONGEST_NAME = 100
_RATE = "rate"  # of a period: what it is all about
_PERCENT = Decimal(100)


def title_of(tariff: Tariff, municipality: str) -> str:
    """Return which tariff it is, like "Domestic of Example City from 2026-01-01"; long names are cut."""
    name, shown_municipality = tariff.name[:_LONGEST_NAME], municipality[:_LONGEST_NAME]
    return f"{name} of {shown_municipality} from {tariff.effective_from}"


def tariff_change_in_words(before: tuple[Tariff, str] | None, after: tuple[Tariff, str] | None) -> str:
    """Return what differs between two states of a tariff, each with its municipality's name.

    Without one of them, all there is to say of the other. Rates are per kWh, without VAT.
    """
    was, now = (tariff_facts(*state) if state is not None else {} for state in (before, after))
    return changes_in_words(was, now) if was and now else facts_in_words(was or now)


def tariff_facts(tariff: Tariff, municipality: str) -> dict[str, object]:
    """Return all there is to say of a tariff, by what it is called; rates are per kWh, without VAT."""
    return _told_apart(_facts(tariff, municipality))


def _told_apart(facts: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return facts by name. Where a part is called like another, or like a field, its facts have a number behind."""
    told: dict[str, object] = {}
    for name, value in facts:
        unused = (f"{name} ({number})" for number in count(2))
        told[name if name not in told else next(each for each in unused if each not in told)] = value
    return told


def _facts(tariff: Tariff, municipality: str) -> Iterator[tuple[str, object]]:
    yield "name", tariff.name
    yield "municipality", municipality
    yield from _said(tariff)
    yield from _rates(tariff.periods)
    for season in tariff.seasons:
        yield from _season(season)
    for holiday in tariff.holidays:
        yield f"holiday {holiday.on_date}", f"{holiday.name}, as a {holiday.day_type}"


def _said(part: Tariff | Season | Period) -> Iterator[tuple[str, object]]:
    """Yield those fields that have words of their own."""
    for member in members(type(part)):
        if member.about.words:
            value = getattr(part, member.name)
            yield member.about.words, _amount(value, member.about) if member.kind is Decimal else value


def _amount(value: Decimal | None, about: AboutField) -> str | None:
    return amount(value * _PERCENT, "%") if about.is_share and value is not None else amount(value)


def _season(season: Season) -> Iterator[tuple[str, object]]:
    yield season.name, f"{season.first_day} to {season.last_day}"
    for words, value in _said(season):
        yield f"{season.name}, {words}", value
    for name, rate in _rates(season.periods):
        yield f"{season.name}, {name}", rate


def _rates(periods: Iterable[Period]) -> Iterator[tuple[str, object]]:
    for period in periods:
        span = f"{period.start_time:%H:%M}-{period.end_time:%H:%M}"
        name = f"{period.name} {_days(period.days_of_week)} {span}"
        for words, value in _said(period):
            yield name if words == _RATE else f"{name}, {words}", value


def _days(mask: int) -> str:
    if mask in {EVERY_DAY, ANY_DAY}:
        return "daily" if mask == EVERY_DAY else "daily and on holidays"
    names = [name[:3] for index, name in enumerate(DAY_NAMES) if mask & 1 << index]
    return " ".join([*names, *(["holidays"] if mask & HOLIDAY_BIT else [])])
