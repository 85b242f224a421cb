"""What the Alerts page is made of."""

import reflex as rx

from portal.client.alerts.dialog_state import AlertDialogs as Dialogs
from portal.client.alerts.state import ALL, OPEN
from portal.client.alerts.state import AlertsState as State
from portal.client.alerts.view import CHANNEL_WORDS, AlertLine, ChannelLine, RuleLine
from portal.client.nav import ALERTS, SITES
from portal.core.alerts.rules.alert_rules import KINDS, AlertKind
from portal.core.alerts.rules.channels import ChannelKind
from portal.core.languages import tr
from portal.features.settings.dialogs import page_failure
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, cell_warning, empty_state, skeleton_lines
from portal.ui.forms import button
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import is_some, sentence
from portal.web.events.identity import IdentityState

_ALERT_COLUMNS = (
    Column(tr("What")),
    Column(tr("Since")),
    Column(tr("Status")),
    Column(tr("Acknowledged")),
)
_RULE_COLUMNS = (
    Column(tr("Rule")),
    Column(tr("Watched")),
    Column(tr("Of")),
    Column(tr("Told")),
    Column(tr("Actions"), is_hidden_label=True),
)
_CHANNEL_COLUMNS = (
    Column(tr("Name")),
    Column(tr("Leads to")),
    Column(tr("Quiet hours")),
    Column(tr("Last message")),
    Column(tr("Actions"), is_hidden_label=True),
)
_KIND_ICONS = {
    AlertKind.SILENT: "wifi-off",
    AlertKind.POWER_ABOVE: "gauge",
    AlertKind.ENERGY_ABOVE: "zap",
    AlertKind.COST_ABOVE: "receipt-text",
    AlertKind.POWER_FACTOR_BELOW: "percent",
    AlertKind.REGISTER_STILL: "circle-pause",
    AlertKind.METER_EVENT: "badge-alert",
}
_CHANNEL_ICONS = {
    ChannelKind.MAIL: "mail",
    ChannelKind.WEBHOOK: "webhook",
    ChannelKind.SERVICE: "send",
}


def listing() -> rx.Component:
    """What happened, then for admins what is watched and who is told."""
    return rx.fragment(
        page_failure(Dialogs),
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.no_figures != "", callout(State.no_figures, tone="fail"), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        _choice(),
        card(
            rx.cond(
                State.is_loading,
                skeleton_lines(3, "76px"),
                rx.cond(is_some(State.lines), _alerts(), _nothing()),
            ),
            flush=True,
        ),
        rx.cond(IdentityState.is_admin, rx.fragment(_rules(), _channels()), rx.fragment()),
    )


def _choice() -> rx.Component:
    """Open ones or all: the address says which."""
    links = [
        internal_link(
            words,
            href=href,
            class_name="ui-tab ui-tab--link",
            custom_attrs={"aria-current": rx.cond(State.show == key, "page", "false")},
        )
        for key, words, href in ((OPEN, tr("Open"), ALERTS), (ALL, tr("All"), f"{ALERTS}?show={ALL}"))
    ]
    return rx.el.nav(*links, aria_label=tr("Which alerts"), class_name="ui-tabs")


def _alerts() -> rx.Component:
    return data_table(_ALERT_COLUMNS, State.lines, _alert, caption=tr("Alerts"), stacked=True)


def _alert(row: AlertLine) -> list[rx.Component]:
    subject = rx.cond(
        (row["meter"] != "") & IdentityState.is_admin,
        internal_link(row["subject"], href=f"{SITES}?meter=" + row["meter"], class_name="ui-link"),
        row["subject"],
    )
    return [
        head_cell(row["label"], ": ", subject, cell_note(row["words"])),
        cell(
            rx.el.div(row["since"], cell_note(row["lasted"])),
            label=tr("Since"),
            title=row["since_utc"],
        ),
        cell(badge_for(row["status"], row["tone"], title=row["rule"]), label=tr("Status")),
        cell(
            rx.cond(
                row["is_seen"],
                row["seen"],
                button(
                    rx.icon("check", size=15),
                    tr("Acknowledge"),
                    size="small",
                    on_click=State.acknowledge(row["id"]),
                ),
            ),
            label=tr("Acknowledged"),
            wide=True,
            prose=True,
        ),
    ]


def _nothing() -> rx.Component:
    watched = empty_state(
        tr("Nothing to look at"),
        rx.cond(State.show == OPEN, tr("No alert is open."), tr("Nothing has happened yet.")),
        icon="bell-off",
    )
    unwatched = empty_state(
        tr("Nothing is watched yet"),
        tr("Begin with meters that fall silent: whoever is told hears of it within the half hour."),
        icon="bell",
        action=rx.cond(
            IdentityState.is_admin,
            button(
                rx.icon("plus", size=16),
                tr("Watch for silent meters"),
                tone="primary",
                on_click=Dialogs.open_dialog("rule", AlertKind.SILENT.value, ""),
            ),
            rx.el.p(tr("An admin says what is watched."), class_name="ui-hint"),
        ),
    )
    return rx.cond(State.summary == "Nothing is watched yet", unwatched, watched)


def _add_rule() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(button(rx.icon("plus", size=15), tr("Add rule"), size="small")),
        rx.menu.content(
            *[
                action_item(_KIND_ICONS[kind], tr(facts.label), Dialogs.open_dialog("rule", kind.value, ""))
                for kind, facts in KINDS.items()
            ],
            align="end",
            variant="soft",
            color_scheme="gray",
        ),
        modal=False,
    )


def _add_channel() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(button(rx.icon("plus", size=15), tr("Add"), size="small")),
        rx.menu.content(
            *[
                action_item(_CHANNEL_ICONS[kind], tr(words), Dialogs.open_dialog("channel", kind.value, ""))
                for kind, words in CHANNEL_WORDS.items()
            ],
            align="end",
            variant="soft",
            color_scheme="gray",
        ),
        modal=False,
    )


def _rules() -> rx.Component:
    table = data_table(_RULE_COLUMNS, State.rules, _rule, caption=tr("Rules"), stacked=True)
    return card(
        rx.cond(
            is_some(State.rules), table, rx.el.p(tr("Nothing is watched yet."), class_name="ui-card-line")
        ),
        title=tr("What is watched"),
        note=_add_rule(),
        flush=True,
    )


def _rule(row: RuleLine) -> list[rx.Component]:
    return [
        head_cell(row["name"], rx.cond(row["is_active"], "", tr(" (off)"))),
        cell(row["watched"], label=tr("Watched"), wide=True, prose=True),
        cell(row["about"], label=tr("Of"), wide=True, prose=True),
        cell(
            rx.cond(row["is_told"], row["told"], cell_warning(tr("nobody"))),
            label=tr("Told"),
            wide=True,
            prose=True,
        ),
        menu_cell(
            action_menu(
                action_item("pencil", tr("Edit"), Dialogs.open_dialog("rule", row["id"], row["name"])),
                rx.cond(
                    row["is_active"],
                    action_item("circle-pause", tr("Switch off"), Dialogs.switch("rule", row["id"], False)),
                    action_item("circle-play", tr("Switch on"), Dialogs.switch("rule", row["id"], True)),
                ),
                action_item(
                    "trash-2", tr("Delete"), Dialogs.open_dialog("remove-rule", row["id"], row["name"])
                ),
                label=sentence("Actions for {name}", name=row["name"]),
            )
        ),
    ]


def _channels() -> rx.Component:
    table = data_table(_CHANNEL_COLUMNS, State.channels, _channel, caption=tr("Channels"), stacked=True)
    return card(
        rx.cond(
            State.has_mail,
            rx.fragment(),
            rx.el.div(
                callout(tr("Mail is not set up on this stack: Mail__Host names no server."), tone="note"),
                style={"padding": "0 20px 12px"},
            ),
        ),
        rx.cond(
            is_some(State.channels), table, rx.el.p(tr("Nobody is told yet."), class_name="ui-card-line")
        ),
        title=tr("Who is told"),
        note=_add_channel(),
        flush=True,
    )


def _channel(row: ChannelLine) -> list[rx.Component]:
    return [
        head_cell(row["name"], rx.cond(row["is_active"], "", tr(" (off)")), cell_note(row["kind"])),
        cell(
            rx.el.div(
                row["shown"],
                rx.cond(row["problem"] != "", rx.el.div(cell_warning(row["problem"])), rx.fragment()),
            ),
            label=tr("Leads to"),
            wide=True,
            prose=True,
        ),
        cell(row["quiet"], label=tr("Quiet hours")),
        cell(
            rx.el.div(
                row["last"],
                rx.cond(row["gets_report"], cell_note(tr("and the monthly report")), rx.fragment()),
            ),
            label=tr("Last message"),
        ),
        menu_cell(
            action_menu(
                action_item("send", tr("Send a trial"), Dialogs.send_trial(row["id"])),
                action_item("pencil", tr("Edit"), Dialogs.open_dialog("channel", row["id"], row["name"])),
                rx.cond(
                    row["is_active"],
                    action_item(
                        "circle-pause", tr("Switch off"), Dialogs.switch("channel", row["id"], False)
                    ),
                    action_item("circle-play", tr("Switch on"), Dialogs.switch("channel", row["id"], True)),
                ),
                action_item(
                    "trash-2", tr("Delete"), Dialogs.open_dialog("remove-channel", row["id"], row["name"])
                ),
                label=sentence("Actions for {name}", name=row["name"]),
            )
        ),
    ]
