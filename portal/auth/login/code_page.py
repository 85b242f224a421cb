"""The second step of a log-in: the code of an authenticator app. Works without any script."""

import reflex as rx

from portal.auth.login.state import LoginState
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.forms import NativeForm, button, text_field
from portal.ui.layout import centre_frame, internal_link

ROUTE = "/login-code"
TITLE = tr("Confirm it is you")


def code_page() -> rx.Component:
    """One card: what went wrong last time, and the form."""
    return centre_frame(
        TITLE,
        rx.cond(LoginState.failure, callout(LoginState.failure, tone="fail"), rx.fragment()),
        NativeForm.create(
            text_field(
                tr("Code"),
                name="code",
                required=True,
                auto_focus=True,
                auto_complete="one-time-code",
                hint=tr("Six digits from your authenticator app, or one of your recovery codes."),
                custom_attrs={"maxLength": "40", "spellCheck": "false", "autoCapitalize": "characters"},
            ),
            rx.el.input(type="hidden", name="next", value=LoginState.onward, read_only=True),
            button(tr("Sign in"), tone="primary", kind="submit", size="wide"),
            action="/auth/code",
            method="post",
            class_name="ui-stack",
        ),
        internal_link(tr("Back to the password"), href="/login"),
    )
