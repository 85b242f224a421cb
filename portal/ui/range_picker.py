"""Choosing days: four quick ranges, or a first and a last day.

Everything here speaks of days as people do, both ends included. The state that listens turns them into the
half-open instants a service wants (`first_day 00:00` to `last_day + 1 day 00:00`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import reflex as rx
from reflex.event import EventCallback

from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.ui.linked import linked_script
from portal.ui.vars import Text, Told

_JSX = linked_script(__file__, "range_picker.jsx")

QUICK_RANGES: Final = (
    ("today", "Today"),
    ("last-7-days", "Last 7 d"),
    ("last-30-days", "Last 30 d"),
    ("this-month", "This month"),
)
DEFAULT_RANGE: Final = "last-7-days"


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `first` to `last`, both included."""

    first: date
    last: date


def quick_range(key: str, today: date) -> DayRange | None:
    """The days of a quick range, which always end today; None for an unknown key."""
    first = {
        "today": today,
        "last-7-days": today - timedelta(days=6),
        "last-30-days": today - timedelta(days=29),
        "this-month": today.replace(day=1),
    }.get(key)
    return None if first is None else DayRange(first, today)


def quick_key(days: DayRange, today: date) -> str:
    """The quick range that means just these days, or nothing. On the first of a month "today" wins."""
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
    max_days: int = 366,
) -> rx.Component:
    """The picker. `on_quick(key)` gets one of QUICK_RANGES, `on_range(first, last)` two ISO dates, both included."""
    return rx.el.div(
        segments(QUICK_RANGES, active=active, on_choose=on_quick, label="Quick ranges"),
        day_popover(label=label, start=start, end=end, latest=latest, max_days=max_days, on_range=on_range),
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
        label=label, start=start, end=end, latest=latest, max_days=max_days, on_range=on_range
    )


def segments(
    choices: Sequence[tuple[str, str]],
    *,
    active: Text,
    on_choose: Told[str],
    label: str,
) -> rx.Component:
    """A few buttons (key, words) of which one is pressed; `on_choose(key)` is called for another."""
    return rx.el.div(
        *[_segment(key, text, active, on_choose) for key, text in choices],
        role="group",
        aria_label=label,
        class_name="ui-segments",
    )


def _segment(key: str, text: str, active: Text, on_choose: Told[str]) -> rx.Component:
    return rx.el.button(
        text,
        type="button",
        on_click=on_choose(key),
        custom_attrs={"aria-pressed": rx.cond(active == key, "true", "false")},
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
    on_range: rx.EventHandler[_two_days]
