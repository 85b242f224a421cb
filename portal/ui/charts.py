"""Charts: figures are plain Plotly dictionaries, built by a page's view code and kept in its state.

A figure names design tokens where it means colours (see `portal.ui.tokens`); the chart component looks them up in
the page. So one figure serves light, dark and every brand. `None` among the values is a gap and stays one.
"""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from portal.ui import tokens
from portal.ui.linked import linked_script
from portal.ui.vars import Shown, Text

Figure = dict[str, Any]

_JSX = linked_script(__file__, "chart.jsx")
_THIN_SPACE = "\u2009"
# A label has no padding of its own, and plain blanks at its edges are dropped.
_PAD = "\u00a0"
NO_FIGURE: Figure = {"data": [], "layout": {}}


class _Chart(rx.Component):
    library = _JSX
    tag = "Chart"
    # The basic bundle (lines, bars, pies) is a third of the full one; it is fetched when a chart is shown.
    lib_dependencies: list[str] = ["plotly.js-basic-dist-min@3.7.0"]

    figure: rx.Var[dict[str, Any]]
    label: rx.Var[str]
    height: rx.Var[str]


def chart(figure: Shown[Figure], *, label: Text, height: str = "280px") -> rx.Component:
    """A chart of a figure in the state; `label` says what it shows to those who can't see it."""
    return _Chart.create(figure=figure, label=label, height=height)


def line_figure(
    x: Sequence[str],
    y: Sequence[float | None],
    *,
    name: str,
    unit: str,
    decimals: int = 2,
    is_filled: bool = True,
) -> Figure:
    """One accent line over time. `x` are local times as ISO text without an offset, `y` may hold gaps."""
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "connectgaps": False,
        "line": {"color": tokens.ACCENT, "width": 2},
        "hovertemplate": f"%{{y:,.{decimals}f}} {unit}<extra></extra>",
    }
    return {"data": [_wash(x, y), trace] if is_filled else [trace], "layout": time_layout(unit)}


def _wash(x: Sequence[str], y: Sequence[float | None]) -> Figure:
    """The area under a line. Plotly's own fill runs on through gaps, so this one drops to zero at their edges."""
    edges: list[tuple[str, float]] = []
    for index, (at, value) in enumerate(zip(x, y, strict=True)):
        if value is None:
            continue
        is_first = index == 0 or y[index - 1] is None
        is_last = index == len(y) - 1 or y[index + 1] is None
        edges += [(at, 0.0)] * is_first + [(at, value)] + [(at, 0.0)] * is_last
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [at for at, _ in edges],
        "y": [value for _, value in edges],
        "line": {"width": 0},
        "fill": "tozeroy",
        "fillcolor": tokens.ACCENT_WASH,
        "hoverinfo": "skip",
    }


def bar_figure(
    x: Sequence[str],
    y: Sequence[float | None],
    *,
    name: str,
    unit: str = "",
    prefix: str = "",
    decimals: int = 2,
    hover: Sequence[str] | None = None,
) -> Figure:
    """One accent bar per category or day; `hover` replaces the heading of each bar's label."""
    trace: Figure = {
        "type": "bar",
        "name": name,
        "x": list(x),
        "y": list(y),
        "marker": {"color": tokens.ACCENT, "cornerradius": 3},
        "hovertemplate": f"{prefix}%{{y:,.{decimals}f}} {unit}<extra></extra>",
    }
    layout = time_layout(unit) | {"bargap": 0.35}
    if hover is not None:
        trace["customdata"] = list(hover)
        layout["hovermode"] = "closest"
        trace["hovertemplate"] = (
            f"{_PAD}%{{customdata}}{_PAD}<br>{_PAD}<b>{prefix}%{{y:,.{decimals}f}} {unit}</b>{_PAD}<extra></extra>"
        )
    return {"data": [trace], "layout": layout}


def time_layout(unit: str) -> Figure:
    """The quiet frame every chart shares: transparent, horizontal grid, one label for what is under the pointer."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": tokens.FONT, "size": 12, "color": tokens.TEXT_SOFT},
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "separators": f".{_THIN_SPACE}",
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": tokens.SURFACE,
            "bordercolor": tokens.LINE,
            "font": {"family": tokens.FONT, "size": 13, "color": tokens.TEXT},
        },
        "dragmode": "zoom",
        "uirevision": "kept",
        "xaxis": {
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
            "linecolor": tokens.LINE,
            "ticks": "",
            "showspikes": False,
            "fixedrange": False,
            "tickformatstops": _TICKS,
        },
        "yaxis": {
            "automargin": True,
            "rangemode": "tozero",
            "gridcolor": tokens.GRID,
            "zerolinecolor": tokens.LINE,
            "zerolinewidth": 1,
            "nticks": 5,
            "tickformat": ",",
            "fixedrange": True,
            "ticksuffix": f" {unit}" if unit else "",
        },
    }


# Plotly's own tick texts put the year on a second line; these say the time or the day and nothing else.
_TICKS = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M"},
    {"dtickrange": [86_400_000, 604_800_000 * 4], "value": "%-d %b"},
    {"dtickrange": ["M1", "M12"], "value": "%b %Y"},
]
