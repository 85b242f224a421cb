"""What the pages of the library are made of."""

import reflex as rx

from portal.admin.library.edition_state import EditionState as One
from portal.admin.library.state import LibraryState as State
from portal.admin.library.view import EditionBox, LibraryRow
from portal.admin.nav import LIBRARY
from portal.core.languages import tr
from portal.features.rates.parts import tariff_card
from portal.features.rates.published import presets_dialog
from portal.features.settings.dialogs import dialog_drafts, form_dialog, page_failure, question
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, empty_state, skeleton_lines
from portal.ui.forms import button, text_field
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Text, is_some, sentence
from portal.web.events.drafts import kept_form
from portal.web.events.identity import IdentityState

_COLUMNS = (
    Column(tr("Tariff")),
    Column(tr("From")),
    Column(tr("Status")),
    Column(tr("Accepted by"), hint=tr("Of the customers that have this municipality")),
)


def actions() -> rx.Component:
    """What can be added; a limited operator looks."""
    return rx.cond(
        IdentityState.is_admin,
        rx.fragment(
            button(tr("Paste JSON"), on_click=State.open_dialog("paste", "", "")),
            button(
                rx.icon("plus", size=16),
                tr("Start from published figures"),
                tone="primary",
                on_click=State.open_dialog("presets", "", ""),
            ),
        ),
        rx.fragment(),
    )


def editions() -> rx.Component:
    """Every edition, or how to begin."""
    table = data_table(_COLUMNS, State.rows, _row, caption=tr("Tariff library"), stacked=True)
    empty = empty_state(
        tr("No tariff yet"),
        tr(
            "Keep a municipality's prices here once: every customer there is offered them, and "
            "accepts with one click."
        ),
        icon="library",
    )
    return rx.fragment(
        page_failure(State),
        card(
            rx.cond(State.is_loading, skeleton_lines(5), rx.cond(is_some(State.rows), table, empty)),
            flush=True,
        ),
        dialog_drafts(State, "editions"),
        presets_dialog(
            State, State.start_from_preset, tr("The figures become a draft that nobody is offered yet.")
        ),
        _paste_dialog(),
    )


def _row(row: LibraryRow) -> list[rx.Component]:
    return [
        head_cell(
            internal_link(row["name"], href=row["href"], class_name="ui-row-link"),
            cell_note(row["municipality"]),
        ),
        cell(row["first"], label=tr("From")),
        cell(badge_for(row["state"], row["tone"]), label=tr("Status")),
        cell(row["spread"], label=tr("Accepted by")),
    ]


def _paste_dialog() -> rx.Component:
    return form_dialog(
        State,
        "paste",
        tr("Paste tariffs as JSON"),
        rx.el.div(
            rx.el.label(tr("Tariffs"), html_for="json"),
            rx.el.textarea(id="json", name="json", rows=10, required=True, class_name="ui-input ui-mono"),
            class_name="ui-field",
        ),
        on_submit=State.paste,
        submit=tr("Keep as drafts"),
        description=tr("The shape that portal edition add takes, and portal tariff list --json gives."),
        draft="editions",
    )


def edition_actions() -> rx.Component:
    """Offer it, copy it on, delete it."""
    copy = button(tr("Copy to next year"), on_click=One.open_dialog("copy", "", ""))
    remove = button(tr("Delete"), tone="quiet", on_click=One.open_dialog("remove", "", ""))
    ask = One.open_dialog("publish", "", "")
    offer = rx.cond(
        One.form.is_published,
        button(tr("Take back"), on_click=ask),
        button(tr("Publish"), tone="primary", on_click=ask),
    )
    shown = rx.fragment(copy, rx.cond(One.form.is_published, rx.fragment(), remove), offer)
    return rx.cond(IdentityState.is_admin & (One.form.id != ""), shown, rx.fragment())


def edition() -> rx.Component:
    """One edition: its boxes, and what it looks like."""
    return rx.cond(
        One.is_loading,
        card(skeleton_lines(6)),
        rx.cond(
            One.is_missing,
            _gone(),
            rx.fragment(_said(), _boxes(), tariff_card(One.form.tariff), _questions()),
        ),
    )


def _said() -> rx.Component:
    return rx.fragment(
        page_failure(One),
        rx.cond(One.notice != "", callout(One.notice, tone="note"), rx.fragment()),
    )


def _boxes() -> rx.Component:
    form = rx.el.form(
        rx.el.div(
            _box(tr("Municipality"), "municipality", One.form.municipality),
            _box(tr("Time zone"), "zone", One.form.zone),
            rx.foreach(One.form.boxes, _input),
            class_name="ui-fields",
        ),
        rx.el.fieldset(
            rx.el.legend(tr("Prices per kWh, without VAT")),
            rx.el.div(rx.foreach(One.form.prices, _input), class_name="ui-fields"),
            class_name="ui-fieldset",
        ),
        text_field(
            tr("Where the figures are from"), name="source", default_value=One.form.source, max_length=300
        ),
        rx.el.label(
            rx.el.input(type="checkbox", name="confirmed"),
            tr(" Rates below zero are meant"),
            class_name="ui-check",
        ),
        rx.el.div(button(tr("Save"), kind="submit")),
        on_submit=One.save,
        key=One.form.mark,
        class_name="ui-stack",
    )
    state = badge_for(
        rx.cond(One.form.is_published, tr("Offered"), tr("Draft")),
        rx.cond(One.form.is_published, "ok", "neutral"),
    )
    kept = kept_form(
        form, scope="edition", done=One.draft_done, opening=("edition", One.form.id, One.form.mark)
    )
    return rx.cond(
        IdentityState.is_admin,
        card(kept, title=sentence("Accepted by {spread}", spread=One.form.spread), note=state),
        rx.fragment(),
    )


def _box(label: str, name: str, value: Text) -> rx.Component:
    return text_field(label, name=name, default_value=value, required=True, max_length=200)


def _input(box: EditionBox) -> rx.Component:
    return rx.el.div(
        rx.el.label(box["label"], html_for=box["name"]),
        rx.el.input(
            id=box["name"],
            name=box["name"],
            type=box["kind"],
            default_value=box["value"],
            required=box["is_required"],
            class_name="ui-input",
        ),
        class_name="ui-field",
    )


def _questions() -> rx.Component:
    return rx.fragment(
        dialog_drafts(One, "edition-copy"),
        question(
            One,
            "publish",
            rx.cond(
                One.form.is_published,
                sentence("Take {title} back?", title=One.form.title),
                sentence("Publish {title}?", title=One.form.title),
            ),
            consequence=rx.cond(
                One.form.is_published,
                tr("It is offered to nobody any more. Customers that have accepted it keep it."),
                sentence(
                    "Every customer in {municipality} is told with its next push, and sees it beside the "
                    "prices in force. Nothing changes there until somebody accepts it.",
                    municipality=One.form.municipality,
                ),
            ),
            label=tr("Yes"),
            on_yes=One.publish,
        ),
        question(
            One,
            "remove",
            sentence("Delete {title}?", title=One.form.title),
            consequence=tr("It is a draft: no customer has seen it."),
            label=tr("Delete"),
            on_yes=One.remove,
            tone="danger",
        ),
        _copy(),
    )


def _copy() -> rx.Component:
    return form_dialog(
        One,
        "copy",
        tr("Copy to next year"),
        text_field(tr("Raise all prices by, %"), name="percent", default_value="0", required=True),
        on_submit=One.copy_on,
        submit=tr("Make the draft"),
        draft="edition-copy",
        description=tr(
            "Nobody is offered the copy until you publish it. Public holidays are not carried over."
        ),
    )


def _gone() -> rx.Component:
    back = internal_link(tr("The library"), href=LIBRARY, class_name="ui-button")
    return card(
        empty_state(
            tr("There is no such tariff"),
            tr("It was deleted, or the address is mistyped."),
            icon="file-x",
            action=back,
        )
    )
