"""The login page: works as plain HTML too, before and without any script."""

import reflex as rx

from portal.auth.login.state import LoginState
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.forms import NativeForm, button
from portal.ui.layout import PlainLink, centre_frame
from portal.ui.linked import linked_script
from portal.ui.passwords import email_field, password_field
from portal.web.events.drafts import no_drafts

ROUTE = "/login"
TITLE = tr("Sign in")
_FORGOTTEN = tr(
    "Forgotten it? Ask an admin of this portal at your company: Settings, Users makes a link for a new one."
)


class _KeptEmail(rx.Component):
    library = linked_script(__file__, "kept_email.jsx")
    tag = "KeptEmail"


def login_page() -> rx.Component:
    """One card: what went wrong last time, and the form."""
    return centre_frame(
        TITLE,
        no_drafts(),
        rx.cond(LoginState.failure, callout(LoginState.failure, tone="fail"), rx.fragment()),
        rx.cond(LoginState.notice, callout(LoginState.notice, tone="note"), rx.fragment()),
        NativeForm.create(
            email_field(),
            password_field(
                tr("Password"), name="password", auto_complete="current-password", hint=_FORGOTTEN
            ),
            _KeptEmail.create(),
            rx.el.input(type="hidden", name="next", value=LoginState.onward, read_only=True),
            button(tr("Sign in"), tone="primary", kind="submit", size="wide"),
            action="/auth/login",
            method="post",
            class_name="ui-stack",
        ),
        rx.cond(
            LoginState.single_sign_on != "",
            # The provider is another site: the browser goes there itself.
            PlainLink.create(
                rx.icon("log-in", size=16),
                LoginState.single_sign_on,
                href=LoginState.single_sign_on_href,
                class_name="ui-button ui-button--wide",
            ),
            rx.fragment(),
        ),
    )
