"""The weeks of the grid as they are shown: hours in their hues, prices, and what is painted over the clock. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from portal.client.rates.draft import HUNDREDTH, Draft
from portal.client.rates.grid import PRICES, clock_week, season_title, seasons_of, signs_of, week_of
from portal.core.languages import tr
from portal.core.tariffs.rules.clocks import HOURS_PER_DAY, NAMES, PaintedHours, exceptions
from portal.core.tariffs.rules.tariffs import DAY_NAMES
from portal.features.cost.hues import hues_of

_KINDS = {"p": "peak", "s": "standard", "o": "off-peak"}


class WeekHour(TypedDict):
    """An hour: its kind, whether it is painted over the clock, and what it is in words."""

    kind: str
    painted: bool
    title: str


class WeekDay(TypedDict):
    """A day of a week."""

    day: str
    hours: list[WeekHour]


class WeekPrice(TypedDict):
    """A line of the legend."""

    hue: str
    name: str
    price: str


@dataclass
class WeekView:
    """A season's week: "low" or "high", its days, its prices and its painted hours, a line each."""

    season: str = ""
    title: str = ""
    days: list[WeekDay] = field(default_factory=list)
    prices: list[WeekPrice] = field(default_factory=list)
    painted: list[str] = field(default_factory=list)


def week_views(draft: Draft, symbol: str) -> list[WeekView]:
    """The week of each season."""
    return [_week_view(draft, season, symbol) for season in seasons_of(draft)]


def _week_view(draft: Draft, season: str, symbol: str) -> WeekView:
    week, clock = week_of(draft, season), clock_week(draft.clock, season)
    prices: list[WeekPrice] = [
        {
            "hue": hues_of([NAMES[sign]])[NAMES[sign]],
            "name": tr(NAMES[sign]),
            "price": _price(getattr(draft, PRICES[season][sign]), draft.unit, symbol),
        }
        for sign in signs_of(draft, season)
    ]
    days: list[WeekDay] = [
        {"day": name[:3], "hours": [_hour(name, hour, week, clock, number) for hour in range(HOURS_PER_DAY)]}
        for number, name in enumerate(DAY_NAMES)
    ]
    painted = [in_words(each) for each in exceptions(week, clock)]
    return WeekView(season, season_title(draft, season), days, prices, painted)


def _price(text: str, unit: str, symbol: str) -> str:
    if not text.strip():
        return ""
    return f"{text.strip()} c" if unit == HUNDREDTH else f"{symbol} {text.strip()}"


def _hour(name: str, hour: int, week: str, clock: str, day: int) -> WeekHour:
    at = day * HOURS_PER_DAY + hour
    title = tr(
        "{name} {hour}:00 to {hour_2}:00: {lower}",
        name=name,
        hour=f"{hour:02}",
        hour_2=f"{hour + 1:02}",
        lower=tr(NAMES[week[at]]).lower(),
    )
    return {"kind": _KINDS[week[at]], "painted": week[at] != clock[at], "title": title}


def in_words(painted: PaintedHours) -> str:
    """Painted hours in words: `Sundays 18\u201320: off-peak instead of standard`."""
    hours = f"{painted.start:02}\u2013{painted.end:02}"
    now, was = (tr(NAMES[sign]).lower() for sign in (painted.now, painted.was))
    return tr(
        "{days} {hours}: {now} instead of {was}", days=_days(painted.days), hours=hours, now=now, was=was
    )


def _days(days: Sequence[int]) -> str:
    if len(days) == len(DAY_NAMES):
        return tr("Every day")
    first, last = days[0], days[-1]
    if (first, last) == (0, 4) and len(days) == 5:
        return tr("Weekdays")
    if first == last:
        return tr(f"{DAY_NAMES[first]}s")
    if last - first + 1 == len(days) > 2:
        return tr(
            "{day_names} to {day_names_2}", day_names=tr(DAY_NAMES[first]), day_names_2=tr(DAY_NAMES[last])
        )
    return ", ".join(tr(DAY_NAMES[day])[:3] for day in days)
