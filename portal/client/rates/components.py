"""The list of municipalities and tariffs."""

import reflex as rx

from portal.client.rates.editor_state import TariffDraftState as Editor
from portal.client.rates.state import RatesState as State
from portal.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.feedback import callout, callouts, empty_state, skeleton_lines
from portal.ui.forms import button, dialog, dialog_buttons, icon_button, text_field
from portal.ui.rates.parts import tariff_card
from portal.ui.rates.view import TariffCard
from portal.ui.tables import Column, cell, data_table, head_cell, menu_cell

_PLACES = (Column("Municipality"), Column("Time zone"), Column("Actions", is_hidden_label=True))


def actions() -> rx.Component:
    """What can be added."""
    return rx.fragment(
        button("Add municipality", on_click=State.open_municipality(True)),
        rx.el.select(
            rx.el.option("Start from figures of \u2026", value=""),
            rx.foreach(State.presets, lambda preset: rx.el.option(preset[1], value=preset[0])),
            value="",
            on_change=lambda key: Editor.start("preset", key, "0"),
            aria_label="Start a tariff from the figures of a municipality; not official",
            class_name="ui-input",
            style={"width": "220px"},
        ),
        button(
            rx.icon("plus", size=16), "New tariff", tone="primary", on_click=Editor.start("blank", "", "0")
        ),
    )


def listing() -> rx.Component:
    """Municipalities, what is not covered, and a card per tariff."""
    return rx.fragment(
        rx.cond((State.failure != "") & ~State.is_adding, callout(State.failure, tone="fail"), rx.fragment()),
        callouts(State.warnings),
        rx.cond(State.is_loading, card(skeleton_lines(3)), _lists()),
        _municipality_dialog(),
        _copy_dialog(),
    )


def _copy_dialog() -> rx.Component:
    return dialog(
        "Copy to next year",
        text_field(
            "Raise all rates and charges by, %",
            name="percent",
            value=State.percent,
            on_change=State.set_raise,
        ),
        dialog_buttons(
            button("Cancel", on_click=State.ask_raise("")),
            button(
                "Make the draft",
                tone="primary",
                on_click=[Editor.start("copy", State.copied, State.percent), State.ask_raise("")],
            ),
        ),
        is_open=State.copied != "",
        on_open_change=State.close_copy,
        description="The copy is a draft until you make it active. Public holidays are not carried over.",
    )


def _lists() -> rx.Component:
    return rx.fragment(
        card(
            data_table(_PLACES, State.places, _place_row, caption="Municipalities"),
            title="Municipalities",
            flush=True,
        ),
        rx.cond(
            State.cards.length() > 0,
            rx.foreach(State.cards, _card),
            card(
                empty_state(
                    "No tariffs yet",
                    "Add a municipality with its time zone, then a tariff: from a blank form, or from the figures of a"
                    " municipality that you check against its own price list.",
                    icon="receipt-text",
                )
            ),
        ),
    )


def _place_row(place: dict[str, str]) -> list[rx.Component]:
    return [
        head_cell(place["name"]),
        cell(place["zone"]),
        menu_cell(
            icon_button(
                rx.icon("trash-2", size=16),
                label="Delete " + place["name"],
                on_click=State.remove_municipality(place["id"]),
            )
        ),
    ]


def _card(tariff: TariffCard) -> rx.Component:
    return tariff_card(tariff, _menu)


def _menu(tariff: TariffCard) -> rx.Component:
    key = rx.Var.create(tariff.id).to_string()
    return action_menu(
        action_item("pencil", "Edit", Editor.start("edit", key, "0")),
        action_item("copy-plus", "Copy to next year", State.ask_raise(key)),
        action_item("trash-2", "Delete", State.remove_tariff(tariff.id)),
        label="Actions for " + tariff.name,
    )


def _municipality_dialog() -> rx.Component:
    return dialog(
        "Add municipality",
        rx.el.form(
            text_field("Name", name="name", required=True),
            text_field(
                "Time zone",
                name="zone",
                default_value="Africa/Johannesburg",
                hint="As in the tz database, like Africa/Johannesburg or Europe/Berlin.",
            ),
            rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
            dialog_buttons(
                button("Cancel", on_click=State.open_municipality(False)),
                button("Add", kind="submit", tone="primary"),
            ),
            on_submit=State.add_municipality,
            class_name="ui-stack",
        ),
        is_open=State.is_adding,
        on_open_change=State.open_municipality,
        description="Whose price list holds for a site, and the local time it holds in.",
    )
