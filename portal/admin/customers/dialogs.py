"""The dialogs above the list of customers."""

import reflex as rx

from portal.admin.customers.dialog_state import CustomerDialogState as State
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question, shown_once
from portal.ui.forms import text_field

_DRAFT = "customers"


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(dialog_drafts(State, _DRAFT), _register(), _rotate(), _disable(), _enable(), _issued())


def _register() -> rx.Component:
    return form_dialog(
        State,
        "register",
        "Register customer",
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
        on_submit=State.register,
        draft=_DRAFT,
        submit="Register",
        description="The customer's own stack pushes its data here with the token you get next.",
    )


def _rotate() -> rx.Component:
    return form_dialog(
        State,
        "rotate",
        "Rotate token",
        text_field(
            "Keep the old token valid for (hours)",
            name="grace_hours",
            kind="number",
            hint="Until then the customer's stack can push with either one. 0 ends the old token at once.",
            default_value="24",
            custom_attrs={"min": "0", "max": "720", "step": "1", "inputMode": "numeric"},
            required=True,
        ),
        on_submit=State.rotate,
        draft=_DRAFT,
        submit="Rotate token",
        description=f"{State.chosen_name} gets a new token. Put it into FleetIngest__Token of its stack.",
    )


def _disable() -> rx.Component:
    return question(
        State,
        "disable",
        f"Disable {State.chosen_name}?",
        consequence="Its pushes are refused from now on. Nothing is deleted: its stack keeps what it could not"
        " send, and sends it once you enable it again.",
        label="Disable",
        on_yes=State.switch(False),
        tone="danger",
    )


def _enable() -> rx.Component:
    return question(
        State,
        "enable",
        f"Enable {State.chosen_name}?",
        consequence="Its token works again and its stack catches up by itself.",
        label="Enable",
        on_yes=State.switch(True),
    )


def _issued() -> rx.Component:
    return shown_once(
        State,
        f"Token of {State.chosen_name}",
        rx.el.p(
            "Put it into ",
            rx.el.code("FleetIngest__Token", class_name="ui-mono"),
            " of the customer's stack, with ",
            rx.el.code("FleetIngest__Enabled=true", class_name="ui-mono"),
            ".",
            class_name="ui-hint",
        ),
        name="issued-token",
        warning="This is the only time it is shown. Only its hash is kept: a lost token is replaced by rotating.",
        description="Copy it now.",
    )
