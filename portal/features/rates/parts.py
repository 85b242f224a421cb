"""Tariff cards and heat maps."""

from collections.abc import Callable

import reflex as rx

from portal.core.languages import tr
from portal.features.cost.parts import hue_square
from portal.features.rates.view import HeatCell, HeatMap, HeatRate, HeatRow, PeriodRow, TariffCard
from portal.ui.cards import card
from portal.ui.feedback import badge_for
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Shown, Text, is_some, sentence

_PERIODS = (
    Column(tr("Period")),
    Column(tr("Days")),
    Column(tr("Local time")),
    Column(tr("Rate per kWh"), is_number=True),
)


def _periods_of(tariff: TariffCard) -> str:
    # Tariffs share names: those of two municipalities, and those of two years.
    return sentence(
        "Periods of {name}, {municipality}, {window}",
        name=tariff.name,
        municipality=tariff.municipality,
        window=tariff.window,
    )


def tariff_card(
    tariff: TariffCard, actions: Callable[[TariffCard], rx.Component] | None = None
) -> rx.Component:
    """Municipality, window, rates, periods with their days, and the resulting week."""
    note = rx.el.div(
        badge_for(tariff.state, tariff.tone),
        actions(tariff) if actions else rx.fragment(),
        class_name="ui-row",
    )
    return card(
        rx.el.dl(
            _fact(tr("Municipality"), tariff.municipality),
            _fact(tr("Holds"), tariff.window),
            rx.foreach(tariff.facts, lambda fact: _fact(fact["label"], fact["value"])),
            class_name="ui-tariff-facts",
        ),
        rx.el.div(
            heat_maps(tariff.maps),
            rx.cond(
                is_some(tariff.periods),
                data_table(_PERIODS, tariff.periods, _period_row, caption=_periods_of(tariff)),
                rx.el.p(tr("One rate at all times."), class_name="ui-hint"),
            ),
            class_name="ui-tariff",
        ),
        rx.cond(
            is_some(tariff.holidays),
            rx.el.details(
                rx.el.summary(tr("Public holidays")),
                rx.el.ul(rx.foreach(tariff.holidays, rx.el.li)),
            ),
            rx.fragment(),
        ),
        left_out(tariff.left_out),
        title=tariff.name,
        note=note,
    )


def left_out(charges: Shown[list[str]]) -> rx.Component:
    """What a price list charges and the portal does not; nothing where nothing is known of it."""
    named = rx.el.div(
        rx.el.strong(tr("Not included"), class_name="ui-label"),
        rx.el.ul(rx.foreach(charges, rx.el.li), class_name="ui-left-out"),
    )
    return rx.cond(is_some(charges), named, rx.fragment())


def heat_maps(maps: list[HeatMap]) -> rx.Component:
    """A week of 24 hours a day for each season, with what its colours mean."""
    return rx.el.div(rx.foreach(maps, _heat_map), class_name="ui-heats")


def _heat_map(heat: HeatMap) -> rx.Component:
    hours = [rx.el.th(text, col_span=6, scope="colgroup") for text in ("00:00", "06:00", "12:00", "18:00")]
    return rx.el.div(
        rx.el.table(
            rx.el.caption(heat.title),
            rx.el.thead(rx.el.tr(rx.el.td(), *hours)),
            rx.el.tbody(rx.foreach(heat.rows, _heat_row)),
            class_name="ui-heat",
        ),
        rx.el.ul(rx.foreach(heat.rates, _rate), class_name="ui-legend"),
    )


def _heat_row(row: HeatRow) -> rx.Component:
    return rx.el.tr(rx.el.th(row["day"], scope="row"), rx.foreach(row["cells"], _heat_cell))


def _heat_cell(hour: HeatCell) -> rx.Component:
    return rx.el.td(
        rx.el.span(hour["title"], class_name="ui-visually-hidden"),
        title=hour["title"],
        style={"background": hour["hue"]},
    )


def _rate(rate: HeatRate) -> rx.Component:
    return rx.el.li(hue_square(rate["hue"]), rate["label"])


def _fact(label: Text, value: Text) -> rx.Component:
    return rx.el.div(rx.el.dt(label, class_name="ui-hint"), rx.el.dd(value))


def _period_row(period: PeriodRow) -> list[rx.Component]:
    return [
        head_cell(
            rx.el.div(hue_square(period["hue"]), period["name"], class_name="ui-cell-name"),
            rx.cond(period["season"] != "", cell_note(period["season"]), rx.fragment()),
        ),
        cell(rx.el.span(period["days"], class_name="ui-mono")),
        cell(period["times"]),
        cell(period["rate"], number=True),
    ]
