"""A box for a password that can be looked at."""

import reflex as rx

from portal.core.languages import tr
from portal.ui.forms import text_field
from portal.ui.linked import linked_script
from portal.ui.vars import Text


class _PasswordInput(rx.Component):
    library = linked_script(__file__, "password_input.jsx")
    tag = "PasswordInput"

    name: rx.Var[str]
    auto_complete: rx.Var[str]
    words: rx.Var[dict[str, str]]


def email_field() -> rx.Component:
    """The address somebody signs in with."""
    return text_field(
        tr("E-mail"), name="email", kind="email", required=True, auto_focus=True, auto_complete="username"
    )


def password_field(
    label: Text, *, name: str, auto_complete: str, hint: rx.Component | Text = ""
) -> rx.Component:
    """A labelled box that hides what is typed until somebody asks to see it."""
    return rx.el.div(
        rx.el.label(label, html_for=name),
        _PasswordInput.create(
            name=name,
            auto_complete=auto_complete,
            words={"label": tr("Show the password"), "show": tr("Show"), "hide": tr("Hide")},
        ),
        rx.el.p(hint, class_name="ui-hint"),
        class_name="ui-field",
    )
