"""The dialogs of the Sites page."""

import reflex as rx

from portal.client.sites.dialog_state import SiteDialogs as State
from portal.client.sites.forms import LEFT_OUT, MINUS, PLUS, Choice, Term
from portal.core.languages import tr
from portal.core.words import noted
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question_about, shown_once
from portal.ui.forms import Tone, select_field, text_field
from portal.ui.vars import Shown, Text, is_some, sentence

_DRAFT = "sites"
GRACES = (
    ("24", tr("24 hours")),
    ("1", tr("1 hour")),
    ("168", tr("7 days")),
    ("720", tr("30 days")),
    ("0", tr("Not at all")),
)
# What a dialog asks, its button, and what follows from it.
_QUESTIONS = {
    "deactivate-site": (
        noted("Deactivate {name}?"),
        tr("Deactivate"),
        tr("It leaves the dashboard. Its meters go on, and its energy and cost stay in every report."),
    ),
    "activate-site": (noted("Activate {name}?"), tr("Activate"), tr("It is on the dashboard again.")),
    "remove-site": (
        noted("Delete {name}?"),
        tr("Delete"),
        tr("This is possible only while no meter stands there."),
    ),
    "deactivate-meter": (
        noted("Deactivate {name}?"),
        tr("Deactivate"),
        tr("Posts with its token are refused from now on. What it has measured stays."),
    ),
    "activate-meter": (
        noted("Activate {name}?"),
        tr("Activate"),
        tr("Its board may post again, with the token it has."),
    ),
    "remove-meter": (
        noted("Delete {name}?"),
        tr("Delete"),
        tr("This is possible only while it has no reading and no other meter depends on it."),
    ),
}


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(
        dialog_drafts(State, _DRAFT),
        _site(),
        _meter(),
        _rotate(),
        _claim(),
        _issued(),
        *[_question(which) for which in _QUESTIONS],
    )


def municipality_field(municipalities: Shown[list[Choice]], chosen: Text) -> rx.Component:
    """Whose tariffs hold."""
    return select_field(
        tr("Municipality"),
        name="municipality",
        options=municipalities,
        none=tr("None: it costs nothing"),
        default_value=chosen,
    )


def parent_field(parents: Shown[list[Choice]], chosen: Text) -> rx.Component:
    """What a meter stands below."""
    return select_field(
        tr("Stands below"),
        name="parent",
        options=parents,
        none=tr("No other meter: the site adds it up"),
        default_value=chosen,
    )


def formula_fields(terms: Shown[list[Term]]) -> rx.Component:
    """What a virtual meter is made of."""
    return rx.el.fieldset(
        rx.el.legend(tr("Made of")),
        rx.cond(
            is_some(terms),
            rx.foreach(terms, _term),
            rx.el.p(tr("There is no meter at this site yet that measures."), class_name="ui-hint"),
        ),
        class_name="ui-fieldset",
    )


def power_field(value: Text = "") -> rx.Component:
    """The rated power of a meter."""
    return text_field(
        tr("Rated power, kW"),
        name="max_power_kw",
        default_value=value,
        hint=tr("What the connection can draw at most. Readings far beyond it are doubted."),
        custom_attrs={"inputMode": "decimal"},
        auto_complete="off",
    )


def _digits_field(value: Text) -> rx.Component:
    """Where the register of a meter begins again."""
    return text_field(
        tr("Digits of its register"),
        name="register_digits",
        default_value=value,
        hint=tr("Of whole kWh: one of 6 begins again at 0 after 999 999. Empty: 8, as most meters have."),
        custom_attrs={"inputMode": "numeric"},
        auto_complete="off",
    )


def _term(term: Term) -> rx.Component:
    return rx.el.div(
        rx.el.label(term["label"], html_for=term["name"]),
        rx.el.select(
            rx.el.option(tr("Leave out"), value=LEFT_OUT),
            rx.el.option(tr("Add"), value=PLUS),
            rx.el.option(tr("Subtract"), value=MINUS),
            id=term["name"],
            name=term["name"],
            default_value=term["sign"],
            class_name="ui-input",
        ),
        class_name="ui-term",
    )


def _site() -> rx.Component:
    boxes = State.site_boxes
    is_new = State.chosen_id == ""
    return form_dialog(
        State,
        "site",
        rx.cond(is_new, tr("Add a site"), tr("Edit site")),
        text_field(tr("Name"), name="name", required=True, default_value=boxes.name, auto_complete="off"),
        text_field(tr("Address"), name="address", default_value=boxes.address, auto_complete="off"),
        municipality_field(State.municipalities, boxes.municipality),
        on_submit=State.save_site,
        submit=rx.cond(is_new, tr("Add site"), tr("Save")),
        description=tr(
            "An address with a connection. Its municipality gives the tariffs and the local time."
        ),
        draft=_DRAFT,
    )


def _meter() -> rx.Component:
    boxes = State.meter_boxes
    return form_dialog(
        State,
        "meter",
        tr("Edit meter"),
        text_field(tr("Name"), name="name", required=True, default_value=boxes.name, auto_complete="off"),
        text_field(
            tr("External id"),
            name="external_id",
            required=True,
            default_value=boxes.external_id,
            auto_complete="off",
        ),
        text_field(
            tr("Description"), name="description", default_value=boxes.description, auto_complete="off"
        ),
        parent_field(boxes.parents, boxes.parent),
        rx.cond(
            boxes.is_virtual,
            formula_fields(boxes.terms),
            rx.fragment(power_field(boxes.max_power_kw), _digits_field(boxes.register_digits)),
        ),
        on_submit=State.save_meter,
        submit=tr("Save"),
        description=tr("Below another meter it is not added up any more, in what is past as well."),
        draft=_DRAFT,
    )


def _rotate() -> rx.Component:
    return form_dialog(
        State,
        "rotate",
        sentence("New token for {chosen_name}", chosen_name=State.chosen_name),
        select_field(tr("Old one stays valid for"), name="grace", options=GRACES),
        on_submit=State.rotate,
        submit=tr("Rotate token"),
        description=tr(
            "The board posts with the old one until the new one is on it. One before the old one ends now."
        ),
        draft=_DRAFT,
    )


def _claim() -> rx.Component:
    return form_dialog(
        State,
        "claim",
        sentence("A board for {chosen_name}", chosen_name=State.chosen_name),
        text_field(
            tr("Code that the board shows"),
            name="code",
            required=True,
            placeholder="7XK4-9MTC-02QF",
            hint=tr("Hyphens, blanks and small letters do not matter."),
            auto_complete="off",
        ),
        on_submit=State.claim,
        submit=tr("Give it the token"),
        description=tr(
            "The token goes to the board by itself, within a day. The one the meter has ends when it does."
        ),
        draft=_DRAFT,
    )


def _issued() -> rx.Component:
    return shown_once(
        State,
        sentence("Token of {chosen_name}", chosen_name=State.chosen_name),
        name="device-token",
        warning=tr("This is the only time it is shown. Whoever has it can post readings of this meter."),
        description=tr("Copy it now and put it on the board."),
    )


def _question(which: str) -> rx.Component:
    tone: Tone = "danger" if which.startswith(("remove", "deactivate")) else "primary"
    return question_about(State, which, State.chosen_name, _QUESTIONS[which], on_yes=State.confirm, tone=tone)
