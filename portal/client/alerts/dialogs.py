"""The dialogs of the Alerts page."""

import reflex as rx

from portal.client.alerts.dialog_state import AlertDialogs as State
from portal.client.alerts.forms import ToldBox
from portal.core.alerts.rules.channels import ChannelKind
from portal.core.languages import tr
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question
from portal.ui.forms import select_field, text_field
from portal.ui.vars import Shown, Text, is_some, sentence

_DRAFT = "alerts"
_TARGETS = {
    ChannelKind.MAIL: (tr("Addresses"), tr("With commas between them. They do not see each other.")),
    ChannelKind.WEBHOOK: (tr("Address"), tr("Gets a POST of JSON. It is sealed, and not shown again.")),
    ChannelKind.SERVICE: (
        tr("Address"),
        tr(
            "As Apprise has it, like ntfy://ntfy.sh/topic or slack://a/b/c. It is sealed, and not "
            "shown again."
        ),
    ),
}


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(
        dialog_drafts(State, _DRAFT),
        _rule(),
        _channel(),
        question(
            State,
            "remove-rule",
            sentence("Delete {chosen_name}?", chosen_name=State.chosen_name),
            consequence=tr(
                "It is watched no more, and its open alerts end. What happened stays in the list."
            ),
            label=tr("Delete"),
            on_yes=State.confirm,
            tone="danger",
        ),
        question(
            State,
            "remove-channel",
            sentence("Delete {chosen_name}?", chosen_name=State.chosen_name),
            consequence=tr("Rules that tell it go on without it."),
            label=tr("Delete"),
            on_yes=State.confirm,
            tone="danger",
        ),
    )


def _check(name: Text, label: Text, checked: Shown[bool], hint: str = "") -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, default_checked=checked),
        rx.el.span(label),
        rx.el.span(hint, class_name="ui-hint") if hint else rx.fragment(),
        class_name="ui-check",
    )


def _rule() -> rx.Component:
    boxes = State.rule_boxes
    return form_dialog(
        State,
        "rule",
        rx.cond(
            boxes.version == "",
            sentence("Watch: {label}", label=boxes.label),
            sentence("Edit: {label}", label=boxes.label),
        ),
        text_field(tr("Name"), name="name", required=True, default_value=boxes.name, auto_complete="off"),
        _about(),
        rx.cond(boxes.has_threshold, _threshold(), rx.fragment()),
        rx.cond(boxes.has_minutes, _minutes(), rx.fragment()),
        rx.el.fieldset(
            rx.el.legend(tr("Told")),
            rx.cond(
                is_some(boxes.told),
                rx.foreach(boxes.told, _told),
                rx.el.p(
                    tr("Nobody yet: the alert is in this list alone. Add somebody under Who is told."),
                    class_name="ui-hint",
                ),
            ),
            class_name="ui-fieldset",
        ),
        _check("urgent", tr("Also in quiet hours"), boxes.breaks_quiet_hours),
        on_submit=State.save_rule,
        submit=tr("Save"),
        description=tr(
            "One message when it begins and one when it is over, however often it comes and goes meanwhile."
        ),
        draft=_DRAFT,
    )


def _told(each: ToldBox) -> rx.Component:
    return _check(each.box, each.name, each.is_told)


def _about() -> rx.Component:
    boxes = State.rule_boxes
    return select_field(tr("Of"), name="about", options=boxes.abouts, default_value=boxes.about)


def _threshold() -> rx.Component:
    boxes = State.rule_boxes
    return text_field(
        rx.cond(boxes.unit == "", tr("Limit"), sentence("Limit, {unit}", unit=boxes.unit)),
        name="threshold",
        required=True,
        default_value=boxes.threshold,
        custom_attrs={"inputMode": "decimal"},
        auto_complete="off",
    )


def _minutes() -> rx.Component:
    return text_field(
        tr("Minutes"),
        name="minutes",
        required=True,
        default_value=State.rule_boxes.minutes,
        hint=tr("How long it must last, or over how long it is averaged: from 5 to a week of them."),
        custom_attrs={"inputMode": "numeric"},
        auto_complete="off",
    )


def _target(kind: ChannelKind) -> rx.Component:
    label, hint = _TARGETS[kind]
    boxes = State.channel_boxes
    return text_field(
        label,
        name="target",
        required=boxes.version == "",
        placeholder=rx.cond(
            boxes.version == "", "", sentence("{shown} (stays unless you type)", shown=boxes.shown)
        ),
        hint=hint,
        auto_complete="off",
        # What may be secret is not kept as a draft in the browser either.
        kind="text" if kind is ChannelKind.MAIL else "password",
    )


def _channel() -> rx.Component:
    boxes = State.channel_boxes
    return form_dialog(
        State,
        "channel",
        rx.cond(boxes.version == "", tr("Who is told"), sentence("Edit {name}", name=boxes.name)),
        text_field(tr("Name"), name="name", required=True, default_value=boxes.name, auto_complete="off"),
        rx.fragment(
            rx.match(
                boxes.kind,
                *[(kind.value, _target(kind)) for kind in (ChannelKind.MAIL, ChannelKind.WEBHOOK)],
                _target(ChannelKind.SERVICE),
            )
        ),
        rx.el.fieldset(
            rx.el.legend(tr("Quiet hours")),
            rx.el.div(
                text_field(tr("From"), name="quiet_from", kind="time", default_value=boxes.quiet_from),
                text_field(tr("To"), name="quiet_to", kind="time", default_value=boxes.quiet_to),
                class_name="ui-row",
            ),
            rx.el.p(
                tr("What happens meanwhile is told when they are over, in one message."), class_name="ui-hint"
            ),
            class_name="ui-fieldset",
        ),
        rx.cond(
            boxes.kind == ChannelKind.MAIL.value,
            _check("report", tr("Gets the monthly report"), boxes.gets_report),
            rx.fragment(),
        ),
        on_submit=State.save_channel,
        submit=tr("Save"),
        description=tr("At most one message in five minutes: what comes meanwhile is one."),
        draft=_DRAFT,
    )
