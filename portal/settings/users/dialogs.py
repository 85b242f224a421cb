"""The dialogs of the Users page."""

import reflex as rx

from portal.settings.fields import select_field
from portal.settings.users.state import UsersState as State
from portal.ui.feedback import callout
from portal.ui.forms import button, dialog, dialog_buttons, secret, text_field

# What the dialog asks, its button, and what follows from it.
_QUESTIONS = {
    "admin": ("Make {} an admin?", "Make an admin", "Admins see and change everything in this portal."),
    "user": ("Make {} a user?", "Make a user", "Users see figures and change nothing."),
    "deactivate": (
        "Deactivate {}?",
        "Deactivate",
        "They are signed out everywhere at once and cannot sign in again until they are activated.",
    ),
    "activate": ("Activate {}?", "Activate", "They can sign in again with the password they had."),
    "renew": (
        "New password link for {}?",
        "Make a link",
        "A link made before stops working. Their password stays until they set another one.",
    ),
}


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(_add(), *[_question(which) for which in _QUESTIONS], _link())


def _add() -> rx.Component:
    return dialog(
        "Add a person",
        _failure(),
        rx.el.form(
            text_field(
                "E-mail", name="email", kind="email", required=True, auto_focus=True, auto_complete="off"
            ),
            select_field(
                "Role",
                name="role",
                options=(("user", "User: sees figures"), ("admin", "Admin: changes everything")),
            ),
            dialog_buttons(_cancel(), button("Add person", tone="primary", kind="submit")),
            on_submit=State.add,
            class_name="ui-stack",
        ),
        description="You get a link to hand over; with it they set their own password.",
        is_open=State.opened == "add",
        on_open_change=State.close,
    )


def _question(which: str) -> rx.Component:
    title, label, consequence = _QUESTIONS[which]
    before, after = title.split("{}")
    tone = "danger" if which == "deactivate" else "primary"
    return dialog(
        f"{before}{State.chosen_email}{after}",
        _failure(),
        dialog_buttons(_cancel(), button(label, tone=tone, on_click=State.confirm)),
        description=consequence,
        is_open=State.opened == which,
        on_open_change=State.close,
        is_alert=True,
    )


def _link() -> rx.Component:
    return dialog(
        f"Password link for {State.chosen_email}",
        secret(State.link, name="password-link", label="Copy"),
        callout("This is the only time it is shown. Whoever has it can set the password."),
        rx.el.p(State.link_note, class_name="ui-hint"),
        dialog_buttons(button("Done", tone="primary", on_click=State.close(False))),
        description="Copy it now and hand it to them.",
        is_open=State.opened == "link",
        on_open_change=State.close,
        is_alert=True,
    )


def _failure() -> rx.Component:
    return rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment())


def _cancel() -> rx.Component:
    return button("Cancel", on_click=State.close(False))
