"""The page an admin's link leads to: a person sets their password. Works without any script."""

import reflex as rx

from portal.auth.password.state import SetPasswordState
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.forms import NativeForm, button, text_field
from portal.ui.layout import centre_frame

ROUTE = "/set-password"
TITLE = tr("Set your password")


def set_password_page() -> rx.Component:
    """One card with the new password; the link's token is taken from the address of the page."""
    return centre_frame(
        TITLE,
        rx.cond(SetPasswordState.failure, callout(SetPasswordState.failure, tone="fail"), rx.fragment()),
        NativeForm.create(
            text_field(
                tr("New password"),
                name="password",
                kind="password",
                required=True,
                auto_focus=True,
                auto_complete="new-password",
                hint=tr("At least 10 characters; a few words are easier to remember than signs."),
                custom_attrs={"minLength": "10", "maxLength": "512"},
            ),
            button(tr("Set password"), tone="primary", kind="submit", size="wide"),
            action="/auth/set-password",
            method="post",
            class_name="ui-stack",
        ),
    )
