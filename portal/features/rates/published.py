"""Published figures of municipal tariffs, to start from: listed, searched, and shown in a dialog."""

from collections.abc import Callable
from typing import TypedDict

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.languages import tr
from portal.core.tariffs.service import published
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.feedback import callout
from portal.ui.forms import button, dialog, dialog_buttons, search_field
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import Click, Text, is_some, sentence

_LONGEST_SEARCH = 100
_COLUMNS = (
    Column(tr("Figures of")),
    Column(tr("Year"), is_number=True),
    Column(tr("Start"), is_hidden_label=True),
)


class PresetRow(TypedDict):
    """Published figures to start from."""

    key: str
    name: str
    provider: str
    year: str
    source: str


class PublishedFigures(AdminDialogs, mixin=True):
    """Dialogs of which "presets" is one, in which figures are looked for; the page says what starting does."""

    presets: list[PresetRow] = []
    preset_search: str = ""

    @rx.event
    @admin_only
    def search_presets(self, search: str) -> None:
        """List the published figures that all words are found in."""
        self._find_presets(search[:_LONGEST_SEARCH])

    def _find_presets(self, search: str) -> None:
        self.preset_search, self.presets = search, preset_rows(search)


def preset_rows(search: str = "") -> list[PresetRow]:
    """Every preset that all words of a search are found in, with where its figures come from."""
    words = search.casefold().split()
    return [row for row in _all_presets() if all(word in _searched(row) for word in words)]


def _searched(row: PresetRow) -> str:
    return " ".join(row[name] for name in ("provider", "name", "year")).casefold()


def _all_presets() -> list[PresetRow]:
    return [
        {
            "key": str(index),
            "name": preset.tariff.name,
            "provider": preset.provider,
            "year": preset.year,
            "source": preset.source,
        }
        for index, preset in enumerate(published.presets())
    ]


def presets_dialog(
    state: type[PublishedFigures], on_start: Callable[[Text], Click], description: str
) -> rx.Component:
    """The dialog "presets"; `on_start` is told the key of the figures chosen."""
    return dialog(
        tr("Start from published figures"),
        callout(
            tr("Not official: check every figure against the municipality's own price list."), tone="warn"
        ),
        search_field(
            tr("Municipality, tariff or year"),
            value=state.preset_search,
            on_change=state.search_presets,
            name="preset-search",
        ),
        rx.cond(
            is_some(state.presets),
            data_table(
                _COLUMNS,
                state.presets,
                lambda preset: _row(preset, on_start(preset["key"])),
                caption=tr("Published figures"),
                tall=True,
            ),
            rx.el.p(tr("No published figures match."), class_name="ui-hint"),
        ),
        rx.cond(state.failure != "", callout(state.failure, tone="fail"), rx.fragment()),
        dialog_buttons(button(tr("Cancel"), on_click=state.close(False))),
        is_open=state.opened == "presets",
        on_open_change=state.close,
        description=description,
        width="720px",
    )


def _row(preset: PresetRow, start: Click) -> list[rx.Component]:
    label = sentence(
        "Start from {provider}, {name}, {year}",
        provider=preset["provider"],
        name=preset["name"],
        year=preset["year"],
    )
    return [
        head_cell(f"{preset['provider']}: {preset['name']}", cell_note(preset["source"])),
        cell(preset["year"], number=True),
        menu_cell(button(tr("Start"), size="small", on_click=start, aria_label=label)),
    ]
