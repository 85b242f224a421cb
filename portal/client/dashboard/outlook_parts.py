"""The parts of the dashboard about the day and the month: sentence, hours, money, sites."""

import reflex as rx

from portal.client.dashboard.month_view import MonthLine
from portal.client.dashboard.outlook_state import OutlookState as State
from portal.client.dashboard.site_days import SiteCostRow, SitePart
from portal.core.languages import tr
from portal.ui import vars as ui_vars
from portal.ui.cards import card
from portal.ui.feedback import skeleton, skeleton_lines
from portal.ui.forms import icon_button
from portal.ui.layout import internal_link
from portal.ui.plotted import bars, hue_meanings
from portal.ui.range_picker import segments
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Text

_MEASURES = (("energy", tr("Energy")), ("cost", tr("Cost")))
_SITE_COLUMNS = (
    Column(tr("Site")),
    Column(tr("Energy"), is_number=True),
    Column(tr("By period")),
    Column(tr("Energy cost, incl. VAT"), is_number=True),
)


def sentence() -> rx.Component:
    """Whether today is normal, and where the month is heading."""
    said = State.outlook.sentence
    icon = rx.match(
        said.tone,
        ("ok", rx.icon("circle-check", size=22)),
        ("warn", rx.icon("triangle-alert", size=22)),
        rx.icon("circle-dashed", size=22),
    )
    words = rx.el.p(
        said.opening,
        ": ",
        internal_link(said.so_far, href=said.so_far_href),
        tr(" so far"),
        _if(said.more, ", ", said.more),
        ".",
        _if(said.heading, " ", said.heading, " ", rx.el.strong(said.forecast)),
        _if(said.than_before, ", ", said.than_before),
        _if(said.heading, "."),
        class_name="ui-sentence",
    )
    small = rx.el.p(
        _if(said.cause, said.cause_opening, " ", internal_link(said.cause, href=said.cause_href), ". "),
        said.left_out,
        class_name="ui-hint",
    )
    shown = rx.el.div(
        rx.el.span(icon, class_name=f"ui-sentence-icon ui-sentence-icon--{said.tone}"),
        rx.el.div(words, small),
        class_name="ui-sentence-row",
    )
    return card(
        rx.el.div(rx.cond(State.is_waiting, skeleton("100%", "31px"), shown), class_name="ui-sentence-place")
    )


def _if(known: Text, *content: rx.Component | Text) -> rx.Component:
    return rx.fragment(rx.cond(known != "", rx.fragment(*content), rx.fragment()))


def day_and_month() -> rx.Component:
    """The hours of a day, and the month in money beside them."""
    return rx.el.div(_hours(), _month(), class_name="ui-day-and-month")


def _hours() -> rx.Component:
    shown = State.outlook
    drawn = shown.hours
    chart = bars(
        drawn,
        label=ui_vars.sentence(
            "{day_title}, in the periods of the tariff, with what is usual as an outline.",
            day_title=shown.day_title,
        ),
        height="240px",
        on_open=State.open_hour,
    )
    return card(
        rx.cond(State.is_waiting, skeleton("100%", "266px"), chart),
        rx.el.ul(
            hue_meanings(drawn),
            _if(shown.usual_words, rx.el.li(_key("ui-usual-key"), shown.usual_words)),
            _if(shown.missing_words, rx.el.li(_key("ui-hatch"), shown.missing_words)),
            class_name="ui-legend",
        ),
        title=shown.day_title,
        note=rx.el.div(
            segments(
                _MEASURES, active=State.measure, on_choose=State.show_measure, label=tr("What the bars show")
            ),
            _day_stepper(),
            class_name="ui-row",
        ),
    )


def _day_stepper() -> rx.Component:
    shown = State.outlook
    return rx.el.span(
        icon_button(
            rx.icon("chevron-left", size=16),
            label=tr("Day before"),
            on_click=State.show_day(shown.day_before),
        ),
        rx.el.span(shown.day_words, class_name="ui-day-words"),
        icon_button(
            rx.icon("chevron-right", size=16),
            label=tr("Day after"),
            disabled=shown.day_after == "",
            on_click=State.show_day(shown.day_after),
        ),
        class_name="ui-step",
    )


def _key(kind: str) -> rx.Component:
    return rx.el.span(aria_hidden=True, class_name=f"ui-legend-key {kind}")


def _month() -> rx.Component:
    month = State.outlook.month
    figure = rx.el.div(
        rx.el.span(month.total, class_name="ui-month-total"),
        _if(
            month.error,
            rx.el.span(
                month.error, class_name="ui-hint", title=tr("How far off forecasts of earlier months were")
            ),
        ),
        class_name="ui-row",
    )
    made = rx.el.details(
        rx.el.summary(tr("How this is made")),
        rx.foreach(month.made, lambda line: rx.el.p(line, class_name="ui-hint")),
        class_name="ui-made",
    )
    known = rx.fragment(
        figure, rx.el.dl(rx.foreach(month.lines, _month_line), class_name="ui-month-lines"), made
    )
    shown = rx.cond(month.total != "", known, rx.el.p(month.why_not, class_name="ui-hint"))
    return card(
        rx.cond(State.is_waiting, skeleton_lines(4, "24px"), shown),
        title=rx.cond(month.title != "", month.title, tr("The month in money")),
        note=tr("incl. VAT"),
    )


def _month_line(line: MonthLine) -> rx.Component:
    label = rx.cond(
        line["href"] != "", internal_link(line["label"], href=line["href"]), rx.el.span(line["label"])
    )
    value = rx.cond(line["is_amount"], line["value"], rx.el.span(line["value"], class_name="ui-soft"))
    return rx.el.div(rx.el.dt(label), rx.el.dd(value))


def site_costs() -> rx.Component:
    """What each site used in the day that is shown, and what that cost."""
    table = data_table(_SITE_COLUMNS, State.site_days, _site_cells, caption=tr("Cost by site"), stacked=True)
    return card(
        rx.cond(State.is_waiting, skeleton_lines(2), table),
        title=tr("Cost by site"),
        note=State.outlook.day_words,
        flush=True,
    )


def _site_cells(site: SiteCostRow) -> list[rx.Component]:
    bar = rx.el.span(rx.foreach(site["parts"], _part), aria_hidden=True, class_name="ui-site-bar")
    return [
        head_cell(internal_link(site["name"], href=site["href"])),
        cell(rx.el.span(site["kwh"]), cell_note(site["note"]), label=tr("Energy"), number=True),
        cell(bar, wide=True),
        cell(site["cost"], label=tr("Energy cost"), number=True),
    ]


def _part(part: SitePart) -> rx.Component:
    return rx.el.span(style={"background": part["hue"], "width": part["width"]})
