"""The dialogs of the Users page."""

import reflex as rx

from portal.core.languages import tr
from portal.core.words import noted
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question_about, shown_once
from portal.features.settings.users.state import UsersState as State
from portal.ui.forms import Tone, select_field, text_field
from portal.ui.vars import sentence

_DRAFT = "people"
# What the dialog asks, its button, and what follows from it.
_QUESTIONS = {
    "admin": (
        noted("Make {name} an admin?"),
        tr("Make an admin"),
        tr("Admins see and change everything in this portal."),
    ),
    "user": (noted("Make {name} a user?"), tr("Make a user"), tr("Users see figures and change nothing.")),
    "deactivate": (
        noted("Deactivate {name}?"),
        tr("Deactivate"),
        tr("They are signed out everywhere at once and cannot sign in again until they are activated."),
    ),
    "activate": (
        noted("Activate {name}?"),
        tr("Activate"),
        tr("They can sign in again with the password they had."),
    ),
    "renew": (
        noted("New password link for {name}?"),
        tr("Make a link"),
        tr("A link made before stops working. Their password stays until they set another one."),
    ),
    "reset": (
        noted("Reset the second factor of {name}?"),
        tr("Reset"),
        tr(
            "Make sure that it is them who ask. They are signed out everywhere, and their password "
            "alone lets them in."
        ),
    ),
}


_GRAVE = ("deactivate", "reset")


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(
        dialog_drafts(State, _DRAFT), _add(), *[_question(which) for which in _QUESTIONS], _link()
    )


def _add() -> rx.Component:
    return form_dialog(
        State,
        "add",
        tr("Add a person"),
        text_field(
            tr("E-mail"), name="email", kind="email", required=True, auto_focus=True, auto_complete="off"
        ),
        select_field(
            tr("Role"),
            name="role",
            options=(("user", tr("User: sees figures")), ("admin", tr("Admin: changes everything"))),
        ),
        on_submit=State.add,
        draft=_DRAFT,
        submit=tr("Add person"),
        description=tr("You get a link to hand over; with it they set their own password."),
    )


def _question(which: str) -> rx.Component:
    tone: Tone = "danger" if which in _GRAVE else "primary"
    return question_about(State, which, State.chosen_name, _QUESTIONS[which], on_yes=State.confirm, tone=tone)


def _link() -> rx.Component:
    return shown_once(
        State,
        sentence("Password link for {chosen_name}", chosen_name=State.chosen_name),
        rx.el.p(State.link_note, class_name="ui-hint"),
        name="password-link",
        warning=tr("This is the only time it is shown. Whoever has it can set the password."),
        description=tr("Copy it now and hand it to them."),
    )
