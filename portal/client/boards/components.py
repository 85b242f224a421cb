"""Firmware and the boards that run it, as lists; and what the panel of a meter shows of its board."""

from typing import Any

import reflex as rx

from portal.client.boards.dialog_state import FirmwareDialogs as Dialogs
from portal.client.boards.state import BoardsState as State
from portal.client.boards.upload import UPLOAD
from portal.client.boards.view import BoardLine, ReleaseLine
from portal.client.nav import SITES
from portal.core.languages import tr
from portal.features.settings.dialogs import page_failure
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.feedback import badge, badge_for, callout, cell_warning, empty_state, skeleton_lines
from portal.ui.forms import UploadForm, button
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import Shown, Text, is_some, sentence

_RELEASES = (
    Column(tr("Release")),
    Column(tr("Offered to"), is_number=True, hint=tr("Of a hundred boards")),
    Column(tr("Run it"), is_number=True, hint=tr("Boards that have posted with it")),
    Column(tr("Offered, not taken yet"), is_number=True),
    Column(tr("Failed"), is_number=True, hint=tr("Boards that refused it or fell back from it")),
    Column(tr("Added")),
    Column(tr("Actions"), is_hidden_label=True),
)
_BOARDS = (
    Column(tr("Board of")),
    Column(tr("Runs")),
    Column(tr("Settings")),
    Column(tr("Signal"), is_number=True),
    Column(tr("Last heard")),
    Column(tr("Actions"), is_hidden_label=True),
)


def listing() -> rx.Component:
    """Releases and boards, or what to do while there are none."""
    return rx.fragment(
        page_failure(Dialogs),
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.no_figures != "", callout(State.no_figures, tone="fail"), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        card(_shown(State.found.boards, _boards(), _no_board()), title=tr("Boards"), flush=True),
        card(
            _shown(State.found.releases, _releases(), _no_release()),
            _add_release(),
            title=tr("Firmware"),
            flush=True,
        ),
    )


def _shown(rows: Shown[list], table: rx.Component, nothing: rx.Component) -> rx.Component:
    return rx.cond(State.is_loading, skeleton_lines(3), rx.cond(is_some(rows), table, nothing))


def _no_board() -> rx.Component:
    return empty_state(
        tr("No board has been heard yet"),
        tr("A board of ours says with each post what it runs. Other devices post readings alone."),
        icon="cpu",
        action=internal_link(tr("Sites and meters"), href=SITES, class_name="ui-button"),
    )


def _no_release() -> rx.Component:
    return empty_state(
        tr("No release yet"),
        tr(
            "Boards run what they were flashed with. A signed bundle added here reaches as many of "
            "them as you say."
        ),
        icon="package",
    )


def _boards() -> rx.Component:
    return data_table(_BOARDS, State.found.boards, _board, caption=tr("Boards"), stacked=True)


def _board(row: BoardLine) -> list[rx.Component]:
    return [
        head_cell(
            internal_link(row["name"], href=f"{SITES}?meter=" + row["id"], class_name="ui-row-link"),
            cell_note(row["site"]),
        ),
        cell(
            row["running"],
            rx.cond(row["release"] != "", rx.el.div(badge_for(row["release"], row["tone"])), rx.fragment()),
            label=tr("Runs"),
        ),
        cell(_marked(row["settings"], row["settings_tone"]), label=tr("Settings")),
        cell(_marked(row["signal"], row["signal_tone"]), label=tr("Signal"), number=True),
        cell(rx.el.span(row["heard"], title=row["heard_utc"]), label=tr("Last heard")),
        menu_cell(
            action_menu(
                action_item("sliders-horizontal", tr("Settings"), _open("settings", row["id"], row["name"])),
                action_item("package", tr("Firmware"), _open("release", row["id"], row["name"])),
                label=sentence("Actions for the board of {name}", name=row["name"]),
            )
        ),
    ]


def _releases() -> rx.Component:
    return data_table(
        _RELEASES, State.found.releases, _release, caption=tr("Releases of firmware"), stacked=True
    )


def _release(row: ReleaseLine) -> list[rx.Component]:
    return [
        head_cell(row["version"], cell_note(row["size"])),
        cell(row["share"], label=tr("Offered to"), number=True),
        cell(row["confirmed"], label=tr("Run it"), number=True),
        cell(row["offered"], label=tr("Offered, not taken yet"), number=True),
        cell(
            rx.cond(row["failed"] != "", badge(row["failed"], "fail"), "0"), label=tr("Failed"), number=True
        ),
        cell(row["added"], label=tr("Added")),
        menu_cell(
            action_menu(
                action_item("percent", tr("Roll out"), _open("roll-out", row["version"], row["version"])),
                action_item("trash-2", tr("Delete"), _open("remove", row["version"], row["version"])),
                label=sentence("Actions for release {version}", version=row["version"]),
            )
        ),
    ]


def _add_release() -> rx.Component:
    return UploadForm.create(
        rx.el.div(
            rx.el.label(tr("Add a release: choose its bundle"), html_for="bundle"),
            rx.el.input(id="bundle", name="bundle", type="file", required=True, class_name="ui-input"),
            rx.el.p(
                tr(
                    "A signed bundle, at most 1 MiB. Boards check the signature themselves; nobody is "
                    "offered it until you roll it out."
                ),
                class_name="ui-hint",
            ),
            class_name="ui-field",
        ),
        rx.el.div(button(rx.icon("upload", size=15), tr("Add it"), kind="submit"), class_name="ui-row"),
        action=UPLOAD,
        method="post",
        enc_type="multipart/form-data",
        class_name="ui-stack",
        style={"padding": "16px 20px 20px"},
    )


def _marked(text: Text, tone: Text) -> rx.Component:
    return rx.cond(tone == "warn", cell_warning(text), rx.el.span(text))


def _open(which: str, key: Text, name: Text) -> Any:
    return Dialogs.open_dialog(which, key, name)
