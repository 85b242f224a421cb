"""The import of a file: choosing it, saying what its columns are, what would be stored, and what was."""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from portal.client.import_file.import_state import ImportState as State
from portal.client.import_file.view import TIME, ColumnRow, RefusedLine
from portal.core.languages import tr
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.features.quantity_words import with_unit
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, callouts, empty_state, skeleton_lines
from portal.ui.forms import UploadForm, button, select_field, text_field
from portal.ui.layout import internal_link
from portal.ui.panels import facts
from portal.ui.tables import Column, cell, data_table, head_cell
from portal.ui.vars import Text, is_some
from portal.web.events.drafts import kept_form

_COLUMNS = (Column(tr("Column")), Column(tr("First cells")), Column(tr("Holds")))
_REFUSED = (Column(tr("Rows"), is_number=True), Column(tr("Why")))
_AUTO = ("", tr("Found out from the file"))


class _FileBox(BaseHTML):
    """The box for a file: what is in it is the browser's, and the server is told when the form is sent."""

    tag = "input"

    type: rx.Var[str]
    name: rx.Var[str]
    accept: rx.Var[str]
    required: rx.Var[bool]


def importing() -> rx.Component:
    """The step that is being taken."""
    return rx.fragment(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(
            State.is_loading,
            card(skeleton_lines(4)),
            rx.cond(
                is_some(State.devices),
                rx.cond(
                    State.is_running,
                    _running(),
                    rx.fragment(rx.match(State.step, ("look", _look()), ("report", _report()), _choose())),
                ),
                _no_meter(),
            ),
        ),
    )


def _no_meter() -> rx.Component:
    return card(
        empty_state(
            tr("No meter yet"),
            tr("Readings of a file belong to a meter. Add it first; it needs no board for that."),
            icon="plug-zap",
            action=internal_link(
                tr("Add the first meter"), href="/sites/add", class_name="ui-button ui-button--primary"
            ),
        )
    )


def _choose() -> rx.Component:
    form = UploadForm.create(
        rx.el.div(
            rx.el.label(tr("File"), html_for="file"),
            _FileBox.create(
                id="file",
                type="file",
                name="file",
                accept=".csv,.txt,.tsv,.xlsx,.nem12,.nem,text/csv,text/plain",
                required=True,
                class_name="ui-input",
            ),
            rx.el.p(
                tr(
                    "CSV of any separator, a workbook of Excel (.xlsx), or NEM12; up to 256 MB. Nothing is "
                    "stored until you have seen what would be."
                ),
                class_name="ui-hint",
            ),
            class_name="ui-field",
        ),
        rx.el.input(type="hidden", name="device", value=State.device),
        rx.el.div(button(tr("Look at it"), tone="primary", kind="submit"), class_name="ui-row"),
        action="/auth/readings-file",
        method="post",
        enc_type="multipart/form-data",
        class_name="ui-stack",
    )
    return card(form, title=tr("Choose a file"))


def _look() -> rx.Component:
    form = rx.el.form(
        rx.el.div(
            _device_field(),
            rx.cond(State.look.kind == "nem12", rx.fragment(), _table_fields()),
            class_name="ui-fields",
        ),
        rx.cond(State.look.kind == "nem12", _nem12(), _columns()),
        rx.el.div(
            button(tr("Try it"), tone="primary", kind="submit"),
            rx.el.span(tr("Nothing is stored yet."), class_name="ui-hint"),
            class_name="ui-row",
        ),
        on_submit=State.try_file,
        class_name="ui-stack",
    )
    return card(
        rx.cond(
            State.look.problem != "",
            rx.el.div(callout(State.look.problem), style={"margin_bottom": "16px"}),
            rx.fragment(),
        ),
        kept_form(form, scope="import-file", done=State.report.title, opening=("look", State.file, "")),
        title=State.name,
        note=State.look.kind_word,
    )


def _device_field() -> rx.Component:
    return select_field(
        tr("Meter"),
        name="device",
        options=State.devices,
        none=tr("Choose the meter"),
        required=True,
        default_value=State.device,
    )


def _table_fields() -> rx.Component:
    return rx.fragment(
        rx.cond(is_some(State.look.sheets), _sheet_field(), rx.fragment()),
        text_field(
            tr("Time zone of times without an offset"),
            name="zone",
            default_value=State.zone,
            auto_complete="off",
        ),
        select_field(
            tr("Dates like 3/2/2026"),
            name="date_order",
            options=(_AUTO, ("dmy", tr("Day first: 3 February")), ("mdy", tr("Month first: 2 March"))),
        ),
        select_field(
            tr("Energy columns"),
            name="energy",
            options=(
                _AUTO,
                ("registers", tr("Registers that rise")),
                ("intervals", tr("Energy of each interval")),
            ),
        ),
        text_field(
            tr("Interval, minutes"),
            name="interval",
            hint=tr("Empty: found out from the rows."),
            custom_attrs={"inputMode": "numeric"},
        ),
        select_field(
            tr("A time names"),
            name="stamped",
            options=(("start", tr("The start of its interval")), ("end", tr("The end of its interval"))),
        ),
        select_field(
            tr("Decimals"),
            name="decimals",
            options=(_AUTO, ("point", tr("Point: 1.5")), ("comma", tr("Comma: 1,5"))),
        ),
    )


def _sheet_field() -> rx.Component:
    return rx.el.div(
        rx.el.label(tr("Sheet"), html_for="sheet"),
        rx.el.select(
            rx.foreach(State.look.sheets, lambda name: rx.el.option(name, value=name)),
            id="sheet",
            name="sheet",
            default_value=State.sheet,
            on_change=State.choose_sheet,
            class_name="ui-input",
        ),
        class_name="ui-field",
    )


def _columns() -> rx.Component:
    return data_table(_COLUMNS, State.look.columns, _column, caption=tr("Columns of the file"), stacked=True)


def _column(row: ColumnRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.label(row["label"], html_for=row["name"])),
        cell(
            rx.el.span(row["cells"], class_name="ui-mono", style={"white_space": "pre-line"}),
            label=tr("First cells"),
            prose=True,
        ),
        cell(
            rx.el.select(
                rx.el.option(tr("Not used"), value=""),
                rx.el.option(tr("Time"), value=TIME),
                *[rx.el.option(with_unit(each), value=each.name) for each in ALL_QUANTITIES],
                id=row["name"],
                name=row["name"],
                default_value=row["taken_for"],
                class_name="ui-input",
            ),
            label=tr("Holds"),
        ),
    ]


def _nem12() -> rx.Component:
    return rx.fragment(
        rx.el.pre(
            State.look.lines, tab_index=0, role="region", aria_label=tr("First lines"), class_name="ui-block"
        ),
        rx.el.div(
            text_field(tr("Meter (NMI)"), name="nmi", hint=tr("Where the file holds several.")),
            text_field(
                tr("Channels"),
                name="channels",
                hint=tr(
                    "Empty: E1 is what was imported, B1 what was exported. Else like E2=energyImportedKwh."
                ),
            ),
            text_field(
                tr("Leave out"),
                name="leave_out",
                hint=tr("Suffixes of channels that need not be stored: E2 Q1."),
            ),
            select_field(
                tr("Estimates"),
                name="estimates",
                options=(
                    ("refuse", tr("Refuse them")),
                    ("take", tr("Take them, marked as such")),
                    ("leave-out", tr("Leave a gap")),
                ),
            ),
            class_name="ui-fields",
        ),
    )


def _running() -> rx.Component:
    bar: dict[str, Any] = {"max": 100, "value": State.percent}
    return card(
        rx.el.p(State.progress, class_name="ui-soft", role="status", style={"margin": "0 0 8px"}),
        rx.cond(
            State.percent > 0,
            rx.el.progress(
                aria_label=tr("How far the file is read"), class_name="ui-progress", custom_attrs=bar
            ),
            rx.el.progress(aria_label=tr("How far the file is read"), class_name="ui-progress"),
        ),
        title=tr("Reading the file"),
        note=tr("You can leave this page: it goes on"),
    )


def _report() -> rx.Component:
    shown = State.report
    return rx.fragment(
        card(
            rx.el.div(badge_for(shown.title, shown.tone), style={"margin_bottom": "12px"}),
            facts(shown.facts),
            rx.cond(
                is_some(shown.notes), rx.el.div(callouts(shown.notes, tone="note"), style=_GAP), rx.fragment()
            ),
            rx.el.div(
                rx.cond(shown.can_store, _store(shown.action), rx.fragment()),
                button(tr("Change the answers"), on_click=State.change_answers),
                button(tr("Another file"), on_click=State.forget),
                class_name="ui-row",
                style=_GAP,
            ),
            title=State.name,
        ),
        rx.cond(
            is_some(shown.refused),
            card(
                data_table(_REFUSED, shown.refused, _refused, caption=tr("Refused rows")),
                title=tr("Refused, and why"),
                flush=True,
            ),
            rx.fragment(),
        ),
    )


_GAP = {"margin_top": "16px"}


def _store(action: Text) -> rx.Component:
    return button(action, tone="primary", on_click=State.run(False))


def _refused(line: RefusedLine) -> list[rx.Component]:
    return [cell(line["count"], number=True), cell(line["words"], prose=True)]
