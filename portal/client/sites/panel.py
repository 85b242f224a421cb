"""The panel of one meter: its last reading, its board, its token, and what can be changed."""

import reflex as rx

from portal.client.nav import ADD_METER
from portal.client.sites.board_section import board_section
from portal.client.sites.components import kind_tag
from portal.client.sites.dialog_state import SiteDialogs as Dialogs
from portal.client.sites.posts_view import PostRow
from portal.client.sites.state import SitesState as State
from portal.core.languages import tr
from portal.ui.feedback import badge, badge_for, callout, skeleton_lines
from portal.ui.forms import button
from portal.ui.layout import PlainLink, internal_link
from portal.ui.panels import facts, panel, panel_section
from portal.ui.vars import Shown, is_some, sentence

_TONE_ICONS = {"ok": "circle-check", "warn": "triangle-alert", "fail": "circle-x"}


def meter_panel() -> rx.Component:
    """The meter in the address, if any; nothing of one that is gone."""
    return rx.cond(
        (State.chosen != "") & (State.panel_failure == ""),
        rx.cond(State.panel.id == State.chosen, _panel(), _loading()),
        rx.fragment(),
    )


def post_list(posts: Shown[list[PostRow]]) -> rx.Component:
    """What boards posted, each with what became of it and what to do."""
    return rx.el.ul(rx.foreach(posts, _post), class_name="ui-posts")


def _post(post: PostRow) -> rx.Component:
    icons = [
        (tone, rx.icon(icon, size=16, class_name=f"ui-tone-{tone}")) for tone, icon in _TONE_ICONS.items()
    ]
    return rx.el.li(
        rx.match(post["tone"], *icons, rx.fragment()),
        rx.el.div(
            rx.el.b(post["title"]),
            rx.el.span(" ", post["at"], class_name="ui-soft ui-num", title=post["at_utc"]),
            rx.el.p(post["words"]),
            rx.cond(post["advice"] != "", rx.el.p(post["advice"], class_name="ui-hint"), rx.fragment()),
        ),
    )


def _loading() -> rx.Component:
    return panel(
        tr("Meter"),
        rx.el.div(skeleton_lines(5), class_name="ui-panel-part"),
        label=tr("Meter"),
        crumbs=(tr("Sites"),),
        on_close=State.show_meter(""),
    )


def _panel() -> rx.Component:
    shown = State.panel
    return panel(
        shown.name,
        _last_reading(),
        rx.cond(shown.clock != "", panel_section(tr("Clock"), callout(shown.clock)), rx.fragment()),
        rx.cond(shown.is_virtual, rx.fragment(), board_section()),
        rx.cond(shown.is_virtual, rx.fragment(), _posts()),
        rx.cond(shown.is_virtual, rx.fragment(), _token()),
        _meter(),
        label=sentence("Meter {name}", name=shown.name),
        crumbs=(shown.site, shown.above),
        at=shown.id,
        on_close=State.show_meter(""),
        tag=kind_tag(shown.kind, shown.kind_word),
        actions=button(
            rx.icon("pencil", size=15),
            tr("Edit"),
            size="small",
            on_click=Dialogs.open_dialog("meter", shown.id, shown.name),
        ),
    )


def _last_reading() -> rx.Component:
    shown = State.panel
    status = rx.el.div(
        badge_for(shown.status, shown.tone),
        rx.el.span(shown.meaning, class_name="ui-hint"),
        class_name="ui-row",
    )
    return panel_section(
        rx.cond(shown.is_virtual, tr("Calculated"), tr("Last reading")),
        status,
        facts(shown.reading),
        rx.cond(shown.below != "", rx.el.p(shown.below, class_name="ui-hint"), rx.fragment()),
        note=rx.cond(shown.is_virtual, rx.fragment(), rx.el.span(shown.read_at, title=shown.read_at_utc)),
    )


def _posts() -> rx.Component:
    nothing = rx.el.p(
        tr("Nothing has arrived yet. "),
        internal_link(
            tr("Test the board"), href=f"{ADD_METER}?device=" + State.panel.id, class_name="ui-link"
        ),
        class_name="ui-hint",
    )
    return panel_section(
        tr("Last posts"), rx.cond(is_some(State.panel.posts), post_list(State.panel.posts), nothing)
    )


def _token() -> rx.Component:
    shown = State.panel
    return panel_section(
        tr("Token"),
        rx.el.p(shown.token, style={"margin": "0 0 8px"}),
        rx.cond(shown.old_token != "", badge(shown.old_token, "warn"), rx.fragment()),
        rx.el.div(
            button(
                rx.icon("rotate-cw", size=15),
                tr("Rotate token"),
                size="small",
                on_click=Dialogs.open_dialog("rotate", shown.id, shown.name),
            ),
            button(
                rx.icon("keyboard", size=15),
                tr("Type a board's code"),
                size="small",
                on_click=Dialogs.open_dialog("claim", shown.id, shown.name),
            ),
            internal_link(
                tr("Test the board"),
                href=f"{ADD_METER}?device=" + shown.id,
                class_name="ui-button ui-button--small",
            ),
            PlainLink.create(
                tr("Check the installation"),
                href="/commissioning/" + shown.id,
                class_name="ui-button ui-button--small",
            ),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )


def _meter() -> rx.Component:
    shown = State.panel
    return panel_section(
        tr("Meter"),
        facts(shown.facts),
        rx.cond(shown.description != "", rx.el.p(shown.description, class_name="ui-hint"), rx.fragment()),
        rx.el.div(
            rx.cond(
                shown.is_active,
                _ask(tr("Deactivate"), "deactivate-meter"),
                _ask(tr("Activate"), "activate-meter"),
            ),
            _ask(tr("Delete"), "remove-meter"),
            class_name="ui-row",
            style={"margin_top": "8px"},
        ),
    )


def _ask(label: str, which: str) -> rx.Component:
    shown = State.panel
    return button(label, size="small", on_click=Dialogs.open_dialog(which, shown.id, shown.name))
