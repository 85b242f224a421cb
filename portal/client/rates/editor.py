"""The form of a tariff, as a grid or in rows, with the week it makes beside it."""

import reflex as rx

from portal.client.rates.draft import GRID, Draft
from portal.client.rates.editor_state import TariffDraftState as State
from portal.client.rates.fields import FormBox, boxes_of
from portal.client.rates.grid_editor import (
    PAINT_FORM,
    clock_card,
    price_card,
    questions,
    unit_choice,
    weeks_card,
)
from portal.client.rates.grid_state import TariffGridState as Grid
from portal.client.rates.row_parts import (
    HOLIDAYS_FORM,
    add_row,
    fill_holidays,
    holiday_row,
    options,
    period_row,
    period_titles,
    season_row,
    text_box,
)
from portal.client.rates.state import RatesState
from portal.core.languages import tr
from portal.features.rates.parts import heat_maps
from portal.ui.cards import card
from portal.ui.feedback import callout, callouts
from portal.ui.forms import button
from portal.ui.vars import Text, is_some
from portal.web.events.drafts import kept_form, restored_notice

DRAFT = "tariff"
# What the grid says by its prices, or in a card of its own.
_NOT_IN_HEADING = ("rate", "default_name", "not_included")


def editor() -> rx.Component:
    """Everything of one tariff. What is saved is what stands in the boxes, so each of them has a name."""
    form = rx.el.form(
        # Enter would press the first button that submits: this one does nothing.
        rx.el.button(type="submit", disabled=True, aria_hidden=True, style={"display": "none"}),
        _fields(),
        on_submit=State.save,
        class_name="ui-edit-form",
    )
    return rx.fragment(
        rx.cond(State.restored != "", restored_notice(State.restored, on_discard=State.close), rx.fragment()),
        kept_form(form, scope=DRAFT, done=State.draft_done, revision=State.draft),
        # Outside: a form within a form is none.
        rx.el.form(id=PAINT_FORM, on_submit=Grid.paint_hours),
        rx.el.form(id=HOLIDAYS_FORM, on_submit=State.fill_holidays),
    )


def _fields() -> rx.Component:
    draft = State.draft
    return rx.fragment(
        *[rx.el.input(type="hidden", name=name, value=value, read_only=True) for name, value in _hidden()],
        rx.cond(draft.note != "", callout(draft.note, tone="note"), rx.fragment()),
        rx.cond(draft.layout == GRID, _grid(), _rows()),
        _foot(),
    )


def _grid() -> rx.Component:
    """A clock and six prices, with the weeks they make beside them."""
    return rx.el.div(
        rx.el.div(
            card(_heading(but=_NOT_IN_HEADING), title=_title()),
            clock_card(),
            price_card(),
            _seasons(note=tr("The months of the high season; without one a price holds all year")),
            _holidays(),
            _not_included(),
            class_name="ui-grid-column",
        ),
        rx.el.aside(weeks_card(), aria_label=tr("The weeks"), class_name="ui-grid-weeks"),
        class_name="ui-grid-editor",
    )


def _rows() -> rx.Component:
    """Every period as a row, for what no clock can say."""
    draft = State.draft
    return rx.fragment(
        card(_heading(), title=_title()),
        clock_card(),
        card(
            questions(),
            rx.cond(is_some(draft.periods), period_titles(), rx.fragment()),
            rx.foreach(draft.periods, period_row),
            rx.el.div(
                add_row("periods", tr("Add period")), unit_choice(), class_name="ui-row ui-row--between"
            ),
            title=tr("Periods"),
            note=tr("Local time; 00:00 as an end is the end of the day, and a period may go over midnight"),
        ),
        _seasons(note=tr("A season has periods and a default rate of its own")),
        _holidays(),
        card(
            rx.cond(
                is_some(State.maps),
                heat_maps(State.maps),
                rx.el.p(tr("Shown once nothing is missing above."), class_name="ui-hint"),
            ),
            title=tr("The week this makes"),
        ),
    )


def _title() -> Text:
    return rx.cond(State.draft.id != "", tr("Edit tariff"), tr("New tariff"))


def _seasons(note: str) -> rx.Component:
    is_full = (State.draft.layout == GRID) & is_some(State.draft.seasons)
    return card(
        rx.foreach(State.draft.seasons, season_row),
        rx.cond(is_full, rx.fragment(), add_row("seasons", tr("Add season"))),
        title=tr("Seasons"),
        note=note,
    )


def _holidays() -> rx.Component:
    return card(
        rx.foreach(State.draft.holidays, holiday_row),
        rx.el.div(add_row("holidays", tr("Add holiday")), fill_holidays(), class_name="ui-edit-row"),
        title=tr("Public holidays"),
        note=tr("What is not listed is a day as usual"),
    )


def _not_included() -> rx.Component:
    box = dict(boxes_of(Draft))["not_included"]
    return card(
        _own_box("not_included", box), title=tr("Not included"), note=tr("Said on the Cost page as well")
    )


def _hidden() -> tuple[tuple[str, Text], ...]:
    draft = State.draft
    kept = ("id", "base", "note", "layout", "unit", "clock", "low_week", "high_week", "answered")
    return (*((name, getattr(draft, name)) for name in kept), ("agreed", State.agreed))


def _foot() -> rx.Component:
    """What is missing, what last month would have cost, and the buttons: always in sight."""
    return rx.el.div(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(
            is_some(State.problems),
            rx.el.div(
                callout(
                    rx.el.strong(tr("Before it can be saved")), rx.el.ul(rx.foreach(State.problems, rx.el.li))
                ),
                role="region",
                aria_label=tr("What is still missing"),
                tab_index=0,
                class_name="ui-edit-problems",
            ),
            rx.fragment(),
        ),
        callouts(State.comparison, tone="note"),
        rx.cond(State.overtaken != "", _overtaken(), rx.fragment()),
        rx.el.div(
            button(tr("Cancel"), on_click=State.close),
            button(tr("What would last month have cost?"), on_click=State.compare),
            # Not in the same place: a second press on it is not meant for what was said since.
            rx.cond(
                State.overtaken == "", button(tr("Save tariff"), tone="primary", kind="submit"), rx.fragment()
            ),
            class_name="ui-row",
        ),
        class_name="ui-edit-foot",
    )


def _overtaken() -> rx.Component:
    """What somebody else has done to the tariff since, and the two ways on."""
    is_there = State.agreed != ""
    return callout(
        State.overtaken,
        rx.el.div(
            button(
                rx.cond(is_there, tr("Save all the same"), tr("Save as a new tariff")),
                size="small",
                kind="submit",
            ),
            rx.cond(
                is_there,
                button(tr("Open the stored one"), size="small", on_click=State.start("edit", State.draft.id)),
                rx.fragment(),
            ),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )


def _heading(but: tuple[str, ...] = ()) -> rx.Component:
    own = [_own_box(name, each) for name, each in boxes_of(Draft) if name not in but]
    return rx.el.div(*own, class_name="ui-edit-grid")


def _own_box(name: str, box: FormBox) -> rx.Component:
    """A box of the tariff itself, below its label."""
    value = getattr(State.draft, name)
    if name == "municipality_id":
        # The form opens below the card it was asked for: its beginning comes into sight with the focus.
        control = _choice(name, value, _municipalities(), auto_focus=True)
    elif box.kind.choices:
        control = _choice(name, value, options(box.kind.choices))
    else:
        control = text_box(
            name, value, lambda typed: State.set_field(name, typed), tr(box.label), kind=box.kind.typed
        )
    return rx.el.label(rx.el.span(tr(box.label), class_name="ui-label"), control, class_name="ui-field")


def _municipalities() -> rx.Component:
    return rx.fragment(
        rx.el.option(tr("Choose …"), value=""),
        rx.foreach(
            RatesState.municipalities,
            lambda municipality: rx.el.option(municipality["name"], value=municipality["id"]),
        ),
    )


def _choice(name: str, value: Text, options: rx.Component, *, auto_focus: bool = False) -> rx.Component:
    return rx.el.select(
        options,
        name=name,
        value=value,
        on_change=lambda chosen: State.set_field(name, chosen),
        auto_focus=auto_focus,
        class_name="ui-input",
    )
