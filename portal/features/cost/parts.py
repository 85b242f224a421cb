"""What a cost page is made of, over the state of either run mode."""

from functools import partial

import reflex as rx

from portal.core.languages import tr
from portal.core.words import noted
from portal.features.cost.days import LOCAL_DAYS, UTC_DAYS
from portal.features.cost.page_state import CostPage
from portal.features.cost.view import CostRow
from portal.ui.cards import card, columns
from portal.ui.feedback import callout, callouts, cell_warning, error_panel, skeleton, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.layout import PlainLink, internal_link
from portal.ui.plotted import bars, hatching_meaning, hue_meanings
from portal.ui.range_picker import range_picker, segments
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Click, Shown, Text, Told, is_some, sentence

_CHART_HEIGHT = "240px"
# What a phone leaves out of the tables: a row opens to it, and the figures above say it for all of them.
_MINOR = ("base", "vat")
_MEASURES = (("cost", tr("Cost")), ("energy", tr("Energy")))
_GROUPINGS = ((UTC_DAYS, tr("UTC days")), (LOCAL_DAYS, tr("Local days")))

State = type[CostPage]


def picker(state: State, download_path: Text) -> rx.Component:
    """The range, whose days, and the report as a file."""
    return rx.el.div(
        range_picker(
            active=state.quick,
            label=state.range_label,
            start=state.first_day,
            end=state.last_day,
            latest=state.today,
            on_quick=state.choose_quick,
            on_range=state.choose_days,
            on_step=state.step,
        ),
        rx.el.div(
            segments(_GROUPINGS, active=state.grouping, on_choose=state.group_by, label=tr("Whose days")),
            file_link("CSV", f"{download_path}.csv?{state.export_query}", hint=tr("The days as CSV")),
            file_link(
                tr("Excel"),
                f"{download_path}.xlsx?{state.export_query}",
                hint=tr("Every table as a workbook"),
            ),
            class_name="ui-row",
        ),
        class_name="ui-row ui-row--between",
    )


def file_link(label: str, address: Text, *, hint: str) -> rx.Component:
    """A link that saves a file; `hint` is shown on hover."""
    return PlainLink.create(
        rx.icon("download", size=15),
        label,
        href=address,
        title=hint,
        custom_attrs={"download": True},
        class_name="ui-button ui-button--small",
    )


def body(state: State, below: rx.Component, *, on_explain: Click, has_fixed: bool = False) -> rx.Component:
    """Figures, warnings and what is below them; or why there is nothing. `on_explain` is called by the figures.

    `has_fixed` says that fixed charges are among the figures.
    """
    return rx.cond(
        state.failure != "",
        card(error_panel(state.failure, on_retry=state.load)),
        rx.el.div(
            _coverage(state),
            _figures(state, on_explain, has_fixed=has_fixed),
            _restated(state),
            rx.el.span(state.report.as_of, class_name="ui-hint ui-as-of"),
            callouts(state.report.warnings),
            rx.cond(is_some(state.report.currencies), _currencies(state), rx.fragment()),
            rx.cond(state.is_loading, _skeletons(), below),
            aria_busy=state.is_busy,
            class_name=rx.cond(state.is_busy, "ui-stack ui-busy", "ui-stack"),
        ),
    )


def _coverage(state: State) -> rx.Component:
    """How many days have readings, before any figure of them is believed."""
    report = state.report
    line = callout(
        rx.el.b(report.missing_count),
        " ",
        report.missing_which,
        " ",
        internal_link(tr("Which ones"), href=state.quality_address, class_name="ui-link"),
    )
    is_missing = (report.missing_count != "") | (report.missing_which != "")
    return rx.cond(is_missing & ~state.is_loading, line, rx.fragment())


def _restated(state: State) -> rx.Component:
    """What changed in these days since they were over, with the way to what was decided."""
    decided = internal_link(
        tr("What was decided"), href=state.quality_address + "&show=decided", class_name="ui-link"
    )
    return rx.cond(state.restated != "", callout(state.restated, " ", decided, tone="note"), rx.fragment())


def _figures(state: State, on_explain: Click, *, has_fixed: bool) -> rx.Component:
    report = state.report
    each = partial(figure, loading=state.is_loading, on_click=on_explain)
    of_energy = (
        each(tr("Energy cost"), report.energy_cost, note=tr("Before VAT")),
        each(tr("Fixed and VAT"), report.fixed_and_vat, note=report.fixed_and_vat_note),
    )
    before_and_vat = (
        each(tr("Base cost"), report.base, note=tr("Before VAT")),
        each(tr("VAT"), report.vat, note=report.vat_share),
    )
    return figure_row(
        each(tr("Energy"), report.kwh, "kWh", _or(state.energy_compared, state.range_label)),
        *(of_energy if has_fixed else before_and_vat),
        each(tr("Total"), report.total, note=_price_and_comparison(state), accent=True),
    )


def _price_and_comparison(state: State) -> rx.Component:
    """What a kWh came to, always, and below it how the total compares."""
    return rx.fragment(
        rx.el.b(state.report.per_kwh),
        rx.cond(state.cost_compared != "", rx.el.span(state.cost_compared), rx.fragment()),
    )


def _currencies(state: State) -> rx.Component:
    choice = rx.el.select(
        rx.foreach(state.report.currencies, lambda code: rx.el.option(code, value=code)),
        value=state.report.currency,
        on_change=state.choose_currency,
        aria_label=tr("Currency"),
        class_name="ui-input",
        style={"max_width": "120px"},
    )
    return rx.el.div(
        choice, rx.el.span(tr("of all that is shown here"), class_name="ui-hint"), class_name="ui-row"
    )


def left_out(state: State) -> rx.Component:
    """The charges of the price lists that are in none of these figures."""
    named = card(
        rx.el.ul(rx.foreach(state.report.left_out, rx.el.li), class_name="ui-left-out"),
        title=tr("Not included"),
        note=tr("Charges of the price list that are not priced here"),
    )
    return rx.cond(is_some(state.report.left_out), named, rx.fragment())


def _or(comparison: Text, otherwise: Text) -> rx.Component:
    """The comparison once it is known; something else holds its place until then."""
    return rx.fragment(rx.cond(comparison != "", comparison, otherwise))


def _skeletons() -> rx.Component:
    return rx.fragment(
        card(skeleton("100%", _CHART_HEIGHT), title=tr("Per day")),
        columns(
            card(skeleton_lines(7, "32px"), title=tr("Days")),
            card(skeleton_lines(7, "32px"), title=tr("Devices")),
        ),
    )


def day_chart(state: State, opened: Text) -> rx.Component:
    """Cost or energy per day, stacked by time of use; a bar opens its day. `opened` is the one beside the page."""
    is_cost = state.measure == "cost"
    return card(
        bars(
            rx.cond(is_cost, state.report.cost_figure, state.report.energy_figure),
            label=rx.cond(is_cost, tr("Cost per day by time of use."), tr("Energy per day by time of use.")),
            height=_CHART_HEIGHT,
            on_open=state.choose_day,
            chosen=opened,
        ),
        rx.el.ul(
            rx.cond(
                is_cost, hue_meanings(state.report.cost_figure), hue_meanings(state.report.energy_figure)
            ),
            hatching_meaning(state.report.cost_figure),
            class_name="ui-legend",
        ),
        title=tr("Per day"),
        note=segments(
            _MEASURES, active=state.measure, on_choose=state.show_measure, label=tr("What the chart shows")
        ),
    )


# By what is listed, which also names the listing in the address of its file.
_CAPTIONS = {
    "Day": noted("Cost per day"),
    "Device": noted("Cost per device"),
    "Site": noted("Cost per site"),
    "Period": noted("Cost per period"),
}


def table(
    state: State,
    first: str,
    rows: Shown[list[CostRow]],
    *,
    title: str,
    on_explain: Told[str],
    opened: Text,
    download_path: Text,
) -> rx.Component:
    """One listing with its totals. `on_explain(key)` is called by the button of a row; `opened` is that beside it."""
    return card(
        data_table(
            _line_columns(state.report.unit, first),
            rows,
            lambda line: _line_cells(line, on_explain, opened),
            caption=tr(_CAPTIONS[first]),
            totals=[tr("Total"), *[state.report.total_cells[index] for index in range(4)]],
            tall=True,
        ),
        title=title,
        note=_table_download(title, first, download_path, state),
        flush=True,
    )


def submeters(state: State, *, on_explain: Told[str], opened: Text) -> rx.Component:
    """What sub-meters and virtual ones used, without a total: it is in that of the devices already."""
    table = data_table(
        _line_columns(state.report.unit, "Meter"),
        state.report.submeters,
        lambda line: _line_cells(line, on_explain, opened),
        caption=tr("Sub-meters and virtual meters"),
        tall=True,
    )
    shown = card(
        table, title=tr("Sub-meters and virtual meters"), note=tr("In the devices above already"), flush=True
    )
    return rx.cond(is_some(state.report.submeters), shown, rx.fragment())


def _line_columns(unit: Text, first: str) -> list[Column]:
    total = tr("Total")
    money = [
        Column(f"{name}, {unit}", is_number=True, is_minor=name != total)
        for name in (tr("Base"), tr("VAT"), total)
    ]
    return [Column(tr(first)), Column("kWh", is_number=True), *money]


def _line_cells(line: CostRow, on_explain: Told[str], opened: Text) -> list[rx.Component]:
    warning = rx.cond(line["warning"] != "", cell_warning(line["warning"]), rx.fragment())
    name = rx.el.div(hue_square(line["hue"]), _name(line, on_explain, opened), class_name="ui-cell-name")
    return [
        head_cell(name, cell_note(line["note"]), warning, _left_out_on_phones(line)),
        *[cell(line[key], number=True, minor=key in _MINOR) for key in ("kwh", "base", "vat", "total")],
    ]


def _left_out_on_phones(line: CostRow) -> rx.Component:
    """The columns that a phone has no room for, behind a touch."""
    return rx.el.details(
        rx.el.summary(
            tr("Base, VAT"),
            rx.el.span(sentence(" of {label}", label=line["label"]), class_name="ui-visually-hidden"),
        ),
        rx.el.span(tr("Base "), line["base"], tr(" · VAT "), line["vat"]),
        class_name="ui-cell-more",
    )


def _table_download(title: str, first: str, path: Text, state: State) -> rx.Component:
    return PlainLink.create(
        rx.icon("download", size=16),
        href=f"{path}.csv?{state.export_query}&by={first.lower()}s",
        title=sentence("{title} as CSV", title=title),
        custom_attrs={"download": True, "aria-label": sentence("{title} as CSV", title=title)},
        class_name="ui-icon-button",
    )


def _name(line: CostRow, on_explain: Told[str], opened: Text) -> rx.Component:
    return rx.cond(
        line["key"] != "",
        rx.el.button(
            line["label"],
            type="button",
            title=tr("Explain this figure"),
            on_click=on_explain(line["key"]),
            custom_attrs={"aria-current": rx.cond(opened == line["key"], "true", "false")},
            class_name="ui-link",
        ),
        rx.el.span(line["label"]),
    )


def hue_square(hue: Text) -> rx.Component:
    """The hue of a time-of-use period; nothing where there is none."""
    square = rx.el.span(aria_hidden=True, class_name="ui-hue", style={"background": hue})
    return rx.fragment(rx.cond(hue != "", square, rx.fragment()))
