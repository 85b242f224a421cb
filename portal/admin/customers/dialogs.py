"""The dialogs above the list of customers."""

import reflex as rx

from portal.admin.customers.dialog_state import CustomerDialogState as State
from portal.ui.feedback import callout
from portal.ui.forms import button, dialog, dialog_buttons, secret, text_field


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(_register(), _rotate(), _disable(), _enable(), _issued())


def _register() -> rx.Component:
    return dialog(
        "Register customer",
        _failure(),
        rx.el.form(
            text_field(
                "Code",
                name="code",
                hint="Short and for good: shown beside the name, used by the command line.",
                required=True,
                max_length=64,
                auto_focus=True,
                auto_complete="off",
                placeholder="acme",
            ),
            text_field(
                "Name",
                name="name",
                required=True,
                max_length=200,
                auto_complete="off",
                placeholder="Acme Mills Ltd",
            ),
            _form_buttons("Register"),
            on_submit=State.register,
            class_name="ui-stack",
        ),
        description="The customer's own stack pushes its data here with the token you get next.",
        is_open=State.opened == "register",
        on_open_change=State.close,
    )


def _rotate() -> rx.Component:
    return dialog(
        "Rotate token",
        _failure(),
        rx.el.form(
            text_field(
                "Keep the old token valid for (hours)",
                name="grace_hours",
                kind="number",
                hint="Until then the customer's stack can push with either one. 0 ends the old token at once.",
                default_value="24",
                custom_attrs={"min": "0", "max": "720", "step": "1", "inputMode": "numeric"},
                required=True,
            ),
            _form_buttons("Rotate token"),
            on_submit=State.rotate,
            class_name="ui-stack",
        ),
        description=f"{State.chosen_name} gets a new token. Put it into FleetIngest__Token of its stack.",
        is_open=State.opened == "rotate",
        on_open_change=State.close,
    )


def _disable() -> rx.Component:
    return dialog(
        f"Disable {State.chosen_name}?",
        _failure(),
        dialog_buttons(_cancel(), button("Disable", tone="danger", on_click=State.switch(False))),
        description="Its pushes are refused from now on. Nothing is deleted: its stack keeps what it could not"
        " send, and sends it once you enable it again.",
        is_open=State.opened == "disable",
        on_open_change=State.close,
        is_alert=True,
    )


def _enable() -> rx.Component:
    return dialog(
        f"Enable {State.chosen_name}?",
        _failure(),
        dialog_buttons(_cancel(), button("Enable", tone="primary", on_click=State.switch(True))),
        description="Its token works again and its stack catches up by itself.",
        is_open=State.opened == "enable",
        on_open_change=State.close,
        is_alert=True,
    )


def _issued() -> rx.Component:
    return dialog(
        f"Token of {State.issued_name}",
        secret(State.issued_token, name="issued-token", label="Copy"),
        callout(
            "This is the only time it is shown. Only its hash is kept: a lost token is replaced by rotating."
        ),
        rx.el.p(
            "Put it into ",
            rx.el.code("FleetIngest__Token", class_name="ui-mono"),
            " of the customer's stack, with ",
            rx.el.code("FleetIngest__Enabled=true", class_name="ui-mono"),
            ".",
            class_name="ui-hint",
        ),
        dialog_buttons(button("Done", tone="primary", on_click=State.close(False))),
        description="Copy it now.",
        is_open=State.opened == "issued",
        on_open_change=State.close,
        is_alert=True,
    )


def _failure() -> rx.Component:
    return rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment())


def _cancel() -> rx.Component:
    return button("Cancel", on_click=State.close(False))


def _form_buttons(label: str) -> rx.Component:
    return dialog_buttons(_cancel(), button(label, tone="primary", kind="submit"))
