"""From one choice to the next: what the buttons of the page of charts do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.client.dashboards.address import Chosen, chosen_in
from portal.client.dashboards.reading import ChartChoice
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.rules.charts import CHART_KINDS
from portal.core.values.time import local_midnight

WORTH_COMING_BACK_FROM: Final = frozenset(("open-day", "open-month", "in", "out"))
"""Steps after which Back leads to what was shown before them."""

_CLOSER = 4
_LONGEST = timedelta(days=3660)


def taken(choice: ChartChoice, step: str, value: str) -> Chosen:
    """What is chosen after a step; the same for a step there is not."""
    does = _STEPS.get(step)
    return choice.chosen if does is None else does(choice, value)


def zoomed(choice: ChartChoice, first: str, last: str) -> Chosen:
    """What is chosen after a part of the time was selected, by two ISO instants; the same where they are none."""
    asked = chosen_in({"from": first, "to": last}).zoom
    return choice.chosen if asked is None else choice.chosen.zoomed(asked.from_at, asked.to_at)


def days_between(first: str, last: str, zone: ZoneInfo) -> TimeSpan | None:
    """The stretch of time of two ISO days, both included; None for what are none."""
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
        span = TimeSpan(local_midnight(days[0], zone), local_midnight(days[1] + timedelta(days=1), zone))
    except (ValueError, OverflowError):
        return None
    return span if timedelta(0) < span.length <= _LONGEST else None


def _range(choice: ChartChoice, value: str) -> Chosen:
    """Another range: around the day that is shown, unless today is in sight."""
    middle = (choice.span.from_at + choice.span.length / 2).astimezone(choice.zone).date()
    last = (choice.span.to_at - timedelta(seconds=1)).astimezone(choice.zone).date()
    first = choice.span.from_at.astimezone(choice.zone).date()
    is_today_in_sight = first <= choice.today <= last
    return choice.chosen.at(value, None if is_today_in_sight else middle)


def _step(choice: ChartChoice, value: str) -> Chosen:
    return choice.chosen.stepped(-1 if value == "back" else 1, choice.today, choice.zone)


def _closer(choice: ChartChoice, _value: str) -> Chosen:
    quarter = choice.span.length / _CLOSER
    return choice.chosen.zoomed(choice.span.from_at + quarter, choice.span.to_at - quarter)


def _further(choice: ChartChoice, _value: str) -> Chosen:
    half = min(choice.span.length / 2, (_LONGEST - choice.span.length) / 2)
    return choice.chosen.zoomed(choice.span.from_at - half, choice.span.to_at + half)


def _add(choice: ChartChoice, value: str) -> Chosen:
    """Show a meter or a site beside what is shown."""
    chosen = _explicit(choice)
    key = _uuid(value)
    if key is None:
        return chosen
    if any(meter.id == key for meter in choice.offered):
        return replace(chosen, meters=tuple(dict.fromkeys((*chosen.meters, key))))
    return replace(chosen, sites=tuple(dict.fromkeys((*chosen.sites, key))))


def _remove(choice: ChartChoice, value: str) -> Chosen:
    chosen, key = _explicit(choice), _uuid(value)
    return replace(
        chosen,
        meters=tuple(each for each in chosen.meters if each != key),
        sites=tuple(each for each in chosen.sites if each != key),
    )


def _explicit(choice: ChartChoice) -> Chosen:
    """The same with what is shown by default named."""
    if choice.chosen.meters or choice.chosen.sites:
        return choice.chosen
    return replace(choice.chosen, meters=tuple(meter.id for meter in choice.meters))


def _show(choice: ChartChoice, value: str) -> Chosen:
    if value not in CHART_KINDS:
        return choice.chosen
    return replace(choice.chosen, kinds=tuple(dict.fromkeys((*choice.chosen.kinds, value))))


def _hide(choice: ChartChoice, value: str) -> Chosen:
    return replace(choice.chosen, kinds=tuple(kind for kind in choice.chosen.kinds if kind != value))


def _open(span_name: str) -> Callable[[ChartChoice, str], Chosen]:
    def opened(choice: ChartChoice, value: str) -> Chosen:
        try:
            return choice.chosen.at(span_name, date.fromisoformat(value))
        except ValueError:
            return choice.chosen

    return opened


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_STEPS: dict[str, Callable[[ChartChoice, str], Chosen]] = {
    "range": _range,
    "step": _step,
    "in": _closer,
    "out": _further,
    "add": _add,
    "remove": _remove,
    "show": _show,
    "hide": _hide,
    "against": lambda choice, value: replace(choice.chosen, comparison=value),
    "per": lambda choice, value: replace(choice.chosen, bar_width=value),
    "year": lambda choice, value: replace(choice.chosen, year_of=value),
    "open-day": _open("day"),
    "open-month": _open("month"),
    "bar": lambda choice, value: _open(value.partition(" ")[0])(choice, value.partition(" ")[2]),
}
