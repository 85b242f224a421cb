"""The parts of the operators' dashboard."""

import reflex as rx

from portal.admin.dashboard.state import FleetState as State
from portal.admin.dashboard.view import DebtRow, FleetFigure, ReceivedRow, StatePart
from portal.admin.nav import CUSTOMERS
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import badge, badge_for, callout, empty_state, skeleton, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.layout import internal_link
from portal.ui.line_plot import line_plot
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import is_some

_CHART_HEIGHT = "190px"
_COLUMNS = (
    Column(tr("Customer")),
    Column(tr("Status")),
    Column(tr("Not here yet"), is_number=True, hint=tr("Readings that wait at the Client")),
    Column(tr("Oldest unsent"), is_number=True),
    Column(tr("Drains in"), is_number=True, hint=tr("As the Client says itself")),
    Column(
        tr("Board full in"),
        is_number=True,
        hint=tr("By what the board says it keeps; ≈ from 17 days of readings, one a minute"),
    ),
    Column(tr("Events"), is_number=True, hint=tr("Meter events that wait for a person")),
    Column(tr("Why")),
)


def live_badge() -> rx.Component:
    """Says that the page keeps itself up to date."""
    return rx.cond(State.failure == "", badge(tr("Live"), "ok"), badge(tr("Not live"), "warn"))


def content() -> rx.Component:
    """The fleet, or why there is none to see."""
    return rx.fragment(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.is_empty, _nobody(), _fleet()),
    )


def _fleet() -> rx.Component:
    return rx.fragment(
        _sentence(),
        _figures(),
        rx.el.span(State.shown["as_of"], class_name="ui-hint"),
        _debt(),
        rx.el.div(_lag(), _received(), class_name="ui-lag-and-arrivals"),
    )


def _sentence() -> rx.Component:
    shown = State.shown
    loses = rx.cond(
        shown["loses"] != "",
        internal_link(shown["loses"], href=shown["loses_href"], class_name="ui-strong-link"),
        rx.fragment(),
    )
    bar = rx.el.div(rx.foreach(shown["parts"], _part), aria_hidden=True, class_name="ui-fleet-bar")
    legend = rx.el.ul(rx.foreach(shown["parts"], _part_meaning), class_name="ui-legend")
    said = rx.fragment(rx.el.p(loses, shown["sentence"], class_name="ui-sentence"), bar, legend)
    return card(rx.cond(State.is_loading, skeleton("100%", "72px"), said))


def _part(part: StatePart) -> rx.Component:
    return rx.el.span(class_name=f"ui-fleet-{part['tone']}", style={"width": part["width"]})


def _part_meaning(part: StatePart) -> rx.Component:
    return rx.el.li(
        rx.el.span(aria_hidden=True, class_name=f"ui-hue ui-fleet-{part['tone']}"),
        internal_link(rx.el.strong(part["count"]), " ", part["label"], href=part["href"]),
    )


def _figures() -> rx.Component:
    shown = State.shown
    return figure_row(
        _figure(tr("Customers"), shown["customers"]),
        _figure(tr("Active"), shown["active"]),
        _figure(tr("Power now"), shown["power"], accent=True),
        _figure(tr("Energy today"), shown["today"]),
    )


def _figure(label: str, shown: FleetFigure, *, accent: bool = False) -> rx.Component:
    return figure(
        label, shown["value"], shown["unit"], shown["note"], loading=State.is_loading, accent=accent
    )


def _debt() -> rx.Component:
    shown = State.shown
    table = rx.fragment(
        data_table(_COLUMNS, shown["debt"], _debt_row, caption=tr("Data debt"), stacked=True),
        rx.cond(
            shown["debt_words"] != "",
            rx.el.div(rx.el.span(shown["debt_words"], class_name="ui-hint"), class_name="ui-pager"),
            rx.fragment(),
        ),
    )
    nothing = rx.el.p(tr("Everything that exists is here."), class_name="ui-card-line")
    return card(
        rx.cond(
            State.is_loading,
            skeleton_lines(4),
            rx.cond(is_some(shown["debt"]), table, nothing),
        ),
        title=tr("Data debt, worst first"),
        note=tr(
            "Boards that will overwrite first, then what waits at Clients, which is kept. ≈ is reckoned."
        ),
        flush=True,
    )


def _debt_row(row: DebtRow) -> list[rx.Component]:
    full = rx.cond(row["full_tone"] != "", badge_for(row["full"], row["full_tone"]), rx.el.span(row["full"]))
    counted = internal_link(row["events"], href=row["events_href"])
    events = rx.cond(row["events"] != "\u2013", counted, rx.el.span(row["events"]))
    return [
        head_cell(
            rx.el.div(
                internal_link(row["name"], href=row["href"], class_name="ui-row-link"), cell_note(row["code"])
            )
        ),
        cell(badge_for(row["status"], row["tone"]), label=tr("Status")),
        cell(row["waiting"], label=tr("Not here yet"), number=True),
        cell(row["oldest"], label=tr("Oldest unsent"), number=True, title=row["oldest_utc"]),
        cell(row["drain"], label=tr("Drains in"), number=True),
        cell(full, label=tr("Board full in"), number=True),
        cell(events, label=tr("Meter events"), number=True),
        cell(row["why"], label=tr("Why"), prose=True, wide=True),
    ]


def _lag() -> rx.Component:
    shown = State.shown
    nothing = rx.el.p(
        tr("Nothing is known yet: how far customers are behind is kept every five minutes from now on."),
        class_name="ui-soft",
    )
    chart = line_plot(
        shown["lag"],
        label=tr("How far customers are behind: half of them, 95 of 100, and the worst."),
        height=_CHART_HEIGHT,
    )
    return card(
        rx.cond(is_some(shown["lag"]["lines"]), chart, nothing),
        rx.el.p(shown["lag_words"], class_name="ui-hint"),
        title=tr("Lag, last 24 hours"),
        note=tr("The age of a customer's newest reading"),
    )


def _received() -> rx.Component:
    rows = State.shown["received"]
    return card(
        rx.el.dl(rx.foreach(rows, _received_line), class_name="ui-month-lines"),
        title=tr("Arrivals"),
        note=tr("last hour"),
    )


def _received_line(row: ReceivedRow) -> rx.Component:
    label = rx.cond(
        row["href"] != "", internal_link(row["label"], href=row["href"]), rx.el.span(row["label"])
    )
    return rx.el.div(rx.el.dt(label), rx.el.dd(row["value"]))


def _nobody() -> rx.Component:
    return card(
        empty_state(
            tr("No customer yet"),
            tr(
                "Register the first: you get a block of settings, and the customer's own stack pushes "
                "its readings here."
            ),
            icon="building-2",
            action=internal_link(
                rx.icon("plus", size=16),
                tr("Register the first customer"),
                href=CUSTOMERS,
                class_name="ui-button ui-button--primary",
            ),
        )
    )
