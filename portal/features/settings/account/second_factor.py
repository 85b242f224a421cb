"""The second factor on the page of one's own account."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.account.second_factor_state import SecondFactorState as State
from portal.features.settings.dialogs import failure, form_dialog, page_failure, shown_once
from portal.ui.cards import card
from portal.ui.feedback import badge, skeleton_lines
from portal.ui.forms import button, dialog, dialog_buttons, text_field

_CODE = {"maxLength": "40", "spellCheck": "false", "autoCapitalize": "characters"}


def second_factor() -> rx.Component:
    """Whether it is on, and what can be done about it."""
    return card(
        rx.cond(
            State.is_loading,
            skeleton_lines(1),
            rx.el.div(page_failure(State), _status(), class_name="ui-stack"),
        ),
        rx.fragment(_begin(), _scan(), _renew(), _turn_off(), _codes()),
        title=tr("Second factor"),
    )


def _status() -> rx.Component:
    on = rx.el.div(
        button(tr("New recovery codes"), size="small", on_click=State.open_dialog("renew")),
        button(tr("Turn off"), size="small", on_click=State.open_dialog("off")),
        class_name="ui-row",
    )
    off = rx.el.div(button(tr("Set up"), tone="primary", on_click=State.open_dialog("begin")))
    return rx.fragment(
        rx.el.div(
            rx.cond(State.is_on, badge(tr("On"), "ok"), badge(tr("Off"), "neutral")),
            rx.cond(State.is_low, badge(tr("Few recovery codes left"), "warn"), rx.fragment()),
            class_name="ui-row",
        ),
        rx.el.p(State.status, class_name="ui-soft", style={"margin": "0"}),
        rx.cond(State.is_on, on, off),
    )


def _password() -> rx.Component:
    return text_field(
        tr("Password"),
        name="password",
        kind="password",
        required=True,
        auto_focus=True,
        auto_complete="current-password",
    )


def _code(hint: str, *, is_first: bool = False) -> rx.Component:
    return text_field(
        tr("Code"),
        name="code",
        required=True,
        auto_focus=is_first,
        auto_complete="one-time-code",
        hint=hint,
        custom_attrs=_CODE,
    )


def _begin() -> rx.Component:
    return form_dialog(
        State,
        "begin",
        tr("Set up a second factor"),
        _password(),
        on_submit=State.begin,
        submit=tr("Continue"),
        description=tr(
            "You need an authenticator app on your phone. Your password first, so that nobody else does this."
        ),
    )


def _scan() -> rx.Component:
    return dialog(
        tr("Scan this with your app"),
        failure(State),
        rx.el.img(
            src=State.picture,
            alt=tr("Code for your authenticator app; the key below says the same"),
            class_name="ui-scan",
        ),
        rx.el.p(
            tr("Or type this key into it: "),
            rx.el.code(State.typed_key, class_name="ui-mono"),
            class_name="ui-hint",
        ),
        rx.el.form(
            _code(tr("The six digits the app shows now."), is_first=True),
            dialog_buttons(
                button(tr("Cancel"), on_click=State.close(False)),
                button(tr("Turn on"), tone="primary", kind="submit"),
            ),
            on_submit=State.confirm,
            class_name="ui-stack",
        ),
        description=tr(
            "Then type the code it shows, to see that it works. You are signed out everywhere else."
        ),
        is_open=State.opened == "scan",
        on_open_change=State.close,
        is_alert=True,
    )


def _codes() -> rx.Component:
    return shown_once(
        State,
        tr("Your recovery codes"),
        name="recovery-codes",
        warning=tr("This is the only time they are shown, and any made before no longer work."),
        description=tr("Each lets you in once when your phone is lost. Keep them where your phone is not."),
    )


def _renew() -> rx.Component:
    return form_dialog(
        State,
        "renew",
        tr("New recovery codes"),
        _password(),
        _code(tr("From your app, or one of the recovery codes you have.")),
        on_submit=State.renew,
        submit=tr("Make new codes"),
        description=tr("Those you have stop working."),
    )


def _turn_off() -> rx.Component:
    return form_dialog(
        State,
        "off",
        tr("Turn the second factor off"),
        _password(),
        _code(tr("From your app, or a recovery code.")),
        on_submit=State.turn_off,
        submit=tr("Turn off"),
        description=tr("Your password alone lets you in again. You are signed out everywhere else."),
    )
