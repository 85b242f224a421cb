"""The parts of the page with charts over the fleet."""

import reflex as rx

from portal.admin.dashboards.state import FleetChartsState as State
from portal.admin.dashboards.view import RankRow
from portal.core.languages import tr
from portal.features.grafana.embed import embedded
from portal.ui.cards import card
from portal.ui.feedback import badge, empty_state, error_panel, skeleton, skeleton_lines
from portal.ui.forms import button, icon_button
from portal.ui.layout import internal_link
from portal.ui.listing import pager
from portal.ui.plotted import bars, time_charts
from portal.ui.range_picker import segments
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import is_some, sentence

_DAYS = (("1", tr("Today")), ("7", tr("7 days")), ("30", tr("30 days")), ("90", tr("90 days")))
_COLUMNS = (
    Column(tr("Compare"), is_hidden_label=True),
    Column(tr("Customer or site")),
    Column(tr("Energy, kWh"), is_number=True),
    Column(tr("Share of the first")),
    Column(tr("Beside the time before"), is_number=True),
)


def range_choice() -> rx.Component:
    """Over how many days."""
    return segments(_DAYS, active=State.days, on_choose=State.choose_days, label=tr("Over how many days"))


def content() -> rx.Component:
    """The lines of those that are compared, the ranking, the fleet by day, and who pushed when."""
    return rx.cond(
        State.failure != "",
        card(error_panel(State.failure, on_retry=State.load)),
        rx.el.div(
            _whose(),
            _lines(),
            card(
                rx.cond(State.is_loading, skeleton_lines(8), _ranking()),
                title=tr("Who uses most"),
                flush=True,
            ),
            _fleet(),
            _pushes(),
            rx.el.span(State.as_of, class_name="ui-hint"),
            embedded("fleet-overview", tr("The fleet, in Grafana")),
            aria_busy=State.is_busy,
            class_name=rx.cond(State.is_busy, "ui-stack ui-busy", "ui-stack"),
        ),
    )


def _whose() -> rx.Component:
    back = rx.el.div(
        button(rx.icon("chevron-left", size=15), tr("All customers"), on_click=State.look_into("")),
        rx.el.strong(tr("Sites of "), State.customer_name),
        class_name="ui-row",
    )
    return rx.fragment(rx.cond(State.customer != "", back, rx.fragment()))


def _lines() -> rx.Component:
    chart = time_charts(State.lines, on_zoom=rx.noop())
    nothing = rx.el.p(tr("No energy in these days."), class_name="ui-soft")
    shown = rx.cond(is_some(State.lines["charts"]), chart, nothing)
    return card(
        rx.cond(State.is_loading, skeleton("100%", "240px"), shown),
        title=tr("Power and energy"),
        note=rx.el.span(tr("Choose up to five below to compare; days and hours of "), State.zone),
    )


def _ranking() -> rx.Component:
    table = rx.fragment(
        rx.el.p(State.summary, class_name="ui-card-line"),
        data_table(_COLUMNS, State.rows, _row, caption=tr("Ranking by energy"), stacked=True),
        pager(State.pages, on_page=State.go_to),
    )
    return rx.cond(is_some(State.rows), table, _nobody())


def _row(row: RankRow) -> list[rx.Component]:
    mark = rx.cond(row["is_compared"], rx.icon("square-check", size=17), rx.icon("square", size=17))
    bar = rx.el.span(
        rx.el.span(style={"width": row["share"], "background": "var(--accent-9)"}),
        aria_hidden=True,
        class_name="ui-site-bar",
    )
    name = rx.cond(
        row["href"] != "",
        rx.el.div(
            internal_link(row["name"], href=row["href"], class_name="ui-row-link"),
            cell_note(row["code"]),
            rx.el.button(
                tr("Its sites"), type="button", on_click=State.look_into(row["id"]), class_name="ui-link"
            ),
        ),
        rx.el.span(row["name"]),
    )
    return [
        cell(
            icon_button(
                mark, label=sentence("Compare {name}", name=row["name"]), on_click=State.compare(row["id"])
            ),
            label="",
        ),
        head_cell(name),
        cell(row["kwh"], label=tr("Energy, kWh"), number=True),
        cell(bar, wide=True),
        cell(
            rx.el.span(row["change"], class_name=rx.cond(row["tone"] != "", "ui-tone-warn", "")),
            label=tr("Beside the time before"),
            number=True,
        ),
    ]


def _fleet() -> rx.Component:
    chart = bars(State.fleet, label=tr("Energy of the fleet by UTC day."), height="160px")
    shown = card(chart, title=tr("All customers together"), note=badge(tr("UTC days"), "warn"))
    return rx.fragment(rx.cond(is_some(State.fleet["bars"]), shown, rx.fragment()))


def _pushes() -> rx.Component:
    shown = State.pushes
    picture = rx.el.div(
        rx.el.div(class_name="ui-push-stored", style={"mask_image": shown["stored"]}),
        rx.el.div(class_name="ui-push-refused", style={"mask_image": shown["refused"]}),
        role="img",
        aria_label=tr("Batches of each customer by the hour, of the last 48 hours; refused ones are marked."),
        class_name="ui-push-picture",
        style={"height": shown["height"]},
    )
    times = rx.el.div(
        rx.foreach(shown["times"], lambda tick: rx.el.span(tick["text"], style={"left": tick["at"]})),
        aria_hidden=True,
        class_name="ui-plot-times",
    )
    names = rx.el.ol(rx.foreach(shown["names"], rx.el.li), class_name="ui-push-names")
    drawn = rx.el.div(names, rx.el.div(picture, times), class_name="ui-push-map")
    legend = rx.el.ul(
        rx.el.li(rx.el.span(aria_hidden=True, class_name="ui-hue ui-push-stored"), tr("Batches stored")),
        rx.el.li(rx.el.span(aria_hidden=True, class_name="ui-hue ui-push-refused"), tr("Some refused")),
        class_name="ui-legend",
    )
    card_of = card(
        drawn,
        legend,
        title=tr("Pushes, last 48 hours"),
        note=tr("A row for each customer of this page; the more of what is usual to it the darker"),
    )
    return rx.fragment(rx.cond(is_some(shown["names"]), card_of, rx.fragment()))


def _nobody() -> rx.Component:
    return empty_state(
        tr("Nobody to rank yet"), tr("Energy appears with the first readings."), icon="chart-line"
    )
