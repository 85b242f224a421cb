"""Charts that the page draws itself, from paths and numbers made here: they need no chart library.

What they show is a plain dictionary in a page's state (`Drawn`). Colours are classes and design tokens, so light, dark
and every brand have them at once.
"""

from typing import Any, Final, TypedDict

import reflex as rx

from portal.core.languages import tr
from portal.ui.linked import linked_script
from portal.ui.vars import Shown, Text, Told, script_locale

Drawn = dict[str, Any]

NO_CHARTS: Final[Drawn] = {
    "charts": [],
    "ticks": [],
    "gaps": [],
    "late": [],
    "from": 0,
    "to": 1,
    "zone": "UTC",
    "days": False,
    "zoomed": False,
    "gap_words": "",
    "late_words": "",
}
NO_BARS: Final[Drawn] = {
    "bars": [],
    "values": [],
    "ticks": [],
    "gaps": [],
    "gap_words": "",
    "strip": [],
    "outline": "",
    "now": None,
    "mark": None,
    "opens": False,
    "legend": [],
}
NO_HEAT: Final[Drawn] = {
    "picture": "",
    "gaps": "",
    "days": 1,
    "first": "2026-01-01",
    "months": [],
    "highest": 0,
    "unit": "",
    "hint": "",
}


class HueMeaning(TypedDict):
    """What a hue of bars means: the hue as CSS, and its words."""

    hue: str
    label: str


def _two_instants(first: rx.Var[str], last: rx.Var[str]) -> tuple[rx.Var[str], rx.Var[str]]:
    return first, last


def _one(key: rx.Var[str]) -> tuple[rx.Var[str]]:
    return (key,)


class _TimeCharts(rx.Component):
    library = linked_script(__file__, "time_charts.jsx")
    tag = "TimeCharts"

    view: rx.Var[dict[str, Any]]
    words: rx.Var[dict[str, str]]
    on_zoom: rx.EventHandler[_two_instants]


class _Bars(rx.Component):
    library = linked_script(__file__, "bars.jsx")
    tag = "Bars"

    view: rx.Var[dict[str, Any]]
    label: rx.Var[str]
    height: rx.Var[str]
    chosen: rx.Var[str]
    words: rx.Var[dict[str, str]]
    on_open: rx.EventHandler[_one]


class _HeatMap(rx.Component):
    library = linked_script(__file__, "heat_map.jsx")
    tag = "HeatMap"

    view: rx.Var[dict[str, Any]]
    label: rx.Var[str]
    words: rx.Var[dict[str, str]]
    on_open: rx.EventHandler[_one]


def time_charts(view: Shown[Drawn], *, on_zoom: Any) -> rx.Component:
    """Lines over one axis of time; `on_zoom(from, to)` gets two ISO instants in UTC."""
    words = {
        "locale": script_locale(),
        "label": tr(
            "Charts. Arrow keys move through the readings, with Shift they select, Enter zooms, Backspace goes back."
        ),
        "none": tr("no reading"),
    }
    return _TimeCharts.create(view=view, words=words, on_zoom=on_zoom)


def bars(
    view: Shown[Drawn], *, label: Text, height: str, on_open: Told[str] | None = None, chosen: Text = ""
) -> rx.Component:
    """Stacked bars; `label` is a sentence that says what they are, `on_open(key)` is called for one that has a key.

    `chosen` is the key of the one that is open.
    """
    opening = {} if on_open is None else {"on_open": on_open}
    words = {
        "keys": tr("Arrow keys move through the bars."),
        "opens": tr("Arrow keys move through the bars, Enter opens one."),
    }
    return _Bars.create(view=view, label=label, height=height, chosen=chosen, words=words, **opening)


def heat_map(view: Shown[Drawn], *, label: Text, on_open: Told[str]) -> rx.Component:
    """A year of days with their hours; `on_open(day)` gets the ISO date of the one that was chosen."""
    words = {
        "locale": script_locale(),
        "about": tr(": about {value} {unit}"),
        "none": tr(": no readings"),
        "hour": tr("{day}, {first}:00 to {last}:00"),
        "open": tr("open {month}"),
    }
    return _HeatMap.create(view=view, label=label, words=words, on_open=on_open)


def hue_meanings(drawn: Drawn) -> rx.Component:
    """What the hues of bars mean, as items of a list."""
    return rx.foreach(drawn["legend"].to(list[HueMeaning]), _hue_meaning)


def hatching_meaning(drawn: Drawn) -> rx.Component:
    """What hatched places between bars mean, as an item of a list; nothing where there are none."""
    words = drawn["gap_words"].to(str)
    key = rx.el.span(aria_hidden=True, class_name="ui-legend-key ui-hatch")
    return rx.fragment(rx.cond(words != "", rx.el.li(key, words), rx.fragment()))


def _hue_meaning(each: HueMeaning) -> rx.Component:
    square = rx.el.span(aria_hidden=True, class_name="ui-hue", style={"background": each["hue"]})
    return rx.el.li(square, each["label"])
