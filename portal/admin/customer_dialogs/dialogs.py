"""The dialogs above the list of customers."""

import reflex as rx

from portal.admin.customer_dialogs.dialog_state import CustomerDialogState as State
from portal.admin.customer_dialogs.first_push import CODE_RULE
from portal.core.languages import tr
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question, shown_once
from portal.ui.forms import copy_button, text_block, text_field
from portal.ui.vars import sentence

_DRAFT = "customers"


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(dialog_drafts(State, _DRAFT), _register(), _rotate(), _disable(), _enable(), _issued())


def _register() -> rx.Component:
    return form_dialog(
        State,
        "register",
        tr("Register customer"),
        text_field(
            tr("Code"),
            name="code",
            hint=rx.cond(State.code_words != "", State.code_words, tr(CODE_RULE)),
            on_change=State.name_stack.debounce(200),
            required=True,
            max_length=50,
            auto_focus=True,
            auto_complete="off",
            placeholder="Karoo-Mill",
        ),
        text_field(
            tr("Name"),
            name="name",
            required=True,
            max_length=200,
            auto_complete="off",
            placeholder=tr("Acme Mills Ltd"),
        ),
        on_submit=State.register,
        draft=_DRAFT,
        submit=tr("Register"),
        description=tr("The customer's own stack pushes its data here with the token you get next."),
    )


def _rotate() -> rx.Component:
    return form_dialog(
        State,
        "rotate",
        tr("Rotate token"),
        text_field(
            tr("Keep the old token valid for (hours)"),
            name="grace_hours",
            kind="number",
            hint=tr(
                "Until then the customer's stack can push with either one. 0 ends the old token at once."
            ),
            default_value="24",
            custom_attrs={"min": "0", "max": "720", "step": "1", "inputMode": "numeric"},
            required=True,
        ),
        on_submit=State.rotate,
        draft=_DRAFT,
        submit=tr("Rotate token"),
        description=sentence(
            "{chosen_name} gets a new token. Put it into FleetIngest__Token of its stack.",
            chosen_name=State.chosen_name,
        ),
    )


def _disable() -> rx.Component:
    return question(
        State,
        "disable",
        sentence("Disable {chosen_name}?", chosen_name=State.chosen_name),
        consequence=tr(
            "Its pushes are refused from now on. Nothing is deleted: its stack keeps what it could "
            "not send, and sends it once you enable it again."
        ),
        label=tr("Disable"),
        on_yes=State.switch(False),
        tone="danger",
    )


def _enable() -> rx.Component:
    return question(
        State,
        "enable",
        sentence("Enable {chosen_name}?", chosen_name=State.chosen_name),
        consequence=tr("Its token works again and its stack catches up by itself."),
        label=tr("Enable"),
        on_yes=State.switch(True),
    )


def _issued() -> rx.Component:
    block = (
        "FleetIngest__Enabled=true\nFleetIngest__Url="
        + State.fleet_url
        + "\nFleetIngest__Token="
        + State.secret
    )
    return shown_once(
        State,
        sentence("Token of {chosen_name}", chosen_name=State.chosen_name),
        rx.cond(State.grace_words != "", rx.el.p(State.grace_words, class_name="ui-hint"), rx.fragment()),
        rx.el.div(
            rx.el.h3(tr("For the settings of its stack"), class_name="ui-section-title"),
            copy_button("issued-block", tr("Copy block")),
            class_name="ui-row ui-row--between",
        ),
        text_block(block, name="issued-block", label=tr("Settings of the customer's stack")),
        _heard(),
        name="issued-token",
        warning=tr(
            "This is the only time it is shown. Only its hash is kept: a lost token is replaced by rotating."
        ),
        description=tr("Copy it now."),
    )


def _heard() -> rx.Component:
    push = State.push
    icon = rx.match(
        push["tone"],
        ("ok", rx.icon("circle-check", size=16)),
        ("fail", rx.icon("circle-x", size=16)),
        rx.icon("hourglass", size=16),
    )
    tone = rx.match(push["tone"], ("ok", "ui-tone-ok"), ("fail", "ui-tone-fail"), "ui-soft")
    shown = rx.el.div(
        rx.el.span(icon, class_name=tone),
        rx.el.div(rx.el.strong(push["title"]), rx.el.p(push["words"], class_name="ui-hint")),
        role="status",
        class_name="ui-heard",
    )
    return rx.fragment(rx.cond(push["title"] != "", shown, rx.fragment()))
