"""A chart of a few lines that says all it has in words as well: drawn on the server, without a script."""

from typing import Final, TypedDict

import reflex as rx

from portal.ui.vars import Text


class PlotTick(TypedDict):
    """A word on an axis, and where it stands, as a percentage from the left or the top."""

    at: str
    text: str
    path: str


class PlotLine(TypedDict):
    """A line: its name, its path in a square of 1,000, and its tone (`1`, `2`, `usual`, `limit`)."""

    name: str
    path: str
    tone: str


class LinePlot(TypedDict):
    """What a chart of lines shows; no lines where there is nothing."""

    values: list[PlotTick]
    times: list[PlotTick]
    lines: list[PlotLine]


NO_LINES: Final[LinePlot] = {"values": [], "times": [], "lines": []}


def line_plot(view: LinePlot, *, label: Text, height: str) -> rx.Component:
    """The chart; `label` is a sentence that says what it shows."""
    values, times, lines = view["values"], view["times"], view["lines"]
    drawing = rx.el.svg(
        rx.foreach(values, lambda tick: rx.el.path(d=tick["path"], class_name="ui-plot-grid")),
        rx.foreach(lines, _line),
        view_box="0 0 1000 1000",
        aria_label=label,
        role="img",
        custom_attrs={"preserveAspectRatio": "none"},
    )
    return rx.el.div(
        rx.el.div(
            drawing,
            rx.foreach(values, lambda tick: _word(tick, "ui-plot-value", "top")),
            class_name="ui-plot",
            style={"height": height},
        ),
        rx.el.div(
            rx.foreach(times, lambda tick: _word(tick, "", "left")),
            aria_hidden=True,
            class_name="ui-plot-times",
        ),
        rx.el.ul(rx.foreach(lines, _meaning), class_name="ui-legend"),
        class_name="ui-plots",
    )


def _line(line: PlotLine) -> rx.Component:
    return rx.el.path(d=line["path"], class_name=f"ui-plot-line ui-line-{line['tone']}")


def _word(tick: PlotTick, class_name: str, side: str) -> rx.Component:
    return rx.el.span(tick["text"], class_name=class_name, style={side: tick["at"]})


def _meaning(line: PlotLine) -> rx.Component:
    key = rx.el.span(aria_hidden=True, class_name=f"ui-plot-key ui-line-{line['tone']}")
    return rx.el.li(key, line["name"])
