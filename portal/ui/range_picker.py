"""Choosing days: quick ranges, the days before and after, or a first and a last day.

Everything here speaks of days as people do, both ends included. The state that listens turns them into the
half-open instants a service wants (`first_day 00:00` to `last_day + 1 day 00:00`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import reflex as rx
from reflex.event import EventCallback

from portal.core.languages import tr
from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.ui.forms import icon_button
from portal.ui.linked import linked_script
from portal.ui.vars import Click, Shown, Text, Told, script_locale

_JSX = linked_script(__file__, "range_picker.jsx")

QUICK_RANGES: Final = (
    ("today", tr("Today")),
    ("yesterday", tr("Yesterday")),
    ("last-7-days", tr("Last 7 d")),
    ("last-30-days", tr("Last 30 d")),
    ("this-month", tr("This month")),
    ("last-month", tr("Last month")),
    ("this-year", tr("This year")),
)
DEFAULT_RANGE: Final = "last-7-days"
_DAY = timedelta(days=1)
_ARROWS: Final = """((event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key], end = { Home: 0, End: -1 }[event.key];
  if (by === undefined && end === undefined) return;
  const all = [...event.currentTarget.querySelectorAll('button:not(:disabled)')];
  const at = all.indexOf(document.activeElement);
  all.at(by === undefined ? end : (at + by) % all.length)?.focus();
  event.preventDefault();
})"""


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `first` to `last`, both included."""

    first: date
    last: date


def quick_range(key: str, today: date) -> DayRange | None:
    """The days of a quick range, none of them after today; None for an unknown key."""
    yesterday, month = today - _DAY, today.replace(day=1)
    return {
        "today": DayRange(today, today),
        "yesterday": DayRange(yesterday, yesterday),
        "last-7-days": DayRange(today - 6 * _DAY, today),
        "last-30-days": DayRange(today - 29 * _DAY, today),
        "this-month": DayRange(month, today),
        "last-month": DayRange((month - _DAY).replace(day=1), month - _DAY),
        "this-year": DayRange(today.replace(month=1, day=1), today),
    }.get(key)


def stepped(days: DayRange, by: int, today: date) -> DayRange:
    """The days before (-1) or after (1): of a month or a year, also one that is not over, the whole one beside it.

    Of other days as many. What lies after today is left out; where all of it does, the days stay as they are.
    """
    first, last = days.first, days.last
    if first.day == first.month == 1 and (
        last in (date(first.year, 12, 31), today) and first.year == last.year
    ):
        found = DayRange(date(first.year + by, 1, 1), date(first.year + by, 12, 31))
    elif first.day == 1 and last in (_month_end(first), today) and _month_end(first) == _month_end(last):
        month = (first - _DAY if by < 0 else _month_end(first) + _DAY).replace(day=1)
        found = DayRange(month, _month_end(month))
    else:
        length = (last - first + _DAY) * by
        found = DayRange(first + length, last + length)
    return days if found.first > today else DayRange(found.first, min(found.last, today))


def _month_end(day: date) -> date:
    return (day.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY


def quick_key(days: DayRange, today: date) -> str:
    """The quick range that means just these days, or nothing. Where two mean the same, the first wins."""
    return next((key for key, _ in QUICK_RANGES if quick_range(key, today) == days), "")


def parse_days(first: str, last: str) -> DayRange | None:
    """Two ISO dates as they come from a URL or a form; None when they are no dates, far away or the wrong way round."""
    try:
        days = DayRange(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        return None
    return (
        days
        if days.first <= days.last and days.first.year >= FIRST_YEAR and days.last.year < LAST_YEAR
        else None
    )


def range_picker(
    *,
    active: Text,
    label: Text,
    start: Text,
    end: Text,
    latest: Text,
    on_quick: Told[str],
    on_range: EventCallback[str, str],
    on_step: Told[int],
) -> rx.Component:
    """The picker. `on_quick(key)` gets one of QUICK_RANGES, `on_range(first, last)` two ISO dates, both included.

    `on_step(by)` gets -1 for the days before, 1 for those after.
    """
    return rx.el.div(
        segments(QUICK_RANGES, active=active, on_choose=on_quick, label=tr("Quick ranges")),
        rx.el.span(
            icon_button(rx.icon("chevron-left", size=16), label=tr("The days before"), on_click=on_step(-1)),
            day_popover(label=label, start=start, end=end, latest=latest, on_range=on_range),
            icon_button(rx.icon("chevron-right", size=16), label=tr("The days after"), on_click=on_step(1)),
            class_name="ui-step",
        ),
        class_name="ui-range",
    )


def day_popover(
    *,
    label: Text,
    start: Text,
    end: Text,
    latest: Text,
    on_range: EventCallback[str, str],
    max_days: int = 366,
) -> rx.Component:
    """A button with the chosen days on it, and behind it two date fields and a calendar; as in `range_picker`."""
    return _RangePopover.create(
        label=label, start=start, end=end, latest=latest, max_days=max_days, words=_words(), on_range=on_range
    )


def _words() -> dict[str, str]:
    return {
        "locale": script_locale(),
        "choose": tr("Choose days"),
        "from": tr("From"),
        "to": tr("To"),
        "show": tr("Show"),
        "first": tr("Choose the first day"),
        "last": tr("Choose the last day"),
        "order": tr("The last day is before the first"),
        "most": tr("At most {days} days"),
    }


def segments(
    choices: Sequence[tuple[str, str]],
    *,
    active: Text,
    on_choose: Told[str],
    label: str,
) -> rx.Component:
    """A few buttons (key, words) of which one is pressed; `on_choose(key)` is called for another.

    Arrow keys move between them.
    """
    return segment_group(
        *[segment(text, active == key, on_choose(key)) for key, text in choices], label=label
    )


def segment_group(*buttons: rx.Component, label: str) -> rx.Component:
    """A row of `segment`s; arrow keys, Home and End move between them."""
    return rx.el.div(
        *buttons,
        role="group",
        aria_label=label,
        class_name="ui-segments",
        custom_attrs={"onKeyDown": rx.Var(_ARROWS)},
    )


def segment(text: Text, is_pressed: Shown[bool], on_click: Click) -> rx.Component:
    """One button of a `segment_group`."""
    return rx.el.button(
        text,
        type="button",
        on_click=on_click,
        custom_attrs={"aria-pressed": rx.cond(is_pressed, "true", "false")},
        class_name="ui-segment",
    )


def _two_days(first: rx.Var[str], last: rx.Var[str]) -> tuple[rx.Var[str], rx.Var[str]]:
    return first, last


class _RangePopover(rx.Component):
    library = _JSX
    tag = "RangePopover"
    lib_dependencies: list[str] = ["react-day-picker@10.0.2"]

    label: rx.Var[str]
    start: rx.Var[str]
    end: rx.Var[str]
    latest: rx.Var[str]
    max_days: rx.Var[int]
    words: rx.Var[dict[str, str]]
    on_range: rx.EventHandler[_two_days]
