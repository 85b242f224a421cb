"""The list of municipalities and tariffs."""

from typing import Any
from zoneinfo import available_timezones

import reflex as rx

from portal.client.rates.assigning import sites_dialog
from portal.client.rates.assigning_state import AssigningState
from portal.client.rates.editor_state import TariffDraftState as Editor
from portal.client.rates.state import RatesState as State
from portal.core.languages import tr
from portal.core.tariffs.service.time_zones import country_names
from portal.features.rates.parts import tariff_card
from portal.features.rates.published import presets_dialog
from portal.features.rates.view import TariffCard
from portal.features.settings.dialogs import dialog_drafts, form_dialog
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.feedback import callout, callouts, empty_state, skeleton_lines
from portal.ui.forms import button, dialog, dialog_buttons, text_field
from portal.ui.tables import Column, cell, data_table, head_cell, menu_cell
from portal.ui.vars import Text, is_some, sentence

_DRAFT = "municipality"
_MUNICIPALITIES = (
    Column(tr("Municipality")),
    Column(tr("Time zone")),
    Column(tr("Actions"), is_hidden_label=True),
)
_CONTINENTS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_ZONES = sorted(name for name in available_timezones() if name.split("/")[0] in _CONTINENTS)


def actions() -> rx.Component:
    """What can be added."""
    return rx.fragment(
        button(tr("Add municipality"), on_click=_open("municipality", "", "")),
        button(tr("Start from published figures"), on_click=_open("presets", "", "")),
        _new_tariff(),
    )


def _new_tariff() -> rx.Component:
    return button(
        rx.icon("plus", size=16), tr("New tariff"), tone="primary", on_click=Editor.start("blank", "")
    )


def _open(which: str, key: Text, name: Text) -> Any:
    return State.open_dialog(which, key, name)


def listing() -> rx.Component:
    """Municipalities, what is not covered, and a card per tariff."""
    return rx.fragment(
        dialog_drafts(State, _DRAFT),
        rx.cond((State.failure != "") & (State.opened == ""), _failure(), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        callouts(State.warnings),
        rx.cond(State.is_loading, card(skeleton_lines(3)), _lists()),
        sites_dialog(),
        _municipality_dialog(),
        presets_dialog(
            State,
            lambda key: Editor.start("preset", key),
            tr("The figures become a draft that you complete and save."),
        ),
        _copy_dialog(),
        _question(
            "remove-tariff", tr("What was priced by it has no price any more, also in months that are over.")
        ),
        _question(
            "remove-municipality", tr("This is possible only while no site and no tariff refers to it.")
        ),
    )


def _failure() -> rx.Component:
    return callout(State.failure, tone="fail")


def _failure_in_dialog() -> rx.Component:
    return rx.cond(State.failure != "", _failure(), rx.fragment())


def _cancel() -> rx.Component:
    return button(tr("Cancel"), on_click=State.close(False))


def _question(which: str, consequence: str) -> rx.Component:
    return dialog(
        sentence("Delete {chosen_name}?", chosen_name=State.chosen_name),
        _failure_in_dialog(),
        dialog_buttons(_cancel(), button(tr("Delete"), tone="danger", on_click=State.remove)),
        description=consequence,
        is_open=State.opened == which,
        on_open_change=State.close,
        is_alert=True,
    )


def _copy_dialog() -> rx.Component:
    return dialog(
        tr("Copy to next year"),
        text_field(
            tr("Raise all rates and charges by, %"),
            name="percent",
            value=State.percent,
            on_change=State.set_raise,
        ),
        _failure_in_dialog(),
        dialog_buttons(
            _cancel(),
            button(
                tr("Make the draft"),
                tone="primary",
                on_click=Editor.start("copy", State.chosen_id),
            ),
        ),
        is_open=State.opened == "copy",
        on_open_change=State.close,
        description=tr("The copy is a draft until you make it active. Public holidays are not carried over."),
    )


def _lists() -> rx.Component:
    return rx.cond(
        is_some(State.municipalities),
        rx.fragment(
            card(
                data_table(
                    _MUNICIPALITIES, State.municipalities, _municipality_row, caption=tr("Municipalities")
                ),
                title=tr("Municipalities"),
                flush=True,
            ),
            rx.cond(
                is_some(State.cards),
                rx.foreach(State.cards, _card),
                card(
                    empty_state(
                        tr("No tariffs yet"),
                        tr("Until there is one, energy is counted but has no price."),
                        icon="receipt-text",
                        action=_new_tariff(),
                    )
                ),
            ),
        ),
        card(
            empty_state(
                tr("No municipalities yet"),
                tr("Tariffs and sites belong to a municipality, whose time zone says when each rate holds."),
                icon="map-pin",
                action=button(tr("Add municipality"), tone="primary", on_click=_open("municipality", "", "")),
            )
        ),
    )


def _municipality_row(municipality: dict[str, str]) -> list[rx.Component]:
    return [
        head_cell(municipality["name"]),
        cell(municipality["zone"]),
        menu_cell(
            action_menu(
                action_item(
                    "pencil", tr("Edit"), _open("municipality", municipality["id"], municipality["name"])
                ),
                action_item(
                    "map-pin",
                    tr("Sites"),
                    AssigningState.open_dialog("sites", municipality["id"], municipality["name"]),
                ),
                action_item(
                    "trash-2",
                    tr("Delete"),
                    _open("remove-municipality", municipality["id"], municipality["name"]),
                ),
                label=sentence("Actions for {name}", name=municipality["name"]),
            )
        ),
    ]


def _card(tariff: TariffCard) -> rx.Component:
    return tariff_card(tariff, _menu)


def _menu(tariff: TariffCard) -> rx.Component:
    key = rx.Var.create(tariff.id).to_string()
    return action_menu(
        action_item("pencil", tr("Edit"), Editor.start("edit", key)),
        action_item("copy-plus", tr("Copy to next year"), _open("copy", key, tariff.name)),
        action_item("trash-2", tr("Delete"), _open("remove-tariff", key, tariff.name)),
        label=sentence("Actions for {name}", name=tariff.name),
    )


def _municipality_dialog() -> rx.Component:
    is_new = State.chosen_id == ""
    return form_dialog(
        State,
        "municipality",
        rx.cond(is_new, tr("Add municipality"), tr("Edit municipality")),
        text_field(tr("Name"), name="name", required=True, default_value=State.chosen_name),
        text_field(
            tr("Time zone"),
            name="zone",
            default_value=rx.cond(State.chosen_zone != "", State.chosen_zone, "Africa/Johannesburg"),
            hint=rx.cond(
                State.zone_found != "",
                State.zone_found,
                tr("A city, a country, or a zone like Europe/Berlin."),
            ),
            on_change=State.look_for_zone.debounce(300),
            custom_attrs={"list": "zones"},
        ),
        rx.el.datalist(*[rx.el.option(value=name) for name in (*country_names(), *_ZONES)], id="zones"),
        on_submit=State.save_municipality,
        submit=rx.cond(is_new, tr("Add"), tr("Save")),
        description=tr("Whose price list holds for a site, and the local time it holds in."),
        draft=_DRAFT,
    )
