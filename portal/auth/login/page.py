"""The login page: works as plain HTML too, before and without any script."""

import reflex as rx

from portal.auth.login.state import LoginState
from portal.ui.feedback import callout
from portal.ui.forms import NativeForm, button, text_field
from portal.ui.layout import centre_frame
from portal.web.events.drafts import no_drafts

ROUTE = "/login"
TITLE = "Sign in"


def login_page() -> rx.Component:
    """One card: what went wrong last time, and the form."""
    return centre_frame(
        TITLE,
        no_drafts(),
        rx.cond(LoginState.failure, callout(LoginState.failure, tone="fail"), rx.fragment()),
        rx.cond(LoginState.notice, callout(LoginState.notice, tone="note"), rx.fragment()),
        NativeForm.create(
            text_field(
                "E-mail", name="email", kind="email", required=True, auto_focus=True, auto_complete="username"
            ),
            text_field(
                "Password", name="password", kind="password", required=True, auto_complete="current-password"
            ),
            rx.el.input(type="hidden", name="next", value=LoginState.onward, read_only=True),
            button("Sign in", tone="primary", kind="submit", size="wide"),
            action="/auth/login",
            method="post",
            class_name="ui-stack",
        ),
    )
